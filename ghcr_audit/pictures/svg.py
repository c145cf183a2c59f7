"""The parts that every picture is made of: paper, words, boxes, and the shapes that stand for states.

A picture carries its own style and its own paper, so that it reads in dark and in light wherever it is shown: inside
the HTML report, or alone as an image. States differ in shape and word, colour only repeats them.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from ghcr_audit.report.words import BROKEN, HOLDS, NOT_RUN, UNKNOWN, WARNING
from ghcr_audit.text.xml import escaped, fitting, xml_line

STYLE = (
    ".gap{--ink:#1f2328;--dim:#59636e;--paper:#fff;--edge:#8c959f;--lane:#eff2f5;"
    "--holds:#1a7f37;--broken:#c11c28;--warning:#8a5a00;--unknown:#6639ba;--bar:#0969da;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
    "@media (prefers-color-scheme:dark){.gap{--ink:#e6edf3;--dim:#9da7b3;--paper:#151b23;--edge:#6e7681;"
    "--lane:#212830;--holds:#4ac26b;--broken:#ff7b72;--warning:#e3b341;--unknown:#b69cff;--bar:#58a6ff}}"
    "@media print{.gap{--ink:#000;--dim:#333;--paper:#fff;--edge:#666;--lane:#eee;"
    "--holds:#116329;--broken:#a40e26;--warning:#7d4e00;--unknown:#512a97;--bar:#0550ae}}"
    ".gap text{fill:var(--ink)}.gap .dim{fill:var(--dim)}.gap .paper{fill:var(--paper);stroke:var(--edge)}"
    ".gap .lane{fill:var(--lane)}.gap .bar{fill:var(--bar)}.gap .down{fill:var(--broken)}"
    ".gap .wait{fill:var(--lane);stroke:var(--edge);stroke-dasharray:3 3}"
    ".gap .edge{stroke:var(--edge);fill:none}.gap .hatch{stroke:var(--edge);stroke-opacity:.4}"
    ".gap .holds{--s:var(--holds)}.gap .broken{--s:var(--broken)}.gap .warning{--s:var(--warning)}"
    ".gap .unknown{--s:var(--unknown)}.gap .notrun{--s:var(--dim)}"
    ".gap .state{fill:var(--paper);stroke:var(--s);stroke-width:2}.gap .mark{fill:none;stroke:var(--s);"
    "stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}.gap text.word{fill:var(--s);font-weight:600}"
    ".gap .notrun .state{stroke-dasharray:4 3}.gap .strong{font-weight:600}"
)
"""The one style of all pictures: a page that shows them allows it by its hash."""
KINDS = {HOLDS: "holds", BROKEN: "broken", WARNING: "warning", UNKNOWN: "unknown", NOT_RUN: "notrun"}
"""From a sign of `report.words` to the class of its state."""
_DESCRIPTION_CHARS = 1500
_OUTLINES = {
    HOLDS: '<circle class="state" r="11"/>',
    BROKEN: '<path class="state" d="M-5-12h10l7 7v10l-7 7h-10l-7-7v-10z"/>',
    WARNING: '<path class="state" d="M0-13 13 10h-26z"/>',
    UNKNOWN: '<path class="state" d="M0-13 13 0 0 13-13 0z"/>',
    NOT_RUN: '<circle class="state" r="11"/>',
}
_MARKS = {
    HOLDS: "M-5 0l3.5 4L5-4",
    BROKEN: "M-4-4l8 8M4-4l-8 8",
    WARNING: "M0-5v6M0 5.5v.1",
    UNKNOWN: "M-3-3.500c0-5 6.500-4 6-.5-.3 2-3 2-3 4.500M0 6v.1",
    NOT_RUN: "M-4 0h8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a picture is drawn on: its size in pixels, and the words for those who do not see it."""

    name: str
    """Part of its ids: unique among the pictures of a page."""
    title: str
    """Ours."""
    description: str
    """May hold words of others."""
    width: int
    height: int


def picture(paper: Paper, parts: Iterable[str]) -> str:
    """The whole SVG document. Parts are drawn in order; title and description are escaped here."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gap" role="img" viewBox="0 0 {paper.width} {paper.height}"'
        f' width="{paper.width}" height="{paper.height}"'
        f' aria-labelledby="{paper.name}-title {paper.name}-desc">'
    )
    words = (
        f'<title id="{paper.name}-title">{escaped(paper.title)}</title>'
        f'<desc id="{paper.name}-desc">{escaped(xml_line(paper.description, _DESCRIPTION_CHARS))}</desc>'
        f"<style>{STYLE}</style>"
    )
    sheet = f'<rect class="paper" x=".5" y=".5" width="{paper.width - 1}" height="{paper.height - 1}" rx="8"/>'
    return "".join((head, words, sheet, *parts, "</svg>"))


def words(text: str, *, x: float, y: float, columns: int, size: int = 13, look: str = "", anchor: str = "start") -> str:
    """One line of text, foreign or not: cut to `columns`, escaped. `look` are classes of `STYLE`."""
    styled = f' class="{look}"' if look else ""
    shown = escaped(fitting(text, columns))
    return f'<text{styled} x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{shown}</text>'


def box(look: str, *, x: float, y: float, width: float, height: float, says: str = "") -> str:
    """A rectangle with rounded corners; `says`, which is ours, is shown by a mouse over it."""
    told = f"<title>{escaped(says)}</title>" if says else ""
    return (
        f'<rect class="{look}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2">{told}</rect>'
    )


def line(x1: float, y1: float, x2: float, y2: float, *, look: str = "edge") -> str:
    """A straight line."""
    return f'<path class="{look}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'


def state(sign: str, *, x: float, y: float) -> str:
    """The shape of a state, 26 pixels wide: circle with tick, octagon with cross, triangle, diamond, dashed circle."""
    drawn = f'{_OUTLINES[sign]}<path class="mark" d="{_MARKS[sign]}"/>'
    return f'<g class="{KINDS[sign]}" transform="translate({x:.1f} {y:.1f})">{drawn}</g>'


def data_uri(svg: str) -> str:
    """The picture as an address that holds it (RFC 2397), for Markdown images and artifacts."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"
