"""What is told of past runs on a terminal: a table of them, and what changed from one to another.

Nothing foreign reaches the terminal but printable characters. `paint` gives a sign its colour, or not.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from ghcr_audit.evidence import Outcome
from ghcr_audit.history.changes import Comparison, Difference, Part, Relation
from ghcr_audit.history.kept import Kept, Listing, Trust
from ghcr_audit.history.past import Past
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.report.drill import seconds
from ghcr_audit.report.words import BROKEN, HOLDS, UNKNOWN, verdict_sign, verdict_word
from ghcr_audit.text.columns import columns, padded, wrapped
from ghcr_audit.text.markdown import NOTHING
from ghcr_audit.text.terminal import one_line

Paint = Callable[[str], str]
RUN_CHARS = 8
"""So much of a run's id is shown, and is enough to name it."""
WIDTH = 100
"""Columns."""
_TAG_CHARS, _TOLD_CHARS, _HASH_CHARS = 24, 300, 12
_SIGNS = {Outcome.HOLDS: HOLDS, Outcome.BROKEN: BROKEN, Outcome.UNKNOWN: UNKNOWN}
_CHANGES = (Relation.CHANGED, Relation.APPEARED, Relation.GONE)


def history_text(listing: Listing, *, paint: Paint) -> str:
    """The table, newest first, and below it what was left out, and why."""
    rows = [_row(one) for one in listing.runs]
    lines = [*_columns([_header(), *rows], paint=paint)] if rows else []
    doubtful = [one for one in listing.runs if one.trust is Trust.NOT_JUDGED]
    lines += [f"  ~ {_run(one)}: {told_as(one.trust.value)}: {_cut(one.told)}" for one in doubtful]
    if listing.left_out:
        lines += ["", phrase("Left out, since it cannot be relied on:")]
        lines += [
            f"  {paint(BROKEN)} {_cut(one.place)}: {told_as(one.trust.value)}: {_cut(one.told)}"
            for one in listing.left_out
        ]
    return "\n".join(lines)


def _header() -> tuple[str, ...]:
    words = (phrase("ended (UTC)"), phrase("verdict"), phrase("tag"), phrase("mode"), phrase("rollback"))
    return ("", *words, phrase("run"), phrase("cause"))


def _row(kept: Kept) -> tuple[str, ...]:
    past = kept.past
    if past is None:
        return ()
    rollback = seconds(past.rollback_ms) if past.rollback_ms is not None else NOTHING
    doubt = "~" if kept.trust is Trust.NOT_JUDGED else ""
    cause = past.main_cause.value if past.main_cause is not None else NOTHING
    return (
        verdict_sign(past.verdict),
        moment(past.finished_at),
        verdict_word(past.verdict),
        _end(past.tag),
        past.mode.value,
        rollback,
        f"{past.run[:RUN_CHARS]}{doubt}",
        cause,
    )


def _run(kept: Kept) -> str:
    return kept.past.run[:RUN_CHARS] if kept.past is not None else kept.place


def _columns(rows: Sequence[tuple[str, ...]], *, paint: Paint) -> Iterator[str]:
    """Cells below each other, made plain; the first holds a sign of ours."""
    plain = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(columns, column)) for column in zip(*plain, strict=True)]
    for row in plain:
        sign, *cells = (padded(cell, width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join((paint(sign) if sign.strip() else sign, *cells)).rstrip()


def moment(at: datetime) -> str:
    """A moment in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _end(tag: str) -> str:
    """The end of it: there a tag differs from others."""
    return tag if len(tag) <= _TAG_CHARS else f"…{tag[1 - _TAG_CHARS :]}"


def _cut(text: str) -> str:
    return one_line(text[: _TOLD_CHARS * 2])[:_TOLD_CHARS]


def comparison_text(comparison: Comparison, *, paint: Paint) -> str:
    """What changed, by what it is about; then what nobody can tell; then how much is the same."""
    changed, unknown = comparison.of(*_CHANGES), comparison.of(Relation.UNKNOWN)
    lines = [*_both(comparison, paint), ""]
    for part in Part:
        lines += _part(part, [one for one in changed if one.part is part], paint)
    if not changed:
        lines += [phrase("Nothing that both runs saw has changed."), ""]
    if unknown:
        lines += [phrase("unknown: at least one of the two did not see it"), *_unknown(unknown), ""]
    same, count = len(comparison.of(Relation.SAME)), len(comparison.differences)
    return "\n".join([*lines, phrase("the same: {same} of {count} compared", same=same, count=count)])


def _both(comparison: Comparison, paint: Paint) -> Iterator[str]:
    for name, past in ((phrase("from"), comparison.before), (phrase("to"), comparison.after)):
        yield f"{padded(name, 4)} {paint(verdict_sign(past.verdict))} {_cut(_told(past))}"


def _told(past: Past) -> str:
    return phrase(
        "{target} {tag}: {verdict}, mode {mode}, {ended} UTC, run {run}",
        target=past.target,
        tag=past.tag,
        verdict=verdict_word(past.verdict),
        mode=past.mode.value,
        ended=moment(past.finished_at),
        run=past.run[:RUN_CHARS],
    )


def _part(part: Part, differences: Sequence[Difference], paint: Paint) -> list[str]:
    if not differences:
        return []
    told = (_claim(one, paint) if part is Part.CLAIMS else _changed(one) for one in differences)
    return [told_as(part.value), *(f"  {line}" for line in told), ""]


def _changed(one: Difference) -> str:
    if one.relation is Relation.APPEARED:
        return f"+ {_subject(one)}"
    if one.relation is Relation.GONE:
        return f"- {_subject(one)}"
    before, after = _shortened(told_as(one.before or ""), told_as(one.after or ""))
    return f"{_subject(one)}: {before} → {after}"


def _subject(one: Difference) -> str:
    """What was compared: a word or a claim of ours, or a path, a mount, a cause."""
    return _cut(tell(one.subject))


def _claim(one: Difference, paint: Paint) -> str:
    signs = [paint(_SIGNS[Outcome(word)]) for word in (one.before, one.after) if word]
    return f"{' → '.join(signs)} {_subject(one)} ({told_as(one.before or '')} → {told_as(one.after or '')})"


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Hashes by their beginning, where that tells them apart."""
    short = tuple(" ".join(map(_hash, _cut(text).split(" "))) for text in (before, after))
    return (short[0], short[1]) if short[0] != short[1] else (_cut(before), _cut(after))


def _hash(word: str) -> str:
    kind, _, digits = word.rpartition(":")
    is_hash = len(digits.rstrip(",")) == 64 and kind in ("", "sha256")  # noqa: PLR2004 - SHA-256 in hex
    return f"{word[: len(word) - len(digits) + _HASH_CHARS]}…" if is_hash else word


def _unknown(unknown: Sequence[Difference]) -> Iterator[str]:
    """By name, where one of the two is known with it; claims are counted: a drill judges many that a look does not."""
    named = [one for one in unknown if one.part is not Part.CLAIMS]
    for one in named:
        sides = ((phrase("earlier"), one.before), (phrase("later"), one.after))
        known = ", ".join(_side(name, value) for name, value in sides if value)
        if known:
            yield f"  {_subject(one)} ({known})"
    neither = [_subject(one) for one in named if not one.before and not one.after]
    claims = len(unknown) - len(named)
    if claims:
        neither.append(phrase("{count} of the claims", count=claims))
    yield from wrapped(", ".join(neither), WIDTH, first="  ", rest="  ")


def _side(name: str, value: str) -> str:
    return f"{name}: {_shortened(told_as(value), '')[0]}"
