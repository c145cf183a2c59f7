"""The repository's side with real git: the lab's repository, healthy and with each flaw of incidents 1, 7, 8 and 13."""

import shlex
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.git import observe_repository
from ghcr_audit.adapters.git_files import observe_delivery
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import delivery as rules
from ghcr_audit.evidence import Finding, Mode, Outcome
from ghcr_audit.links import delivery
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy
from ghcr_audit.workflows.seen import DEFAULT_BRANCH, DEPLOY_FILES, WORKFLOWS, default_branch, deploy_files, flows
from lab.repository import RELEASES, WorkflowFlaw, break_workflow, create_repository, next_release
from lab.repository import WORKFLOWS as FOLDER

pytestmark = pytest.mark.loopback

NEXT = "20260122-080000"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    create_repository(tmp_path / "observer")
    return tmp_path / "observer"


def git(folder: Path, *words: str) -> str:
    """Run git there; returns what it prints."""
    person = ("-c", "user.name=Lab", "-c", "user.email=lab@acme.example", "-c", "protocol.file.allow=always")
    argv = ["git", "-C", str(folder), *person, *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True).stdout


def look(folder: Path, tag: str = RELEASES.running, **settings: object) -> Audit:
    """An audit that saw the repository alone."""
    fields = {
        "name": "observer",
        "image": "127.0.0.1:5000/acme/observer",
        "registry_user": "lab",
        "repository": str(folder),
        "container": "observer",
        "drill": "allowed",
        "deploy": Deploy(directory="/srv/observer"),
    }
    target = Target.model_validate(fields | settings)
    audit = Audit(target=target, tag=tag, mode=Mode.OBSERVE, run=str(uuid.uuid4()), started_at=utc_now())
    return audit.seeing(*observe_repository(str(folder)), *observe_delivery(target, tag))


def outcomes(audit: Audit) -> dict[str, Outcome]:
    return {claim.key.removeprefix("preflight."): claim.outcome for claim in delivery.claims(audit)}


def found(audit: Audit) -> list[tuple[str, str]]:
    return [(one.cause.value, one.certainty.value) for one in rules.findings(audit)]


def only(audit: Audit) -> Finding:
    (one,) = rules.findings(audit)
    return one


@pytest.mark.parametrize("tag", [*RELEASES.all_tags, NEXT])
def test_every_release_of_a_healthy_repository_holds_and_nothing_is_found(repository: Path, tag: str) -> None:
    if tag == NEXT:
        next_release(repository, NEXT)
    audit = look(repository, tag)
    assert outcomes(audit) == dict.fromkeys(
        ("workflow_builds_tag", "workflow_may_push", "deploy_triggers", "deploy_contract"), Outcome.HOLDS
    )
    assert found(audit) == []


FLAWS = {
    WorkflowFlaw.ARGUMENT_ORDER: ("deploy_contract", "deploy_contract_mismatch", "proven"),
    WorkflowFlaw.PACKAGES_READ_ONLY: ("workflow_may_push", "push_permission_missing", "likely"),
    WorkflowFlaw.TRIGGER_BRANCH: ("deploy_triggers", "workflow_trigger_ineffective", "likely"),
    WorkflowFlaw.ORDER_BY_DATE: ("", "tag_order_ambiguous", "likely"),
    WorkflowFlaw.TAGS_IGNORED: ("workflow_builds_tag", "workflow_trigger_ineffective", "likely"),
}


@pytest.mark.parametrize("released", [False, True], ids=["on main", "in the release"])
@pytest.mark.parametrize("flaw", list(WorkflowFlaw))
def test_each_flaw_of_the_workflows_is_found_and_nothing_else(
    repository: Path, flaw: WorkflowFlaw, released: bool
) -> None:
    break_workflow(repository, flaw)
    if released:
        next_release(repository, NEXT)
    audit = look(repository, NEXT if released else RELEASES.running)
    key, cause, certainty = FLAWS[flaw]
    assert [name for name, outcome in outcomes(audit).items() if outcome is Outcome.BROKEN] == ([key] if key else [])
    assert found(audit) == [(cause, certainty)]


