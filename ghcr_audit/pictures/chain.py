"""The chain as a drawing: six links, the state of each, and where it broke."""

from collections.abc import Iterator

from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.language import phrase, told_as
from ghcr_audit.pictures.svg import KINDS, Paper, line, picture, state, words
from ghcr_audit.report.model import LinkState, Report
from ghcr_audit.report.words import BROKEN, HOLDS, NOT_RUN, UNKNOWN, WARNING, every_link, link_name, link_sign, tally
from ghcr_audit.text.columns import wrapped
from ghcr_audit.text.terminal import one_line

_ACROSS_WIDTH, _ACROSS_HEIGHT, _STEP = 960, 166, 156
_DOWN_WIDTH, _ROW = 340, 52
_STATES = {
    HOLDS: "holds",
    BROKEN: "broken",
    WARNING: "holds, with warnings",
    UNKNOWN: "unknown",
    NOT_RUN: "not run",
}
_LINE_COLUMNS = 120
_DOWN_COLUMNS = 44


def draw_chain(report: Report, *, upright: bool = False) -> str:
    """The picture, 960 pixels wide; `upright`: from top to bottom, 340 pixels wide."""
    states = every_link(report)
    height = 84 + _ROW * len(states) if upright else _ACROSS_HEIGHT
    paper = Paper(
        name="chain-upright" if upright else "chain",
        title=phrase("The chain"),
        description=_told(states),
        width=_DOWN_WIDTH if upright else _ACROSS_WIDTH,
        height=height,
    )
    return picture(paper, _down(states, height) if upright else _across(states))


def break_of(states: tuple[LinkState, ...]) -> LinkState | None:
    """Where it broke: the first broken link; without one, the first that is unknown."""
    for sign in (BROKEN, UNKNOWN):
        found = next((state for state in states if link_sign(state) == sign), None)
        if found is not None:
            return found
    return None


def break_line(states: tuple[LinkState, ...]) -> str:
    """One sentence on where it broke: `It broke at auth (the claim that does not hold: broken)`."""
    broken_at = break_of(states)
    if broken_at is None:
        warned = ", ".join(link_name(one.link) for one in states if link_sign(one) == WARNING)
        nothing = phrase("Nothing required is broken.")
        return phrase("Nothing required is broken; warnings at {links}.", links=warned) if warned else nothing
    place = f"{link_name(broken_at.link)}{_worst(broken_at)}"
    if link_sign(broken_at) == BROKEN:
        return phrase("It broke at {place}", place=place)
    return phrase("Not proven from here on: {place}", place=place)


def _worst(broken_at: LinkState) -> str:
    wanted = Outcome.BROKEN if link_sign(broken_at) == BROKEN else Outcome.UNKNOWN
    heavy = [claim for claim in broken_at.claims if claim.outcome is wanted and claim.weight is not Weight.ADVISORY]
    return f" ({heavy[0].statement}: {told_as(wanted.value)})" if heavy else ""


def _told(states: tuple[LinkState, ...]) -> str:
    links = "; ".join(f"{link_name(one.link)}: {_words(one)}" for one in states)
    return f"{links}. {break_line(states)}"


def _words(one: LinkState) -> str:
    counts = f" ({tally(one.claims)})" if one.claims else ""
    return f"{told_as(_STATES[link_sign(one)])}{counts}"


def _across(states: tuple[LinkState, ...]) -> Iterator[str]:
    for at, one in enumerate(states):
        x = 90 + at * _STEP
        if at:
            yield from _joint(states[at - 1], one, x - _STEP + 22, x - 22)
        yield state(link_sign(one), x=x, y=36)
        yield words(link_name(one.link), x=x, y=70, columns=16, size=15, look="strong", anchor="middle")
        yield _state_word(one, x=x, y=89, anchor="middle")
        for row, text in enumerate(_wrapped(_counts(one), 23, 2)):
            yield words(text, x=x, y=106 + 15 * row, columns=24, size=12, look="dim", anchor="middle")
    yield words(break_line(states), x=20, y=_ACROSS_HEIGHT - 14, columns=_LINE_COLUMNS)


def _down(states: tuple[LinkState, ...], height: int) -> Iterator[str]:
    for at, one in enumerate(states):
        y = 32 + at * _ROW
        if at:
            yield line(32, y - _ROW + 18, 32, y - 18, look="edge" if _joined(states[at - 1], one) else "wait")
        yield state(link_sign(one), x=32, y=y)
        yield words(link_name(one.link), x=60, y=y - 3, columns=14, size=15, look="strong")
        yield _state_word(one, x=140, y=y - 3, anchor="start")
        yield words(_counts(one), x=60, y=y + 15, columns=40, size=12, look="dim")
    for row, text in enumerate(_wrapped(break_line(states), _DOWN_COLUMNS, 3)):
        yield words(text, x=16, y=height - 52 + 16 * row, columns=_DOWN_COLUMNS + 2, size=12)


def _joined(before: LinkState, after: LinkState) -> bool:
    """Whether the chain was walked, and holds, from one link to the next."""
    return link_sign(before) in (HOLDS, WARNING) and link_sign(after) != NOT_RUN


def _joint(before: LinkState, after: LinkState, x1: float, x2: float) -> Iterator[str]:
    """What joins two links: an arrow; a dashed line where nobody walked; one with a gap behind what does not hold."""
    if _joined(before, after):
        yield line(x1, 36, x2, 36)
        yield f'<path class="edge" d="M{x2 - 6:.1f} 31l6 5-6 5"/>'
        return
    middle, gap = (x1 + x2) / 2, 10 if link_sign(before) in (BROKEN, UNKNOWN) else 0
    yield line(x1, 36, middle - gap, 36, look="wait")
    yield line(middle + gap, 36, x2, 36, look="wait")
    if gap:
        yield f'<path class="edge" d="M{middle - 5:.1f} 44l4-16M{middle + 1:.1f} 44l4-16"/>'


def _state_word(one: LinkState, *, x: float, y: float, anchor: str) -> str:
    sign = link_sign(one)
    drawn = words(told_as(_STATES[sign]), x=x, y=y, columns=22, size=13, look="word", anchor=anchor)
    return f'<g class="{KINDS[sign]}">{drawn}</g>'


def _wrapped(text: str, columns: int, rows: int) -> list[str]:
    """The text in lines of so many characters: so many of them at most, the rest is cut."""
    lines = wrapped(one_line(text[: columns * rows * 4]), columns)
    return lines if len(lines) <= rows else [*lines[: rows - 1], f"{lines[rows - 1][: columns - 1]}…"]


def _counts(one: LinkState) -> str:
    """What is behind the state: counts of what there is, or why the link was not walked."""
    if not one.claims:
        return one.not_run or phrase("no claim was judged")
    counted = tally(one.claims)
    held = phrase("{number} hold", number=counted.holds) if counted.holds else ""
    broken = phrase("{number} broken", number=counted.broken) if counted.broken else ""
    unknown = phrase("{number} unknown", number=counted.unknown) if counted.unknown else ""
    return ", ".join(filter(None, (held, broken, unknown)))
