"""Which call contradicts a script's own order of arguments, and which does not (incident 1)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghcr_audit.workflows.answers import ANY
from ghcr_audit.workflows.contract import Contract, Kind, conflicts, contract, kind_of_name
from ghcr_audit.workflows.shell import calls_of, commands
from tests.pure.workflow_texts import TAG

pytestmark = pytest.mark.pure

NAME = "server_deploy.sh"
SCRIPT = """\
#!/bin/sh
fail() {
    echo "$1" >&2
}
if [ $# -ne 4 ]; then
    fail "usage: server_deploy.sh DEPLOY_DIR COMPOSE_FILE IMAGE_TAG deploy|rollback"
fi
deploy_dir=$1
compose_file="${2}"
image_tag=${3:?}
action=$4
"""


def known(text: str = SCRIPT) -> Contract:
    found = contract(NAME, text)
    assert found is not None
    return found


def told(call: str, text: str = SCRIPT) -> list[str]:
    """The conflicts of one call, every variable unknown."""
    (found,) = calls_of(NAME, f"{NAME} {call}")
    return [one.told for one in conflicts(known(text), found.words, resolved, is_tag)]


def resolved(text: str) -> str:
    return ANY if "$" in text else text


def is_tag(text: str) -> bool:
    return re.fullmatch(r"\d{8}-\d{6}", text) is not None


def test_a_script_is_read_by_its_usage_line_and_its_assignments() -> None:
    found = known()
    assert [one.kind for one in found.parameters] == [Kind.DIRECTORY, Kind.FILE, Kind.TAG, Kind.ACTION]
    assert found.parameters[3].choices == ("deploy", "rollback")
    assert found.strict


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('tag="${1:?no tag}"\ndir=${2:-/srv}\n', "tag dir"),
        ('main() {\n  local dir="$1"\n  local version=$2\n}\nmain "$@"\n', "dir version"),
        ("helper() {\n  tag=$1\n}\ndir=$1\ntag=$2\n", "dir tag"),
        ('echo "Usage: $0 <tag> [action]"\n', "<tag> [action]"),
        ('echo "usage: $(basename "$0") TAG"\n', "TAG"),
        (f"# {NAME} TAG DEPLOY_DIR\n", "TAG DEPLOY_DIR"),
    ],
)
def test_the_order_is_found_in_the_forms_in_which_scripts_are_written(text: str, order: str) -> None:
    assert str(known(text)) == order


@pytest.mark.parametrize(
    "text",
    [
        "",
        "echo hello\n",
        f"# {NAME} deploys one release of the service\n",
        'while [ $# -gt 0 ]; do\n  case "$1" in\n    --tag) tag=$2; shift ;;\n  esac\ndone\n',
        "tag=$1\nshift\ndir=$1\n",
        'while getopts "t:d:" o; do\n  case $o in t) tag=$OPTARG ;; esac\ndone\nx=$1\n',
        "dir=$2\n",
        f'echo "usage: {NAME} --tag TAG"\n',
    ],
)
def test_a_script_that_does_not_say_its_order_has_no_contract(text: str) -> None:
    assert contract(NAME, text) is None


@pytest.mark.parametrize(
    "call",
    [
        'observer compose.yml "$IMAGE_TAG" deploy',
        "/srv/observer docker-compose.prod.yaml ${{ github.ref_name }} rollback",
        'deploy compose.yml "$IMAGE_TAG" deploy',
        '"$DIR" "$FILE" "$TAG" "$ACTION"',
        '"$A" "$B" "$C" "$D"',
        "${{ vars.DIR }} ${{ vars.FILE }} ${{ steps.meta.outputs.version }} ${{ inputs.action }}",
        f"observer compose.yml {TAG} deploy",
        "~/observer /srv/compose $(git describe) deploy",
        '"$@"',
        "--dir x --tag y",
        "$ARGUMENTS",
    ],
)
def test_calls_that_may_be_right_are_in_no_conflict(call: str) -> None:
    assert told(call) == []


def test_the_call_of_incident_1_is_in_conflict() -> None:
    assert told('deploy observer compose.yml "$IMAGE_TAG"') == [
        "compose.yml where the script reads IMAGE_TAG",
        "$IMAGE_TAG where the script reads deploy|rollback",
    ]


@pytest.mark.parametrize(
    "call",
    [
        f"observer {TAG} compose.yml deploy",
        'compose.yml observer "$TAG" deploy',
        'observer compose.yml deploy "$TAG"',
        "observer compose.yml /srv/observer deploy",
        "observer compose.yml v1 start",
        "observer compose.yml deploy",
        "observer compose.yml v1 deploy now",
    ],
)
def test_a_value_in_another_ones_place_is_a_conflict(call: str) -> None:
    assert told(call)


def test_the_number_counts_only_where_the_script_insists_on_it() -> None:
    text = "deploy_dir=$1\ncompose_file=$2\nimage_tag=$3\naction=$4\n"
    assert told("observer compose.yml", text) == []
    assert told("observer compose.yml") == ["2 arguments where the script takes 4"]
    assert told("observer compose.yml $MORE") == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DEPLOY_DIR", Kind.DIRECTORY),
        ("deployDirectory", Kind.DIRECTORY),
        ("COMPOSE_FILE", Kind.FILE),
        ("IMAGE_TAG", Kind.TAG),
        ("imageTag", Kind.TAG),
        ("tag_file", Kind.OTHER),
        ("VERSION_DIR", Kind.OTHER),
        ("stage", Kind.OTHER),
        ("vintage", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_a_name_says_what_it_is_or_nothing(name: str, kind: Kind) -> None:
    assert kind_of_name(name) is kind


@pytest.mark.parametrize(
    "text",
    [
        f'ssh "$HOST" app/{NAME} a b c',
        f"ssh -p 22 -o StrictHostKeyChecking=no -i key u@h 'cd /srv && ./{NAME} a b c >log 2>&1'",
        f'ssh h "bash -lc \\"./{NAME} a b c\\""',
        f"ssh h bash -s -- a b c < scripts/{NAME}",
        f"sudo -u deploy FOO=1 timeout 60 bash -x ./{NAME} a \\\n  b c # why",
        f"if ! ./{NAME} a b c; then exit 1; fi",
        f"out=$(./{NAME} a b c)",
        f"ssh h <<'EOF'\ncd /srv\n./{NAME} a b c 2>&1 | tee log\nEOF\n",
        f"cd /srv\n./{NAME} 'a' \"b\" c",
    ],
)
def test_a_call_is_found_in_the_forms_in_which_workflows_are_written(text: str) -> None:
    assert [[word.text for word in one.words] for one in calls_of(NAME, text)] == [["a", "b", "c"]]


@pytest.mark.parametrize(
    "text",
    [
        f"scp {NAME} h:",
        f"chmod +x {NAME}",
        f"test -f {NAME} && shellcheck {NAME}",
        f"# ./{NAME} a b c",
        f"echo 'run {NAME} by hand'",
        f"cat {NAME} | ssh h 'cat > {NAME}'",
        "",
    ],
)
def test_copying_testing_and_naming_a_script_is_no_call(text: str) -> None:
    assert list(calls_of(NAME, text)) == []


@given(st.text(alphabet="ab $'\"\\`(){}<>|&;#\n=-", max_size=200))
def test_any_shell_text_has_an_answer(text: str) -> None:
    assert all(one.words for one in commands(text))
    list(calls_of(NAME, f"{text} {NAME} a b"))


@given(st.text(max_size=300))
def test_any_script_has_an_answer(text: str) -> None:
    found = contract(NAME, f"{text}\nusage: {text} tag=$1")
    assert found is None or found.parameters


def test_unclosed_quotes_and_braces_take_no_time() -> None:
    began = time.monotonic()
    for piece in ("$(", "${", '"', "'", "`", "$((", f"{NAME} '", "ssh h '"):
        list(calls_of(NAME, piece * 15_000 + NAME))
    assert time.monotonic() - began < 5