def test_of_all_flaws_at_once_none_hides_another(repository: Path) -> None:
    """In the order in which they do not stand in each other's way: the last takes the workflow off the branch."""
    flaws = [flaw for flaw in WorkflowFlaw if flaw is not WorkflowFlaw.TRIGGER_BRANCH]
    for flaw in (*flaws, WorkflowFlaw.TRIGGER_BRANCH):
        break_workflow(repository, flaw)
    next_release(repository, NEXT)
    causes = [(one.cause.value, one.subject) for one in rules.findings(look(repository, NEXT))]
    assert causes == [
        ("workflow_trigger_ineffective", f".github/workflows/image.yml at {NEXT}"),
        ("workflow_trigger_ineffective", ".github/workflows/deploy.yml on main"),
        ("push_permission_missing", f".github/workflows/image.yml at {NEXT}"),
        ("deploy_contract_mismatch", "deploy.yml on release"),
        ("tag_order_ambiguous", NEXT),
    ]


def test_a_finding_says_which_file_and_shows_it(repository: Path) -> None:
    break_workflow(repository, WorkflowFlaw.ARGUMENT_ORDER)
    one = only(look(repository))
    assert one.subject == "deploy.yml on main"
    assert "compose.yml where the script reads IMAGE_TAG" in one.summary
    assert one.remedy is not None
    assert "DEPLOY_DIR COMPOSE_FILE IMAGE_TAG deploy|rollback" in one.remedy.text
    (command,) = one.remedy.commands
    shown = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=20, check=True).stdout
    assert "deploy_dir=$1" in shown


def test_arguments_of_the_target_file_are_held_against_the_script(repository: Path) -> None:
    words = ("{tag}", "{directory}", "{compose_file}", "{action}")
    audit = look(repository, deploy=Deploy(directory="/srv/observer", arguments=words))
    assert only(audit).subject == "deploy.arguments of target observer"
    script = Deploy(directory="/srv/observer")
    assert found(look(repository, drill="forbidden", deploy=script)) == []


def test_a_script_that_orders_tags_by_date_is_named_where_that_gives_another_release(repository: Path) -> None:
    script = repository / "server_deploy.sh"
    script.write_text(f"{script.read_text()}\n# git tag --sort=-creatordate\n")
    commit_and_tag(repository, "20260121-080000", "20260121-090000")
    assert found(look(repository, "20260121-090000")) == []
    script.write_text(f"{script.read_text()}\nbefore=$(git tag --sort=-creatordate | sed -n 2p)\n")
    commit_and_tag(repository, "20260121-100000", "20260121-110000")
    assert found(look(repository, "20260121-110000")) == [("tag_order_ambiguous", "likely")]
    assert found(look(repository, "20260119-101500")) == []


def commit_and_tag(repository: Path, *tags: str) -> None:
    git(repository, "commit", "--quiet", "--all", "--message", "Change the script")
    for tag in tags:
        git(repository, "tag", tag)


