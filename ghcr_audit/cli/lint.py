"""`ghcr-audit lint`: credentials in Markdown reports, and what these reports say. No network.

Exit code 3: a credential was found. No credential is ever printed, only its kind, length and public prefix.
"""

import argparse
import codecs
import sys
from collections.abc import Sequence
from pathlib import Path

from ghcr_audit.cli.printing import say
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.lint.advice import AFTERWARDS, advice_for
from ghcr_audit.lint.leaks import Numbering
from ghcr_audit.lint.model import MAX_FILES, Container, Form, Leak, LintDocument, ReportRead
from ghcr_audit.lint.reading import read_report
from ghcr_audit.redaction import Redactor, current_redactor
from ghcr_audit.text.columns import wrapped
from ghcr_audit.text.terminal import one_line

MAX_BYTES = 16 * 1024 * 1024
LEAKS_EXIT = 3
_WIDTH = 100
_STDIN = "-"
_FORMS = {
    Form.PLAIN: "",
    Form.ESCAPED: "broken by markup or escapes",
    Form.SPLIT: "split over lines",
    Form.BASE64: "as Base64",
}


def run(options: argparse.Namespace) -> int:
    """Read all files before anything is printed; one that cannot be read ends with a ConfigurationError (2)."""
    if len(options.files) > MAX_FILES:
        raise ConfigurationError(f"lint: too many files (got {len(options.files)}, expected at most {MAX_FILES})")
    redactor, numbering = current_redactor(), Numbering()
    reports = [_read(name, redactor, numbering) for name in options.files]
    if options.json:
        print(LintDocument(files=tuple(reports)).model_dump_json(indent=2))
    else:
        print(told(reports))
    return LEAKS_EXIT if any(report.leak_count for report in reports) else 0


def told(reports: Sequence[ReportRead]) -> str:
    """The findings for a person: each with its place, then what to do about each kind."""
    count = sum(report.leak_count for report in reports)
    if not count:
        return phrase("no credential found in {files}", files=_files(len(reports)))
    leaks = [(report.file, leak) for report in reports for leak in report.leaks]
    different = len({leak.number for _, leak in leaks})
    kinds = list(dict.fromkeys(leak.kind for _, leak in leaks))
    lines = [_shown(file, leak, _elsewhere(leaks, file, leak)) for file, leak in leaks]
    lines += [
        phrase("{file}: {count} more not shown", file=one_line(report.file), count=more)
        for report in reports
        if (more := _hidden(report))
    ]
    held = phrase(
        "Places with a credential: {count}, different ones: {different}. Revoke them:", count=count, different=different
    )
    lines += ["", held]
    lines += [_filled(f"{kind}: {tell(advice_for(kind))}") for kind in kinds]
    return "\n".join((*lines, _filled(tell(AFTERWARDS))))


def _read(name: str, redactor: Redactor, numbering: Numbering) -> ReportRead:
    raw = _content(name, redactor)
    shown = one_line(redactor.redact(name))
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(
            f"lint: {shown}: too large (got more than {MAX_BYTES} bytes, expected at most that)",
            hint="Split it, or filter it with: ghcr-audit redact",
        )
    report = read_report("<stdin>" if name == _STDIN else name, _decoded(raw, shown), redactor, numbering)
    if report.cut:
        say(f"{shown}: more than can be shown or structured; every credential was searched for all the same")
    return report


def _content(name: str, redactor: Redactor) -> bytes:
    """At most one byte more than allowed, also of an endless file."""
    try:
        if name == _STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise ConfigurationError(
            f"lint: {one_line(redactor.redact(name))}: cannot be read: {reason}",
            hint="Name Markdown files, or - for standard input.",
        ) from None


def _decoded(raw: bytes, name: str) -> str:
    """Text of any bytes; UTF-16 says so in front. What is no UTF-8 is replaced and said."""
    utf_16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf_16 else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        say(f"{name}: not valid {encoding.removesuffix('-sig').upper()} at byte {error.start}: read as far as it goes")
        return raw.decode(encoding, "replace")


def _shown(file: str, leak: Leak, elsewhere: str) -> str:
    form = {True: "valid in form", False: "looks like one, checksum wrong: an example?", None: ""}[leak.checksum_right]
    length = phrase("{count} characters", count=leak.length_chars)
    what = f"#{leak.number} {leak.kind} ({', '.join(filter(None, (leak.masked, length, tell(form))))})"
    container = ", ".join(filter(None, (_container(leak), tell(_FORMS[leak.form]))))
    section = leak.section or phrase("(before the first heading)")
    place = phrase("in {container}; section: {section}", container=container, section=section)
    return f"{one_line(file)}:{leak.line}:{leak.column}: {what}\n    {place}{elsewhere}"


def _container(leak: Leak) -> str:
    if leak.container is Container.FENCE:
        fence = phrase("fence `{info}`", info=leak.info) if leak.info else phrase("fence")
        return phrase("{fence} that is never closed", fence=fence) if leak.unclosed else fence
    container, within = told_as(leak.container.value), told_as(leak.within.value)
    return container if leak.container is leak.within else f"{container} ({within})"


def _elsewhere(leaks: Sequence[tuple[str, Leak]], file: str, leak: Leak) -> str:
    """The first place of the same credential, for all but that place itself."""
    first = next((found, other) for found, other in leaks if other.number == leak.number)
    if first[1] is leak:
        return ""
    line = first[1].line
    place = phrase("line {number}", number=line) if first[0] == file else f"{one_line(first[0])}:{line}"
    return f"\n    {phrase('the same as at {place}', place=place)}"


def _hidden(report: ReportRead) -> int:
    return report.leak_count - len(report.leaks)


def _files(count: int) -> str:
    return phrase("1 file") if count == 1 else phrase("{count} files", count=count)


def _filled(text: str) -> str:
    return "\n".join(wrapped(text, _WIDTH, first="  ", rest="    "))
