"""YAML of strangers and GitHub's expressions: any text has an answer, and nothing grows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.workflows.answers import ANY, Answer
from ghcr_audit.workflows.document import parsed
from ghcr_audit.workflows.expressions import holds, interpolated
from ghcr_audit.workflows.model import Access
from ghcr_audit.workflows.reading import workflow
from ghcr_audit.workflows.situation import Situation
from tests.pure.workflow_texts import TAG

pytestmark = pytest.mark.pure

PUSH = Situation(tag=TAG, event="push", repository="acme/observer", branch="main", env=(("IMAGE", "observer"),))
AFTER = Situation(tag=TAG, event="workflow_run", branch="main", source="image")

pieces = st.sampled_from(
    ["name: x\n", "on:", " push", "\n", "jobs:\n  a:\n", "    steps:\n", "- run: ", "{", "]", "&a", "*a"]
)
yamls = st.text(max_size=200) | st.lists(pieces | st.text(max_size=6), max_size=30).map("".join)


def test_scalars_stay_text_and_on_is_no_boolean() -> None:
    assert parsed("on: [push]\nversion: 1.10\nyes: no") == {"on": ["push"], "version": "1.10", "yes": "no"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        "[" * 60 + "]" * 60,
        "- x\n" * 50_000,
        "a: b: c",
        "\x07",
        "? [a]\n: b",
        "x" * 300_000,
    ],
)
def test_aliases_depth_size_and_damage_are_refused(text: str) -> None:
    assert parsed(text) is None


@given(yamls)
def test_any_text_is_read_or_refused(text: str) -> None:
    read = workflow("x.yml", text)
    assert read is None or read.path == "x.yml"


def test_a_file_of_the_largest_size_is_read_in_time() -> None:
    began = time.monotonic()
    parsed("jobs:\n" + "  a: {b: c, d: [e, f]}\n" * 2500)
    parsed("a: [" + "[" * 100_000)
    assert time.monotonic() - began < 5


def test_permissions_that_name_other_things_give_packages_nothing() -> None:
    text = "on: push\npermissions: {}\njobs: {a: {permissions: {packages: write}}, b: {}, c: {permissions: write-all}}"
    read = workflow("x.yml", f"{text}")
    assert read is not None
    assert read.access is Access.LESS
    assert [job.access for job in read.jobs] == [Access.WRITE, Access.UNSET, Access.WRITE]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", Answer.YES),
        ("github.event_name == 'push'", Answer.YES),
        ("${{ github.event_name != 'pull_request' }}", Answer.YES),
        ("startsWith(github.ref, 'refs/tags/')", Answer.YES),
        ("startsWith(github.ref, 'refs/tags/v')", Answer.NO),
        ("github.ref == 'refs/heads/main'", Answer.NO),
        ("github.ref_type == 'tag' && github.actor != 'bot'", Answer.PERHAPS),
        ("github.ref_type == 'branch' && vars.X", Answer.NO),
        ("vars.X && github.ref_type == 'branch'", Answer.NO),
        ("!cancelled() && needs.test.result == 'success'", Answer.YES),
        ("always()", Answer.YES),
        ("failure()", Answer.NO),
        ("contains(github.ref_name, '-') || false", Answer.YES),
        ("github.event.release.tag_name == 'v1'", Answer.NO),
        ("env.IMAGE == 'observer'", Answer.YES),
        ("env.OTHER == 'observer'", Answer.PERHAPS),
        ("(github.ref_name == 'a' || github.ref_name == 'b') && true", Answer.NO),
        ("github.repository_owner == 'Acme'", Answer.YES),
        ("fromJSON(needs.a.outputs.x).y > 3", Answer.PERHAPS),
        ("== broken (", Answer.PERHAPS),
        ("'${{ a }}' == 'b' && ${{ c }}", Answer.PERHAPS),
    ],
)
def test_a_condition_is_told_as_far_as_the_files_tell(condition: str, expected: Answer) -> None:
    assert holds(condition, PUSH.lookup) is expected


def test_what_runs_after_another_workflow_has_the_default_branch_for_its_ref() -> None:
    assert holds("github.ref == 'refs/heads/main'", AFTER.lookup) is Answer.YES
    assert holds("github.event.workflow_run.head_branch == 'main'", AFTER.lookup) is Answer.NO
    assert holds("github.event.workflow_run.conclusion == 'success'", AFTER.lookup) is Answer.YES
    assert holds("github.event.workflow_run.event == 'push'", AFTER.lookup) is Answer.PERHAPS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/${{ github.repository }}:${{ github.ref_name }}", f"ghcr.io/acme/observer:{TAG}"),
        ("${{ inputs.tag || github.ref_name }}", TAG),
        ("${{ github.event_name == 'push' && 'yes' || 'no' }}", "yes"),
        ("${{ format('{0}/{1}', 'ghcr.io', env.IMAGE) }}", "ghcr.io/observer"),
        ("a-${{ matrix.x }}-b", f"a-{ANY}-b"),
        ("${{ secrets['X'] }}", ANY),
        ("${{ 'it''s' }}", "it's"),
        ("${{ unclosed", "${{ unclosed"),
    ],
)
def test_expressions_are_resolved_and_the_rest_is_left_open(text: str, expected: str) -> None:
    assert interpolated(text, PUSH.lookup) == expected


@given(st.text(alphabet="abgithub.'()!=&|[]${} ,0", max_size=120))
def test_any_expression_has_an_answer(text: str) -> None:
    assert holds(text, PUSH.lookup) in Answer
    assert isinstance(interpolated(f"${{{{ {text} }}}}", PUSH.lookup), str)


def test_long_and_deep_expressions_take_no_time() -> None:
    began = time.monotonic()
    assert holds("(" * 900 + "true" + ")" * 900, PUSH.lookup) is Answer.PERHAPS
    assert holds("!" * 1500 + "true", PUSH.lookup) is Answer.PERHAPS
    assert interpolated("${{ " * 1000, PUSH.lookup)
    assert interpolated("${{ '" + "''" * 900, PUSH.lookup)
    assert time.monotonic() - began < 2
