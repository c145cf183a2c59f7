"""How verbs print: results on stdout, chatter on stderr, colour only where a person looks."""

import argparse
import os
import sys
from collections.abc import Callable

from ghcr_audit.language import tell
from ghcr_audit.report.model import Report

_COLOURS = {"✓": "32", "✗": "31", "?": "33", "!": "33", "–": "90"}


def say(text: str) -> None:
    """Chatter, on stderr."""
    print(tell(text), file=sys.stderr, flush=True)


def colour() -> bool:
    """Whether stdout shows colours (https://no-color.org)."""
    isatty = getattr(sys.stdout, "isatty", None)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return not plain and bool(isatty and isatty())


def painter() -> Callable[[str], str]:
    """What gives a sign of ours its colour where stdout shows colours, and else leaves it as it is."""
    if not colour():
        return str
    return lambda sign: f"\x1b[{_COLOURS[sign]}m{sign}\x1b[0m" if sign in _COLOURS else sign


def print_report(report: Report, options: argparse.Namespace) -> None:
    """The report on stdout, in the form the options ask for."""
    if options.quiet and not (options.json or options.markdown):
        from ghcr_audit.report.text import render_brief

        print(render_brief(report, colour=colour()), end="")
    elif options.json:
        print(report.model_dump_json(by_alias=True, indent=2))
    elif options.markdown:
        from ghcr_audit.report.markdown import render_markdown

        print(render_markdown(report))
    else:
        from ghcr_audit.report.text import render_text

        print(render_text(report, colour=colour()))
