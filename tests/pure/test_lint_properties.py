"""Whatever stands in a report, it is read; wherever a token stands in it, it is found."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.lint.document import read_document
from ghcr_audit.lint.leaks import Numbering
from ghcr_audit.lint.model import ReportRead
from ghcr_audit.lint.reading import read_report
from ghcr_audit.lint.views import joined_views, shown_views
from ghcr_audit.redaction import Redactor
from lab.tokens import LabTokens
from tests.pure import lint_reports

pytestmark = pytest.mark.pure

MARKUP = [
    *(
        "\n",
        "\n\n",
        "\r\n",
        "# ",
        "## ",
        "---\n",
        "```",
        "````sh\n",
        "~~~",
        "> ",
        "- ",
        "1. ",
        "- [ ] ",
        "|",
        "|-|-|\n",
        "| a ",
    ),
    *(
        "<!--",
        "-->",
        "<details>",
        "</b>",
        "&#103;",
        "&amp;",
        "&#0;",
        "\\_",
        "%67",
        "`",
        "**",
        "[a](",
        "![",
        "]: ",
        "](x)",
    ),
    *(
        "$ docker ps\n",
        "Command: ",
        "Output: ",
        "결과: ",
        "Status: PASS",
        "TODO: x",
        "token: ",
        "Z2hwX2xhYg==",
        "ghp_lab",
    ),
    *("\0", "\u200b", "\x1b[31m", "\t", "    ", "word ", "2026-11-18", "echo $?\n"),
]
MESSY = st.lists(st.one_of(st.sampled_from(MARKUP), st.text(max_size=8)), max_size=40).map("".join)
TOKENS = LabTokens.generate()


def read(text: str) -> ReportRead:
    return read_report("report.md", text, Redactor(), Numbering())


@given(text=st.one_of(MESSY, st.text(max_size=300)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_says_lines_that_it_has(text: str) -> None:
    found = read(text)
    lines = read_document(text).text.count("\n") + 1
    said = [section.line for section in found.sections] + [leak.line for leak in found.leaks]
    said += [one.line for one in found.evidence] + [action.line for action in found.actions]
    assert all(1 <= line <= lines for line in said)


@given(text=MESSY, place=st.floats(min_value=0, max_value=1))
@settings(max_examples=150, deadline=None)
def test_a_token_put_anywhere_into_any_text_is_found_on_its_line(text: str, place: float) -> None:
    at = int(place * len(text))
    normal = read_document(f"{text[:at]}\n{TOKENS.writer}").text
    leaks = read(f"{text[:at]}\n{TOKENS.writer} {text[at:]}").leaks
    assert normal.count("\n") + 1 in [leak.line for leak in leaks if leak.checksum_right]


@given(place=st.integers(min_value=0, max_value=10_000), which=st.integers(min_value=0, max_value=2))
@settings(max_examples=150, deadline=None)
def test_a_token_put_into_a_real_report_is_found_at_its_very_place(place: int, which: int) -> None:
    none = "(removed)"
    reports = (lint_reports.incident_15(none), lint_reports.korean(none), lint_reports.messy(none, none))
    text = reports[which]
    at = place % (len(text) + 1)
    leaks = read(text[:at] + TOKENS.writer + text[at:]).leaks
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    assert (line, column, 40) in [(leak.line, leak.column, leak.length_chars) for leak in leaks]


@given(text=MESSY)
@settings(max_examples=100, deadline=None)
def test_what_a_view_shows_unchanged_stands_in_the_source_where_it_says(text: str) -> None:
    normal = read_document(text).text
    for view in (*shown_views(normal), *joined_views(normal)):
        for position, character in enumerate(view.text):
            start, end = view.source_span(position, position + 1)
            assert 0 <= start < end <= len(normal)
            assert normal[start] in (character, "\\", "&", "%")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 2_000_000,
        "> " * 300_000,
        "- " * 300_000,
        "[" * 300_000,
        "`a" * 300_000,
        "<!--" * 100_000,
        "\n" * 300_000,
        "|" * 300_000,
        "\\_&#95;" * 60_000,
        "hf_eyJghp_" * 50_000,
        "YWJjZGVmZ2hpams6bG1ub3Bx " * 20_000,
        "# " + "x " * 200_000 + "\n" + "---\n" * 1_000,
        "token: " * 100_000,
        "```\n" + "$ \n" * 100_000,
    ],
    ids=lambda text: text[:8].encode("unicode_escape").decode(),
)
def test_hostile_texts_are_read_in_little_time(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 20


def test_a_token_at_the_end_of_a_megaline_is_found() -> None:
    text = "x," * 1_500_000 + TOKENS.good
    (leak,) = read(text).leaks
    assert (leak.line, leak.column) == (1, 3_000_001)


@pytest.mark.parametrize("at", [786_420, 786_400, 770_050, 1_500_000])
def test_a_token_where_a_megaline_is_cut_is_found_once(at: int) -> None:
    text = "x" * (at - 1) + " " + TOKENS.good + " " + "y" * 1_000_000
    (leak,) = read(text).leaks
    assert leak.column == at + 1


def test_a_text_too_large_to_be_parsed_is_searched_all_the_same() -> None:
    found = read("# T\n" + "- a\n" * 160_000 + TOKENS.good + "\n")
    assert (found.cut, found.sections, [leak.line for leak in found.leaks]) == (True, (), [160_002])
