"""The HTML report: evidence never becomes markup, the page loads and runs nothing, and it can be found one's way in."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from ghcr_audit.page.markdown import html_of, is_long, tokens_of, words_of
from ghcr_audit.report.html import policy, render_html
from ghcr_audit.report.markdown import render_markdown
from ghcr_audit.report.model import Report
from ghcr_audit.verdicts import Verdict
from tests.pure.hostile_report import FRAGMENTS, filled, hostile
from tests.pure.report_example import blocked_report, drilled_report

pytestmark = pytest.mark.pure

_FOREIGN = ("aria-label",)
"""Attributes whose values hold words of others."""
_VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """What a page is made of; a comment or an instruction, which no report has, fails the test."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.skeleton: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice on <{tag}>"
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID and "svg" not in self._open:
            self.skeleton.append((tag, tuple((name, value) for name, value in attrs if name not in _FOREIGN)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self._open, f"<{tag}/> outside of a picture"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data!r}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


_CALM = Page(render_html(filled("x")))


@settings(deadline=None, max_examples=60)
@given(text=hostile)
def test_hostile_evidence_changes_nothing_but_words(text: str) -> None:
    attacked = Page(render_html(filled(f"{text}x")))
    assert _without_spans(attacked) == _without_spans(_CALM)
    assert {tag for tag, _ in attacked.elements} <= {tag for tag, _ in _CALM.elements}


def _without_spans(page: Page) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """All but code spans: words that look like links become such."""
    return [one for one in page.skeleton if one[0] != "code"]


@settings(deadline=None, max_examples=60)
@given(text=hostile)
def test_nothing_runs_and_nothing_leads_away(text: str) -> None:
    page = Page(render_html(filled(text)))
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "style", "srcset", "action")]
    assert all((link["href"] or "").startswith("#") for link in page.all("a"))
    assert not {tag for tag, _ in page.elements} & {"script", "img", "iframe", "object", "form", "link", "base"}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_fragment_leaves_a_character_that_html_refuses(fragment: str) -> None:
    text = render_html(filled(fragment))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff\u202e\u200b]", text)
    text.encode("utf-8")


def test_words_of_others_are_shown_as_they_are() -> None:
    shown = "".join(Page(render_html(filled("<b>&amp; [a](javascript:alert(1))"))).words)
    assert "<b>&amp; [a](javascript:alert(1))" in shown


@pytest.mark.parametrize(
    "markdown",
    [
        "[a](http://127.0.0.1/)", "<http://127.0.0.1/>", "![a](data:image/png;base64,AA)", "<b>x</b>", "http://127.0.0.1/",
        "a <img src=x> b", "[a]\n\n[a]: http://127.0.0.1/", "<!-- x -->", "<script>\nalert(1)\n</script>",
    ],
)  # fmt: skip
def test_markdown_that_was_not_escaped_would_not_become_markup_either(markdown: str) -> None:
    page = Page(html_of(tokens_of(f"# t\n\n{markdown}\n")))
    assert {tag for tag, _ in page.elements} <= {"h1", "p"}


@pytest.mark.parametrize("report", [blocked_report(), drilled_report()], ids=["blocked", "drilled"])
def test_the_page_says_what_the_markdown_says(report: Report) -> None:
    shown = "".join(Page(render_html(report)).words)
    tokens = tokens_of(render_markdown(report))
    said = [words_of(token) if token.type == "inline" else token.content for token in tokens]
    assert [words for words in said if words not in shown] == []
    assert len(said) > 100


def test_the_policy_allows_the_style_sheets_of_the_page_and_nothing_else() -> None:
    text = render_html(blocked_report())
    styles = set(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    hashes = {base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles}
    assert set(re.findall(r"'sha256-([^']+)'", policy())) == hashes
    (meta,) = [one for one in Page(text).all("meta") if one.get("http-equiv")]
    assert meta["content"] == policy()
    assert policy().startswith("default-src 'none'; ")
    assert "unsafe" not in policy()
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_no_style_sheet_loads_anything() -> None:
    styles = "".join(re.findall(r"<style>(.*?)</style>", render_html(blocked_report()), re.DOTALL))
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_first_screen_tells_verdict_cause_remedy_and_times_before_anything_else() -> None:
    shown = "".join(Page(render_html(drilled_report())).words)
    wanted = (
        "✗ Blocked.",
        "Cause: credential_invalid_or_expired",
        "What to do: Create",
        "Rollback took 1.9 s",
        "Audit",
    )
    places = [shown.index(word) for word in wanted]
    assert places == sorted(places)


def test_who_cannot_see_or_point_finds_the_way() -> None:
    page = Page(render_html(drilled_report()))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("nav")) == 1
    assert page.all("a")[0] == {"class": "skip", "href": "#report"}
    ids = [str(attributes["id"]) for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(link["href"] or "#")[1:] for link in page.all("a")} <= set(ids)
    named = " ".join(str(attributes.get("aria-labelledby", "")) for _, attributes in page.elements).split()
    assert set(named) <= set(ids)


def test_every_region_that_scrolls_is_named_once_and_reached_by_keyboard() -> None:
    page = Page(render_html(_with_output("line\n" * 200)))
    regions = [one for one in page.all("div") if one.get("class") in ("long", "wide")]
    labels = [one["aria-label"] for one in regions]
    assert {(one["role"], one["tabindex"]) for one in regions} == {("region", "0")}
    assert len(labels) == len(set(labels)) > len(page.all("table"))
    assert all(label for label in labels)


def test_every_cell_of_a_header_names_its_column_and_every_first_cell_its_row() -> None:
    page = Page(render_html(drilled_report()))
    assert {one.get("scope") for one in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table"))


def test_a_state_is_told_by_a_word_and_a_sign_and_its_colour_repeats_it() -> None:
    text = render_html(blocked_report())
    assert '<td data-column="Verdict" class="broken">✗ broken</td>' in text
    assert '<td data-column="Verdict" class="unknown">? unknown</td>' in text
    assert '<td data-column="Verdict" class="warning">! unknown (advisory)</td>' in text


def test_a_sign_that_somebody_else_wrote_gets_no_colour() -> None:
    assert '<td data-column="Found">✓ holds</td>' in render_html(filled("✓ holds"))


@pytest.mark.parametrize(
    ("output", "long"),
    [("", False), ("x\n" * 20, False), ("x\n" * 40, True), ("x" * 100, False), ("x" * 9000, True)],
)
def test_an_output_of_more_than_a_good_part_of_a_screen_is_long(output: str, long: bool) -> None:
    assert is_long(output) is long


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_title_begins_with_the_verdict(verdict: Verdict) -> None:
    text = render_html(blocked_report().model_copy(update={"verdict": verdict}))
    assert f"<title>{verdict.value}: observer 20261122-093000 - ghcr-audit</title>" in text


def _with_output(text: str) -> Report:
    report = blocked_report()
    seen = tuple(one.model_copy(update={"stdout": text}) for one in report.observations)
    return report.model_copy(update={"observations": seen})
