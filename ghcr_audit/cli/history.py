"""`ghcr-audit history`: the past runs of a target, newest first."""

import argparse
import re
from pathlib import Path

from ghcr_audit.cli.past_runs import past_runs
from ghcr_audit.cli.printing import painter, say
from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Value
from ghcr_audit.history.kept import Kept, listed
from ghcr_audit.history.words import history_text
from ghcr_audit.targets import NAME_PATTERN, read_target
from ghcr_audit.text.terminal import one_line


class History(Value):
    """What `--json` prints: the runs, newest first, and what lies there but cannot be relied on."""

    target: str
    place: str
    runs: tuple[Kept, ...]
    left_out: tuple[Kept, ...]


def run(options: argparse.Namespace) -> int:
    """Print the table; exit code 0 whatever the runs say.

    Raises:
        ConfigurationError: no run of this target is kept there.
    """
    target, source = named_target(options.target), past_runs(options.bundles)
    listing = listed(source.newest_first(target), options.limit)
    if not listing.runs and not listing.left_out:
        raise no_runs(target, source.place)
    if options.json:
        told = History(target=target, place=source.place, runs=listing.runs, left_out=listing.left_out)
        print(told.model_dump_json(indent=2))
        return 0
    say(one_line(f"{len(listing.runs)} runs of {target}, from {source.place}"))
    print(history_text(listing, paint=painter()))
    return 0


def named_target(text: str) -> str:
    """A target's name, or that of the target in a .toml file. A target whose file is gone still has a past.

    Raises:
        ConfigurationError: it is neither.
    """
    if text.endswith(".toml"):
        return read_target(Path(text)).name
    if not re.fullmatch(NAME_PATTERN, text):
        raise ConfigurationError(
            f"target: {shown(text)} is no target name", hint="A name, or the path of a .toml file."
        )
    return text


def no_runs(target: str, place: str) -> ConfigurationError:
    """That nothing is known of a target's past."""
    return ConfigurationError(
        f"history: no run of {target!r} is kept in {place}",
        hint="`ghcr-audit run` keeps its runs; `ghcr-audit check TARGET --bundle DIR` leaves one in a folder.",
    )
