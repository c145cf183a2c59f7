"""The report as one HTML page: the canonical Markdown, dressed, with both pictures.

The page loads nothing and runs nothing: its policy (CSP level 3, in a meta element) allows two style sheets, by their
hashes, and no more. It reads in dark and in light, on paper, by keyboard and by screen reader.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from ghcr_audit.history.past import Past
from ghcr_audit.language import phrase, spoken
from ghcr_audit.page.markdown import html_of, state_first, tokens_of, words_of
from ghcr_audit.page.style import STYLE
from ghcr_audit.pictures import svg
from ghcr_audit.pictures.chain import draw_chain
from ghcr_audit.pictures.history import RUNS_SHOWN, draw_history, history_line
from ghcr_audit.pictures.timeline import draw_timeline
from ghcr_audit.report.markdown import markdown_of
from ghcr_audit.report.model import Report
from ghcr_audit.report.told import told_report
from ghcr_audit.report.words import verdict_sign, verdict_word
from ghcr_audit.text.xml import escaped, xml_line

_TITLE_CHARS = 200


def render_html(report: Report, *, past: Sequence[Past] = ()) -> str:
    """The whole page, in the language that is spoken; `past` are runs up to this one, newest first."""
    report = told_report(report)
    tokens = tokens_of(markdown_of(report))
    parts = _parts(tokens)
    skip = f'<a class="skip" href="#report">{escaped(phrase("Skip to the report"))}</a>'
    body = "".join([_card(report, parts[0], past), *(_section(part) for part in parts[1:])])
    return (
        f'<!doctype html>\n<html lang="{spoken().value}">\n{_head(report)}<body>\n'
        f'{skip}\n<div class="frame">\n{_contents(tokens)}'
        f'<main id="report" tabindex="-1">\n{body}</main>\n</div>\n{_footer(report)}</body>\n</html>\n'
    )


def policy() -> str:
    """The page's Content-Security-Policy: nothing but its own two style sheets, and images that it holds itself."""
    styles = " ".join(f"'sha256-{_hash(style)}'" for style in (STYLE, svg.STYLE))
    return f"default-src 'none'; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")


def _head(report: Report) -> str:
    title = xml_line(f"{verdict_word(report.verdict)}: {report.target} {report.tag} - ghcr-audit", _TITLE_CHARS)
    return (
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy())}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
    )


def _parts(tokens: list[Token]) -> list[list[Token]]:
    """The tokens up to the first heading of level two, and then from each to the next."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        parts[-1].append(token)
    return parts


def _card(report: Report, tokens: list[Token], past: Sequence[Past]) -> str:
    """The first screen: title, verdict, cause, remedy, drill; then the pictures; then what was audited, as a table."""
    opened, closed = _first_table(tokens)
    about, rest = tokens[opened:closed], [*tokens[:opened], *tokens[closed:]]
    told, chain = (rest[:-1], rest[-1:]) if rest[-1].type == "fence" else (rest, [])
    kind = svg.KINDS[verdict_sign(report.verdict)]
    figures = f"{_figures(report, html_of(chain))}{_past_figure(past)}"
    return f'<div class="card {kind}">\n{html_of(told)}{figures}{html_of(about)}</div>\n'


def _first_table(tokens: Sequence[Token]) -> tuple[int, int]:
    kinds = [token.type for token in tokens]
    return kinds.index("table_open"), kinds.index("table_close") + 1


def _figures(report: Report, caption: str) -> str:
    chains = _both(draw_chain(report), draw_chain(report, upright=True))
    runs = _both(draw_timeline(report), draw_timeline(report, narrow=True))
    times = phrase(
        "Minutes and seconds since the start. A long wait is folded; downtime was measured on the host, its place is"
        " right to about a second."
    )
    return (
        f"<figure>{chains}<figcaption>{escaped(phrase('The chain, link by link'))}{caption}</figcaption></figure>\n"
        f"<figure>{runs}<figcaption>{escaped(times)}</figcaption></figure>\n"
    )


def _past_figure(past: Sequence[Past]) -> str:
    """The strip of past verdicts and the trend of rollbacks; nothing where there is no past."""
    if not past:
        return ""
    runs = _both(draw_history(past), draw_history(past, narrow=True))
    return f"<figure>{runs}<figcaption>{escaped(history_line(past[:RUNS_SHOWN]))}</figcaption></figure>\n"


def _both(large: str, small: str) -> str:
    """A picture for a wide window and paper, and one for a narrow window; only one of them is ever shown."""
    return f'<div class="large">{large}</div><div class="small">{small}</div>'


def _section(tokens: list[Token]) -> str:
    return f'<section aria-labelledby="{tokens[0].attrGet("id")}">\n{html_of(tokens)}</section>\n'


def _contents(tokens: list[Token]) -> str:
    """Where to go: every section, and in the second level the links of the chain."""
    items = "".join(_items(tokens))
    name, first = escaped(phrase("Contents")), escaped(phrase("Verdict"))
    return f'<nav aria-label="{name}">\n<ul>\n<li><a href="#part-0">{first}</a></li>\n{items}</ul>\n</nav>\n'


def _items(tokens: list[Token]) -> Iterator[str]:
    for part in _parts(tokens)[1:]:
        below = "".join(f"<li>{_entry(part, at)}</li>" for at in _headings(part, "h3") if part[at].attrGet("class"))
        yield f"<li>{_entry(part, 0)}{f'<ul>{below}</ul>' if below else ''}</li>\n"


def _headings(tokens: list[Token], tag: str) -> list[int]:
    return [at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == tag]


def _entry(tokens: list[Token], at: int) -> str:
    said = words_of(tokens[at + 1])
    short = state_first(said)[1] if tokens[at].tag == "h3" else said
    return f'<a href="#{tokens[at].attrGet("id")}">{escaped(short)}</a>'


def _footer(report: Report) -> str:
    by = phrase("Made by {program}, run {run}.", program=f"ghcr-audit {report.version}", run=report.run)
    harmless = phrase("This page loads nothing from anywhere and runs no script.")
    return f"<footer>{escaped(xml_line(by, _TITLE_CHARS))} {escaped(harmless)}</footer>\n"
