"""The Markdown report: its whole text for one example, and that no evidence ever becomes markup."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion

from ghcr_audit.evidence import Attempt, Link, Outcome, Weight
from ghcr_audit.report.markdown import OUTPUT_LIMIT_CHARS, render_markdown
from ghcr_audit.report.model import DrillSummary, Integrity, LinkState, Report
from ghcr_audit.report.tables import link_table
from ghcr_audit.text.markdown import cell, code, fence, inline, table
from ghcr_audit.text.terminal import one_line
from ghcr_audit.verdicts import Verdict
from tests.pure.report_example import blocked_report, drill, drilled_report

FRAGMENTS = (
    "`", "``", "```", "~~~", "|", "\\", "\\|", "\n", "\r\n", "\t", "    ", "#", "# h", "- ", "* ", "1. ",
    "> ", "---", "===", "***", "_a_", "**b**", "~~c~~", "<", ">", "<b>", "<!--", "-->",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](http://127.0.0.1/)", "![a](b)",
    "[a]: b", "[^1]", "<http://127.0.0.1/>", "http://127.0.0.1/x", "www.lab.example", "lab@lab.example",
    "@lab", "#12", "&lt;", "&#60;", "&amp;", "!", "[", "]", "(", ")", ":-:", "| --- |", ":tada:", "$x$",
    "${x}", "\x1b[31m", "\u202e", "\u200b", "\x00", "$(x)", "word", "a b", "é한", "=", "+", "{", "}", "-",
    ".", ":", "/", "'", "\"",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=5)), min_size=1, max_size=12).map("".join)
LINKS_ITSELF = re.compile(r"://|www\.|[\w.]@\w|(?<!\w)@\w|#\d", re.ASCII)
OURS = {"text", "text_special", "code_inline", "strong_open", "strong_close"}


@pytest.fixture(scope="module")
def parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def test_the_report_reads_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert render_markdown(blocked_report()) == snapshot


def test_a_report_of_a_drill_begins_as_agreed(snapshot: SnapshotAssertion) -> None:
    assert _first_screen(drilled_report()) == snapshot


def test_a_report_ends_with_where_its_evidence_is_and_how_to_check_it(snapshot: SnapshotAssertion) -> None:
    anchor = Integrity(ledger_head="a" * 64, entries=7, bundle="evidence-0a1b2c3d-lab.tar.gz", signer="SHA256:lab")
    text = render_markdown(blocked_report().model_copy(update={"integrity": anchor}))
    assert text.startswith(render_markdown(blocked_report()).rstrip("\n"))
    assert text.partition("Integrity\n")[2] == snapshot
    unsigned = blocked_report().model_copy(update={"integrity": anchor.model_copy(update={"signer": ""})})
    assert "nobody: it is unsigned" in render_markdown(unsigned)


def test_the_first_screen_tells_verdict_cause_remedy_and_chain() -> None:
    first_screen = _first_screen(blocked_report())
    assert first_screen.startswith("# ghcr-audit: observer 20261122-093000 - Blocked\n")
    assert "Cause: `credential_invalid_or_expired` (proven)" in first_screen
    assert "What to do: Create a classic token" in first_screen
    assert "preflight ! → auth ✗ → pull – → digest ? → deploy – → rollback –" in first_screen
    assert len(first_screen.splitlines()) < 30


@pytest.mark.parametrize("link", list(Link))
def test_a_report_that_does_not_mention_a_link_says_that_it_was_not_run(link: Link) -> None:
    silent = blocked_report().model_copy(update={"links": ()})
    assert f"### {link.value} – not run\n\nNot run: the audit ended before it." in render_markdown(silent)


@pytest.mark.parametrize("weight", list(Weight))
def test_an_unknown_claim_says_unknown_and_never_looks_fine(weight: Weight) -> None:
    state = _only_claim(weight, Outcome.UNKNOWN)
    shown = render_markdown(blocked_report().model_copy(update={"links": (state,)}))
    row = next(line for line in shown.splitlines() if line.startswith("| The running image"))
    assert "unknown" in row
    assert "✓" not in shown.partition("## 2 Evidence")[2].partition("## 3")[0]
    assert "unknown" in link_table(state, ())[0]["Verdict"]


def test_a_link_without_claims_and_without_a_reason_is_unknown() -> None:
    state = LinkState(link=Link.PULL)
    shown = render_markdown(blocked_report().model_copy(update={"links": (state,)}))
    assert "### pull ? 0 hold, 0 broken, 0 unknown\n\nNo claim was judged: unknown." in shown
    assert link_table(state, ()) == [
        {"Claim": "link pull", "Verdict": "? unknown", "Found": "no claim was judged", "Evidence": "–"}
    ]


def test_only_the_newest_cited_observation_is_shown() -> None:
    shown = render_markdown(blocked_report())
    assert "an older word" not in shown
    assert "uptime" not in shown
    assert shown.count("#### `registry.host`") == 1


def test_an_audit_that_passed_asks_for_nothing() -> None:
    clean = blocked_report().model_copy(update={"verdict": Verdict.PASSED, "findings": (), "attempts": ()})
    shown = render_markdown(clean)
    assert "Needed actions" not in shown
    assert "## 4 Next steps\n\n- Nothing is needed." in shown
    assert "No finding: nothing that was looked at is wrong." in shown


def test_an_endless_output_is_cut_and_says_so() -> None:
    report = blocked_report()
    endless = report.observations[0].model_copy(update={"stdout": "x" * 10 * OUTPUT_LIMIT_CHARS})
    shown = render_markdown(report.model_copy(update={"observations": (endless,)}))
    assert "characters cut …]" in shown
    assert len(shown) < 2 * OUTPUT_LIMIT_CHARS


def test_rows_for_a_table_artifact() -> None:
    report = blocked_report()
    assert link_table(report.links[1], report.observations) == [
        {
            "Claim": "The registry accepts the host's credential",
            "Verdict": "✗ broken",
            "Found": "it answers 403 &#124; DENIED to `https://ghcr.io/token`",
            "Evidence": "`registry.host`, `registry.anonymous` (failed)",
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://127.0.0.1/x now", "see `http://127.0.0.1/x` now"),
        ("www.lab.example", "`www.lab.example`"),
        ("mail lab@lab", "mail `lab@lab`"),
        ("ask @lab about #12", "ask `@lab` about `#12`"),
        ("pay $x$ and :tada:", "pay `$x$` and `:tada:`"),
        ("a|b *c* _d_ [e](f) <g> !h", r"a&#124;b \*c\* \_d\_ \[e\](f) \<g\> \!h"),
        ("&lt; \\ ` ~~x~~", r"\&lt; \\ \` \~\~x\~\~"),
        ("- item", "`-` item"),
        ("1. item", "`1.` item"),
        ("2) item", "`2)` item"),
        ("# title", "`#` title"),
        ("--- | ---", "`---` &#124; ---"),
        ("http://x/`a|b``", "``http://x/`a``&#124;``` b`` ```"),
        ("got '403', expected 200", "got '403', expected 200"),
    ],
)
def test_what_could_be_markup_is_escaped_or_code(text: str, expected: str) -> None:
    assert inline(text) == cell(text) == expected


def test_a_broken_claim_of_a_link_that_stopped_half_way_is_not_hidden() -> None:
    auth = blocked_report().links[1].model_copy(update={"not_run": "it was interrupted"})
    shown = render_markdown(blocked_report().model_copy(update={"links": (auth,)}))
    assert "### auth ✗ 0 hold, 1 broken, 0 unknown\n\nNot run: it was interrupted." in shown
    assert "| ✗ broken |" in shown


@given(text=hostile)
def test_hostile_evidence_changes_nothing_but_words(text: str, parser: MarkdownIt) -> None:
    text = f"{text}x"
    calm, attacked = (parser.parse(render_markdown(_filled(word))) for word in ("x", text))
    assert [(token.type, token.tag) for token in calm] == [(token.type, token.tag) for token in attacked]
    pieces = list(_pieces(attacked))
    assert {piece.type for piece in pieces} <= OURS
    assert _count(calm, "strong_open") == _count(attacked, "strong_open")
    assert not [piece.content for piece in pieces if piece.type == "text" and LINKS_ITSELF.search(piece.content)]


@given(text=hostile)
def test_prose_and_code_show_exactly_what_they_were_given(text: str, parser: MarkdownIt) -> None:
    for render in (inline, code):
        assert _visible(parser.parse(f"x: {render(text)}")) == f"x: {one_line(text)}".rstrip()


@given(texts=st.lists(hostile, min_size=2, max_size=2))
def test_a_cell_shows_exactly_what_it_was_given(texts: list[str], parser: MarkdownIt) -> None:
    tokens = parser.parse(table(("A", "B"), [(cell(texts[0]), code(texts[1]))]))
    shown = [_visible([token]) for token in tokens if token.type == "inline"]
    assert shown == ["A", "B", one_line(texts[0]) or "–", one_line(texts[1])]


@given(text=hostile)
def test_a_paragraph_of_foreign_text_is_a_paragraph(text: str, parser: MarkdownIt) -> None:
    shown = inline(text)
    kinds = [token.type for token in parser.parse(shown)]
    assert kinds == (["paragraph_open", "inline", "paragraph_close"] if shown else [])


@given(text=hostile)
def test_a_fence_holds_whatever_is_in_it(text: str, parser: MarkdownIt) -> None:
    (token,) = parser.parse(fence(text))
    assert token.type == "fence"
    assert token.info == "text"


@given(text=hostile)
def test_cells_of_a_table_artifact_are_words_when_rendered_alone(text: str, parser: MarkdownIt) -> None:
    (row,) = link_table(_filled(text).links[0], ())
    assert tuple(row) == ("Verdict", "Claim", "Found", "Evidence")
    for value in row.values():
        tokens = parser.parse(value)
        assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
        assert {piece.type for piece in _pieces(tokens)} <= OURS


def _only_claim(weight: Weight, outcome: Outcome) -> LinkState:
    claim = blocked_report().links[3].claims[0].model_copy(update={"weight": weight, "outcome": outcome})
    return LinkState(link=Link.DIGEST, claims=(claim,))


def _filled(text: str) -> Report:
    """The example with this text in every field that anything foreign can reach."""
    report = blocked_report()
    words = dict.fromkeys(("target", "image", "tag", "host", "run", "run_url", "ran_by", "version"), text)
    claim = report.links[1].claims[0].model_copy(update={"statement": text, "is_": text, "evidence": (text,)})
    links = (LinkState(link=Link.AUTH, claims=(claim,)), LinkState(link=Link.PULL, not_run=text))
    seen = report.observations[3]
    observation = seen.model_copy(update=dict.fromkeys(("key", "where", "asked", "stdout", "stderr"), text))
    failed = report.observations[4].model_copy(update={"failure_text": text})
    finding = report.findings[1]
    remedy = finding.remedy and finding.remedy.model_copy(update={"text": text, "commands": (text,)})
    told = {"subject": text, "summary": text, "evidence_for": ("registry.anonymous", text), "remedy": remedy}
    attempt = report.attempts[0].model_copy(update=dict.fromkeys(("outcome", "answered_by", "way"), text))
    lists = {"links": links, "observations": (observation, failed), "attempts": (attempt,)}
    return report.model_copy(
        update={**words, **lists, "findings": (finding.model_copy(update=told),), "drill": _drilled(text)}
    )


def _drilled(text: str) -> DrillSummary:
    fields = ("release", "image_text", "digest", "status", "health")
    told = drill()
    rows = tuple(row.model_copy(update=dict.fromkeys(fields, text)) for row in told.rows)
    foreign = dict.fromkeys(("back_to", "back_to_source", "forced"), text)
    return told.model_copy(update={**foreign, "rows": rows, "log_paths": (text, text)})


def _first_screen(report: Report) -> str:
    return render_markdown(report).partition("## 1 Summary")[0]


def _pieces(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _count(tokens: list[Token], kind: str) -> int:
    return sum(piece.type == kind for piece in _pieces(tokens))


def _visible(tokens: list[Token]) -> str:
    return "".join(piece.content for piece in _pieces(tokens))


def test_what_blocked_the_chain_is_told_once_a_credential_resolved_it() -> None:
    solved = Attempt(number=3, outcome="accepted", accepted=True, answered_by="Kim", way="sealed")
    told = render_markdown(blocked_report().model_copy(update={"attempts": (*blocked_report().attempts, solved)}))
    assert "Was blocked by: `token_scope_insufficient`. The stored credential lacks the scope read:packages." in told
    assert "Resolved by credential 3 (sealed), answered by Kim." in told
    assert "Was blocked by" not in render_markdown(blocked_report())
