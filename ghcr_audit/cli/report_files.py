"""`--report FORM:PATH`: several forms of one report, each in a file of its own, or one of them on stdout.

Whatever cannot be meant is said before the audit begins. Each file appears whole or not at all: it is written beside
its place and then renamed, so that whoever reads the place never sees half a report.
"""

import argparse
import os
import secrets
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ghcr_audit.cli.printing import print_report
from ghcr_audit.errors import AuditError, ConfigurationError, shown
from ghcr_audit.report.forms import Wish, parse_wish
from ghcr_audit.report.model import Report

if TYPE_CHECKING:
    from ghcr_audit.history.past import Past


def report_wishes(options: argparse.Namespace) -> tuple[Wish, ...]:
    """What the `--report` options ask for, checked: to be called before anything is audited.

    Raises:
        ConfigurationError: an unknown form, no folder to write into, one place for two forms, or two on stdout.
    """
    wishes = checked_wishes(options.report)
    if print_is_wished(wishes) and (options.json or options.markdown):
        raise ConfigurationError(
            "--report: only one form can be printed (got one with -, and --json or --markdown)",
            hint="Leave out one of them, or give the form a path.",
        )
    return wishes


def give_reports(
    report: Report, options: argparse.Namespace, wishes: Sequence[Wish], past: "Sequence[Past]" = ()
) -> None:
    """The report on stdout, in the form that was asked for, and every other form to its place.

    `past` are runs up to this one, newest first, for the forms that draw them.

    Raises:
        AuditError: a file could not be written.
    """
    if not print_is_wished(wishes):
        print_report(report, options)
    write_reports(report, wishes, past)


def checked_wishes(texts: Sequence[str]) -> tuple[Wish, ...]:
    """The same of the options' texts alone."""
    wishes = tuple(parse_wish(text) for text in texts)
    if sum(wish.on_stdout for wish in wishes) > 1:
        raise ConfigurationError(
            "--report: only one form can be printed (got several with -)", hint="Give the others a path."
        )
    places = [_real(wish) for wish in wishes if not wish.on_stdout]
    for wish, place in zip((wish for wish in wishes if not wish.on_stdout), places, strict=True):
        _check_place(wish, place)
        if places.count(place) > 1:
            raise ConfigurationError(
                f"--report: two forms for one file (got {shown(wish.place)} twice)", hint="Give each its own path."
            )
    return wishes


def print_is_wished(wishes: Sequence[Wish]) -> bool:
    """Whether one of them takes stdout: then nothing else may be printed there."""
    return any(wish.on_stdout for wish in wishes)


def write_reports(report: Report, wishes: Sequence[Wish], past: "Sequence[Past]" = ()) -> None:
    """Every form to its place. One that fails keeps no other from being written; then the first failure is raised.

    Raises:
        AuditError: a file could not be written.
    """
    failures = [failure for wish in wishes if (failure := _written(report, wish, past)) is not None]
    if failures:
        raise failures[0]


def _written(report: Report, wish: Wish, past: "Sequence[Past]") -> AuditError | None:
    text = wish.render(report, past)
    if wish.on_stdout:
        sys.stdout.write(text)
        return None
    try:
        _write_whole(_real(wish), text)
    except OSError as error:
        return AuditError(
            f"--report: {shown(wish.place)}: could not be written: {error.strerror}",
            hint="Everything else was written. `ghcr-audit report RUN` gives the report of a flow's run again.",
        )
    return None


def _real(wish: Wish) -> Path:
    """The file behind a path: through symbolic links, so that a link stays one."""
    try:
        return Path(os.path.realpath(wish.place))
    except (OSError, ValueError):
        raise ConfigurationError(f"--report: not a path (got {shown(wish.place)})") from None


def _check_place(wish: Wish, place: Path) -> None:
    """The folder is there and may be written into; what lies at the path, if anything does, is a file."""
    if not place.parent.is_dir():
        raise ConfigurationError(
            f"--report: there is no folder {shown(str(place.parent))} for {shown(wish.place)}",
            hint="Create it first: no folder is created here.",
        )
    if place.exists() and not place.is_file():
        raise ConfigurationError(
            f"--report: {shown(wish.place)} is there, and is no file", hint="Name a file, or - to print it."
        )
    if wish.place.endswith(os.sep) or not place.name:
        raise ConfigurationError(f"--report: {shown(wish.place)} names a folder", hint="Name a file in it.")
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"--report: the folder of {shown(wish.place)} cannot be written into", hint="Name a place in another one."
        )


def _write_whole(place: Path, text: str) -> None:
    """A new file beside it, with the mode of the one it replaces (or as the umask says), renamed over it."""
    beside = place.with_name(f".{place.name[:100]}.{secrets.token_hex(8)}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            if place.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(place.stat().st_mode))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