def test_a_clone_knows_the_default_branch_by_its_remote_and_reads_what_was_fetched(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    git(clone, "checkout", "--quiet", "-b", "side")
    break_workflow(clone, WorkflowFlaw.TAGS_IGNORED)
    git(clone, "remote", "set-url", "origin", "https://lab:lab-password@github.com/Acme/observer.git")
    audit = look(clone)
    branch = default_branch(audit)
    assert branch is not None
    assert (branch.name, branch.sure, branch.repository) == ("main", True, "Acme/observer")
    assert "lab-password" not in audit.model_dump_json()
    assert found(audit) == []


def test_a_name_from_the_remote_fills_in_github_repository(repository: Path) -> None:
    image = repository / FOLDER / "image.yml"
    image.write_text(image.read_text().replace("acme/observer", "${{ github.repository }}"))
    git(repository, "commit", "--quiet", "--all", "--message", "Name the image by the repository")
    next_release(repository, NEXT)
    assert outcomes(look(repository, NEXT))["workflow_builds_tag"] is Outcome.UNKNOWN
    git(repository, "remote", "add", "origin", "git@github.com:acme/observer.git")
    assert outcomes(look(repository, NEXT))["workflow_builds_tag"] is Outcome.HOLDS


def test_several_scripts_of_one_name_are_not_guessed_between(repository: Path) -> None:
    (repository / "old").mkdir()
    (repository / "old" / "server_deploy.sh").write_text("tag=$1\n")
    git(repository, "add", "--all")
    next_release(repository, NEXT)
    audit = look(repository, NEXT)
    assert {one.role.value for one in deploy_files(audit) or ()} == {"compose"}
    assert outcomes(audit)["deploy_contract"] is Outcome.UNKNOWN
    assert found(audit) == []


def test_a_secret_in_a_workflow_is_in_no_evidence(repository: Path) -> None:
    image = repository / FOLDER / "image.yml"
    token = "ghp_lab" + "0" * 33
    image.write_text(image.read_text().replace("${{ secrets.GITHUB_TOKEN }}", token))
    git(repository, "commit", "--quiet", "--all", "--message", "A secret")
    audit = look(repository)
    assert token not in audit.model_dump_json()
    assert flows(audit) is not None
    assert found(audit) == []


@pytest.fixture
def hostile(repository: Path) -> Iterator[Path]:
    """Workflows that are too large, too many, damaged, linked, or grow."""
    folder = repository / FOLDER
    (folder / "large.yml").write_text("on: push\njobs: {}\n#" + "x" * 300_000)
    (folder / "laughs.yml").write_text("a: &a [x,x]\nb: &b [*a,*a]\non: push\njobs: *b\n")
    (folder / "damaged.yaml").write_bytes(b"\xff\xfe on: [\n\x00")
    (folder / "link.yml").symlink_to("/etc/passwd")
    for number in range(60):
        (folder / f"many-{number}.yml").write_text(f"on: push\njobs: {{}}\n# {number}\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Many files")
    yield repository


def test_a_hostile_repository_is_bounded_and_what_was_not_read_is_never_a_fault(hostile: Path) -> None:
    break_workflow(hostile, WorkflowFlaw.TAGS_IGNORED)
    next_release(hostile, NEXT)
    audit = look(hostile, NEXT)
    seen = flows(audit)
    assert seen is not None
    assert not any(one.whole for one in seen if one.name == NEXT)
    assert found(audit) == []
    assert len(audit.model_dump_json()) < 1_000_000


def test_what_is_no_repository_or_no_tag_is_unknown_or_left_out(repository: Path, tmp_path: Path) -> None:
    audit = look(tmp_path)
    assert [one.key for one in audit.observations if one.key == DEFAULT_BRANCH and one.exit_code] == [DEFAULT_BRANCH]
    assert outcomes(audit) == {"workflow_builds_tag": Outcome.UNKNOWN}
    assert found(audit) == []
    assert found(look(repository, "20990101-000000")) == []


def test_nothing_is_asked_without_a_repository(repository: Path) -> None:
    target = look(repository).target.model_copy(update={"repository": None})
    assert observe_delivery(target, RELEASES.running) == ()


@pytest.mark.parametrize("key", [WORKFLOWS, DEPLOY_FILES])
def test_an_answer_without_its_end_was_not_seen(repository: Path, key: str) -> None:
    break_workflow(repository, WorkflowFlaw.ARGUMENT_ORDER)
    audit = look(repository)
    cut = [
        one.model_copy(update={"stdout": one.stdout.rpartition('{"kind": "end"}')[0]}) if one.key == key else one
        for one in audit.observations
    ]
    claims = delivery.claims(audit.model_copy(update={"observations": tuple(cut)}))
    assert Outcome.UNKNOWN in {one.outcome for one in claims}
    assert Outcome.BROKEN not in {one.outcome for one in claims}
