"""A fleet on one page: as Markdown for the UI, as text for a terminal."""

from collections.abc import Iterator

from ghcr_audit.evidence import Attempt, Link
from ghcr_audit.fleet import Fleet, Row, in_words
from ghcr_audit.language import phrase, tell
from ghcr_audit.report.words import NOT_RUN, duration, link_name, next_step, verdict_sign, verdict_word
from ghcr_audit.text.columns import columns, padded
from ghcr_audit.text.markdown import NOTHING, cell, code, inline, table
from ghcr_audit.text.terminal import one_line

_LINKS = (Link.PREFLIGHT, Link.AUTH, Link.PULL, Link.DIGEST)
"""What a fleet walks: it never drills."""
_TOLD_CHARS = 160


def fleet_markdown(fleet: Fleet) -> str:
    """The matrix target × link, then what a person has to look at, then the slowest."""
    return "\n\n".join(_sections(fleet)) + "\n"


def fleet_text(fleet: Fleet) -> str:
    """The same for a terminal: one line for each target, and the words of those that did not pass."""
    width = max((len(row.target) for row in fleet.rows), default=0)
    lines = [f"{row.target:<{width}}  {_signs(row)}  {verdict_word(row.verdict)}{_why(row)}" for row in fleet.rows]
    words = [f"  {row.target}: {one_line(tell(row.told))[:_TOLD_CHARS]}" for row in fleet.not_passed if row.told]
    legend = f"{'':<{width}}  {' '.join(_short(link_name(link)) for link in _LINKS)}"
    return "\n".join([legend, *lines, *words, f"{in_words(fleet)}; {_took(fleet)}"])


def _sections(fleet: Fleet) -> Iterator[str]:
    yield f"# ghcr-audit: {in_words(fleet)}"
    yield table((phrase("Fleet"), phrase("Value")), list(_head(fleet)))
    yield f"**{verdict_sign(fleet.verdict)} {verdict_word(fleet.verdict)}.** {next_step(fleet.verdict)}"
    yield table(_header(), [_cells(row) for row in fleet.rows])
    if fleet.not_passed:
        yield f"## {phrase('What to look at')}"
        yield "\n".join(f"- {code(row.target)} ({verdict_word(row.verdict)}): {_told(row)}" for row in fleet.not_passed)
    yield f"## {phrase('Slowest')}"
    yield "\n".join(f"- {code(row.target)}: {duration(row.took_s)}" for row in fleet.slowest) or NOTHING
    if fleet.attempts:
        yield f"## {phrase('Credentials')}"
        header = (phrase("Attempt"), phrase("Outcome"), phrase("Answered by"), phrase("Way"))
        yield table(header, [_attempt(one) for one in fleet.attempts])
    yield phrase("Each target's own report is the artifact `TARGET-report`.")


def _header() -> tuple[str, ...]:
    what = (phrase("Target"), phrase("Tag"), *map(link_name, _LINKS))
    return (*what, phrase("Verdict"), phrase("Cause"), phrase("Took"))


def _short(name: str) -> str:
    """Two columns of a link's name: the first letters, or the first of the wide ones."""
    return padded(name[:2] if columns(name[:2]) == 2 else name[:1], 2)  # noqa: PLR2004 - a sign and a blank


def _head(fleet: Fleet) -> Iterator[tuple[str, str]]:
    yield phrase("Mode"), fleet.mode.value
    yield phrase("Began"), f"{fleet.started_at:%Y-%m-%d %H:%M:%S} UTC"
    yield phrase("Took"), _took(fleet)
    yield (
        phrase("Registries"),
        ", ".join(code(name) for name in sorted({_registry(row) for row in fleet.rows} - {""})) or "–",
    )


def _cells(row: Row) -> tuple[str, ...]:
    signs = (row.sign(link) or NOT_RUN for link in _LINKS)
    verdict = f"{verdict_sign(row.verdict)} {verdict_word(row.verdict)}"
    causes = ", ".join(code(cause.value) for cause in row.causes) or NOTHING
    return (code(row.target), code(row.tag) or NOTHING, *signs, verdict, causes, duration(row.took_s))


def _attempt(one: Attempt) -> tuple[str, ...]:
    return (str(one.number), cell(tell(one.outcome)), cell(one.answered_by), cell(tell(one.way)))


def _signs(row: Row) -> str:
    return "  ".join(row.sign(link) or NOT_RUN for link in _LINKS)


def _why(row: Row) -> str:
    return f" ({', '.join(cause.value for cause in row.causes)})" if row.causes else ""


def _told(row: Row) -> str:
    told = inline(tell(row.told)) if row.told else phrase("look at its report")
    seen = f"{row.finished_at:%Y-%m-%d %H:%M} UTC"
    return f"{told} {phrase('Seen at {moment}.', moment=seen)}"


def _registry(row: Row) -> str:
    return row.login.rpartition(" at ")[2]


def _took(fleet: Fleet) -> str:
    total = duration(max((fleet.finished_at - fleet.started_at).total_seconds(), 0))
    if not fleet.waited_s:
        return total
    waited = duration(fleet.waited_s)
    return phrase("{total}, of it {waited} waiting for the operator", total=total, waited=waited)
