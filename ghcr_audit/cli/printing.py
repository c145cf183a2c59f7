"""How verbs print: results on stdout, chatter on stderr, colour only where a person looks."""

import argparse
import os
import sys

from ghcr_audit.report_model import Report


def say(text: str) -> None:
    """Chatter, on stderr."""
    print(text, file=sys.stderr, flush=True)


def colour(stream: object = sys.stdout) -> bool:
    """Whether this stream shows colours (https://no-color.org)."""
    isatty = getattr(stream, "isatty", None)
    return not os.environ.get("NO_COLOR") and bool(isatty and isatty())


def print_report(report: Report, options: argparse.Namespace) -> None:
    """The report on stdout, in the form the options ask for."""
    if options.json:
        print(report.model_dump_json(by_alias=True, indent=2))
    elif options.markdown:
        from ghcr_audit.report_markdown import render_markdown

        print(render_markdown(report))
    else:
        from ghcr_audit.report_text import render_text

        print(render_text(report, colour=colour()))
