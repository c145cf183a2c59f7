"""Which causes a drill proves, what a person is told to do, and commands that can be pasted as they stand."""

import shlex

import pytest

from ghcr_audit.audit import Audit, failed
from ghcr_audit.causes import Cause
from ghcr_audit.cli.arguments import parser
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.drill.by_hand import commands
from ghcr_audit.drill.snapshot import (
    ComposeOrigin,
    KeptFile,
    LocalTag,
    Phase,
    Service,
    Sidecar,
    Snapshot,
    StateFile,
    snapshot,
)
from ghcr_audit.evidence import Certainty, Finding, Link, Vantage
from tests.pure.audits import recorded, report, saying, without
from tests.pure.drill_audits import (
    DIRECTORY,
    NAME,
    NEW,
    NEW_DIGEST,
    OLD,
    OLD_DIGEST,
    OTHER_DIGEST,
    TARGET,
    before,
    composed,
    container,
    drilled,
    image,
    registry,
    seen,
)

pytestmark = pytest.mark.pure

PROVEN, LIKELY = Certainty.PROVEN, Certainty.LIKELY
SCRIPT = f"{DIRECTORY}/server_deploy.sh"
SICK = "0 running unhealthy 0 503\n10000 unhealthy\n"


def findings(audit: Audit) -> list[Finding]:
    """Those of the drill: the recorded repository has a tag that was never published."""
    return [finding for finding in diagnose(audit) if finding.cause is not Cause.TAG_NOT_PUBLISHED]


def causes(audit: Audit) -> list[tuple[Cause, Certainty, str]]:
    return [(finding.cause, finding.certainty, finding.subject) for finding in findings(audit)]


def only(audit: Audit) -> Finding:
    found = findings(audit)
    assert len(found) == 1, [(one.cause, one.summary) for one in found]
    return found[0]


def commands_of(finding: Finding) -> tuple[str, ...]:
    assert finding.remedy is not None and finding.remedy.text
    return finding.remedy.commands


def test_a_drill_in_which_all_went_well_has_no_finding() -> None:
    assert findings(drilled()) == []


def test_other_modes_and_drills_that_were_not_looked_at_have_none() -> None:
    assert findings(recorded("newer-release-pulled")) == []
    assert findings(without(before(), "before.lease")) == []


@pytest.mark.parametrize(
    ("key", "stdout", "stderr", "exit_code", "cause", "text"),
    [
        (
            "before.compose",
            "",
            "yaml: line 26: mapping values",
            15,
            Cause.COMPOSE_FILE_INVALID,
            "Compose says: yaml: line 26",
        ),
        (
            "before.compose",
            "",
            "unknown shorthand flag: 'f' in -f",
            125,
            Cause.COMPOSE_NOT_INSTALLED,
            "unknown shorthand flag",
        ),
        (
            "before.compose",
            composed(image=f"{NAME}:{OLD}"),
            "",
            0,
            Cause.COMPOSE_FILE_INVALID,
            f"names {NAME}:{OLD}, not",
        ),
        ("before.compose", composed(image="observer"), "", 0, Cause.COMPOSE_IMAGE_NOT_REGISTRY, "names observer, not"),
    ],
)
def test_a_wrong_compose_file_is_named_before_the_refusal(  # noqa: PLR0917 - one row of a table
    key: str, stdout: str, stderr: str, exit_code: int, cause: Cause, text: str
) -> None:
    found = findings(saying(before(), key, stdout, stderr=stderr, exit_code=exit_code))
    assert [one.cause for one in found] == [cause, Cause.DRILL_REFUSED]
    assert text in found[0].summary
    assert commands_of(found[0])[0].startswith(("env IMAGE_TAG=", "docker compose"))


@pytest.mark.parametrize(
    ("key", "stdout", "stderr", "wanted"),
    [
        (
            "before.lease",
            "",
            "refused: the drill of run 1234abcd was not finished (step deploying): x",
            "ghcr-audit recover observer",
        ),
        ("before.pins", "drill-observer-12345678-0\n", "", "ghcr-audit recover observer"),
        ("before.diff", "A /data2\n", "", f"ghcr-audit run observer --tag {NEW} --mode drill --force REASON"),
        ("before.health", "sick\n503", "", f"ghcr-audit run observer --tag {NEW} --mode drill --force REASON"),
        ("before.origin", "hash 3\n", "", "up --detach --no-deps --no-build --pull never observer"),
    ],
)
def test_a_refused_drill_says_why_and_what_to_type(key: str, stdout: str, stderr: str, wanted: str) -> None:
    found = only(saying(before(), key, stdout, stderr=stderr, exit_code=76 if stderr else 0))
    assert (found.cause, found.certainty, found.subject) == (Cause.DRILL_REFUSED, PROVEN, TARGET.where)
    assert found.summary.startswith("The drill was refused, and nothing was changed. ")
    assert commands_of(found)[0].endswith(wanted)


def test_a_drill_without_a_way_back_asks_for_one() -> None:
    found = only(before(rollback_to=NEW))
    assert commands_of(found) == (f"ghcr-audit run observer --tag {NEW} --mode drill --rollback-to TAG",)


@pytest.mark.parametrize(
    "audit",
    [
        before(rollback_to=NEW),
        saying(before(), "before.diff", "A /x\n"),
        saying(before(), "before.pins", "drill-observer-12345678-0\n"),
    ],
)
def test_every_command_of_ours_that_is_told_is_understood(audit: Audit) -> None:
    for line in commands_of(only(audit)):
        words = shlex.split(line)
        assert words[0] == "ghcr-audit" and parser().parse_args(words[1:])


def local(audit: Audit, phase: str = "deployed") -> Audit:
    """What runs is the local image under the local name."""
    found = container("x", config_image="obs_deploy-observer:latest")
    return saying(saying(audit, f"{phase}.container", found), f"{phase}.image", image(""))


def test_a_false_success_names_the_image_the_file_and_the_stale_script() -> None:
    """Incidents 2 and 3."""
    words = "warning: image archive not found: x: starting the local image"
    audit = saying(local(drilled()), "deployed.action", "", stderr=words)
    assert [one for one in causes(audit) if one[0] is not Cause.OTHER] == [
        (Cause.RUNNING_IMAGE_NOT_RELEASED, PROVEN, "observer"),
        (Cause.COMPOSE_IMAGE_NOT_REGISTRY, PROVEN, "observer"),
        (Cause.DEPLOY_SCRIPT_STALE, LIKELY, SCRIPT),
    ]
    assert findings(audit)[0].summary.startswith(f"False success: the deploy command ended with exit code 0, and {NEW}")
    assert report(audit).verdict.exit_code == 3


def test_an_old_container_that_was_restarted_is_a_false_success() -> None:
    audit = saying(drilled(), "deployed.action", "", stderr="warning: pull failed: restarting what is there")
    audit = saying(saying(audit, "deployed.container", container(OLD)), "deployed.image", image(OLD_DIGEST))
    assert causes(audit) == [(Cause.RUNNING_IMAGE_NOT_RELEASED, PROVEN, "observer")]


@pytest.mark.parametrize(
    ("text", "docker_broken", "cause"),
    [
        (SICK, True, Cause.CONTAINER_UNHEALTHY),
        ("0 running unhealthy 0 200\n10000 unhealthy\n", True, Cause.HEALTH_DISAGREEMENT),
        ("0 running healthy 0 503\n10000 not healthy in time\n", False, Cause.HEALTH_DISAGREEMENT),
        ("0 running none 0 503\n10000 not healthy in time\n", False, Cause.CONTAINER_UNHEALTHY),
        (
            "0 running none 0 000\n1 restarting none 3 000\n2 restarts again and again\n",
            True,
            Cause.CONTAINER_UNHEALTHY,
        ),
    ],
)
def test_an_unhealthy_release_is_told_from_a_disagreement(text: str, docker_broken: bool, cause: Cause) -> None:
    audit = saying(drilled(), "deployed.settled", text, exit_code=1)
    audit = saying(
        audit.seeing(seen("deployed.log", "log saved: /home/lab/a b.log\n")), "deployed.action", "", exit_code=1
    )
    found = only(audit)
    assert (found.cause, found.subject) == (cause, "observer after the deploy")
    assert commands_of(found)[0] == "tail -n 50 '/home/lab/a b.log'"
    assert ("restarts 3" in found.summary) is ("restarting" in text)
    assert docker_broken is ("Docker says healthy" not in found.summary and "no Docker" not in found.summary)


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        ("write /var/lib/x: no space left on device", Cause.DISK_FULL),
        ("Bind for 0.0.0.0:80 failed: port is already allocated", Cause.PORT_CONFLICT),
        ("yaml: line 26: mapping values are not allowed in this context", Cause.COMPOSE_FILE_INVALID),
        ("error: something else", Cause.OTHER),
    ],
)
def test_a_failed_command_is_named_by_its_own_words(stderr: str, cause: Cause) -> None:
    audit = saying(drilled(), "deployed.action", "", stderr=stderr, exit_code=1)
    found = only(audit)
    assert (found.cause, found.certainty) == (cause, PROVEN)
    assert found.summary == f"The target's own deploy command failed: exit code 1: {stderr}."


def test_a_credential_that_ended_during_the_drill_is_named() -> None:
    audit = saying(drilled(), "deployed.action", "", stderr="x: 403 Forbidden\nerror: pull failed", exit_code=1)
    assert only(audit).cause is Cause.OTHER
    audit = saying(audit, "deployed.registry", "token 403 DENIED gone\n")
    assert only(audit).cause is Cause.CREDENTIAL_INVALID_OR_EXPIRED


def test_a_tag_that_was_pushed_again_meanwhile_is_a_digest_mismatch() -> None:
    audit = saying(drilled(), "deployed.registry", registry((NEW, OTHER_DIGEST)))
    audit = saying(saying(audit, "deployed.image", image(OTHER_DIGEST)), "deployed.tag_image", image(OTHER_DIGEST))
    found = only(audit)
    assert found.cause is Cause.IMAGE_DIGEST_MISMATCH
    assert found.remedy is not None and found.remedy.text.startswith("The tag was pushed again during the drill. ")


def test_missing_mounts_are_proven() -> None:
    found = only(saying(drilled(), "deployed.container", container(NEW, mounts=[])))
    assert (found.cause, found.certainty) == (Cause.MOUNTS_MISSING, PROVEN)
    assert found.summary.endswith(f"missing: bind {DIRECTORY}/runtime/data on /data.")


def stays(audit: Audit) -> Audit:
    return saying(saying(audit, "rolled_back.container", container(NEW)), "rolled_back.image", image(NEW_DIGEST))


def test_a_rollback_that_changes_nothing_is_proven_even_when_it_says_success() -> None:
    found = only(stays(drilled()))
    assert (found.cause, found.certainty) == (Cause.ROLLBACK_NO_EFFECT, PROVEN)
    assert "changes nothing and says that it succeeded" in found.summary
    assert commands_of(found) == (f"cat {DIRECTORY}/runtime/state/last_good_tag",)


def test_a_rollback_can_leave_nothing_that_never_ran() -> None:
    audit = saying(stays(drilled()), "deployed.image", image(OLD_DIGEST))
    assert Cause.ROLLBACK_NO_EFFECT not in [cause for cause, _, _ in causes(audit)]


def test_a_sick_release_that_is_rolled_back_to_itself_is_told_once_for_each_phase() -> None:
    audit = saying(stays(drilled()), "rolled_back.action", "", stderr="error: not healthy", exit_code=1)
    audit = saying(audit, "deployed.action", "", stderr="error: not healthy", exit_code=1)
    for phase in ("deployed", "rolled_back"):
        audit = saying(audit, f"{phase}.settled", SICK, exit_code=1)
    assert causes(audit) == [
        (Cause.CONTAINER_UNHEALTHY, PROVEN, "observer after the deploy"),
        (Cause.ROLLBACK_NO_EFFECT, PROVEN, "rollback command of observer"),
        (Cause.CONTAINER_UNHEALTHY, PROVEN, "observer after the rollback"),
    ]


def test_a_rollback_that_the_registry_refused_is_proven_to_need_it() -> None:
    words = "Error response from daemon: x: 403 Forbidden"
    audit = saying(stays(drilled()), "rolled_back.action", "", stderr=f"{words}\nerror: pull failed", exit_code=1)
    found = only(audit)
    assert (found.cause, found.certainty) == (Cause.ROLLBACK_NEEDS_REGISTRY, PROVEN)
    assert found.summary == f"The target's own rollback needs the registry: the registry refused it: {words}."


def test_a_rollback_that_pulled_is_likely_to_need_the_registry() -> None:
    audit = saying(drilled(), "rolled_back.pulled", f"{NAME}:{OLD}\n")
    assert causes(audit) == [(Cause.ROLLBACK_NEEDS_REGISTRY, LIKELY, "rollback command of observer")]


def test_a_rollback_to_a_local_image_lands_on_no_release() -> None:
    found = only(local(drilled(), "rolled_back"))
    assert (found.cause, found.subject) == (Cause.RUNNING_IMAGE_NOT_RELEASED, "observer after the rollback")


def test_what_nothing_explains_is_told_in_its_own_words() -> None:
    found = only(saying(drilled(), "deployed.container", container(NEW, config_hash="9")))
    assert (found.cause, found.subject) == (Cause.OTHER, "observer")
    assert "compose's hash" in found.summary


def test_the_surest_of_two_findings_about_the_same_fault_stands() -> None:
    """Preflight sees the local name in the container, and the drill's conditions in the compose file."""
    audit = saying(recorded("local-name-of-a-release"), "none", "")
    likely = [one for one in diagnose(audit) if one.cause is Cause.COMPOSE_IMAGE_NOT_REGISTRY]
    assert [one.certainty for one in likely] == [LIKELY]
    text = composed(image="obs_deploy-observer:latest")
    both = before().seeing(*(one for one in audit.observations if one.key == "host.container"))
    found = [
        one for one in diagnose(saying(both, "before.compose", text)) if one.cause is Cause.COMPOSE_IMAGE_NOT_REGISTRY
    ]
    assert [one.certainty for one in found] == [PROVEN]


# By hand.


def test_a_host_that_was_not_restored_comes_first_with_every_command() -> None:
    audit = saying(drilled(), "restored.container", container(NEW))
    audit = saying(
        saying(audit, "restored.image", image(NEW_DIGEST)), "restored.state", f"file last_good_tag 16 {NEW}\n"
    )
    audit = saying(audit, "restored.tags", f"{NAME}:{NEW} {NEW_DIGEST}\n{NAME}:{OLD} {OLD_DIGEST}\nx:1 {OLD_DIGEST}\n")
    found = findings(audit)[0]
    assert (found.cause, found.certainty, found.subject) == (Cause.HOST_NOT_RESTORED, PROVEN, TARGET.where)
    assert commands_of(found) == (
        "ghcr-audit recover observer",
        f"docker tag {OLD_DIGEST} {NAME}:latest",
        "docker image rm --no-prune x:1",
        f"cd {DIRECTORY}",
        f"env IMAGE_TAG={OLD} docker compose --project-name observer --project-directory {DIRECTORY} "
        f"--file {DIRECTORY}/compose.yml up --detach --no-deps --no-build --pull never observer",
        f"echo {OLD} > {DIRECTORY}/runtime/state/last_good_tag",
        "docker image ls --format '{{.Repository}}:{{.Tag}}' ghcr-audit/pin | grep -F :drill-observer- | "
        "xargs -r docker image rm --no-prune",
        'rm -r "$HOME"/.local/state/ghcr-audit/observer',
    )


def test_a_restore_that_nobody_saw_has_all_commands_too() -> None:
    audit = before().seeing(seen("before.journal"))
    lost = failed(
        "drill.lost",
        Link.ROLLBACK,
        vantage=Vantage.HOST,
        where=TARGET.where,
        asked="x",
        at=audit.started_at,
        cause=Cause.SSH_UNREACHABLE,
        text="gone",
    )
    found = findings(audit.seeing(lost))[0]
    assert found.cause is Cause.HOST_NOT_RESTORED
    assert f"docker tag {NEW_DIGEST} {NAME}:{NEW}" in commands_of(found)
    assert f"echo {OLD} > {DIRECTORY}/runtime/state/last_good_tag" in commands_of(found)


def test_words_of_a_host_never_become_commands() -> None:
    evil = "$(reboot) ; `x` & 'y"
    hostile = Snapshot(
        service=Service(
            id="1",
            image_text=f"x:{evil}",
            image_id=evil,
            status="exited",
            started_at="",
            restarts=0,
            compose=ComposeOrigin(
                project=evil, service=evil, working_directory=evil, config_files=(evil,), config_hash=evil
            ),
        ),
        tags=(LocalTag(reference=evil, image_id=evil),),
        state_files=(StateFile(name=evil, content=evil, newline=False),),
        sidecars=(Sidecar(name=evil, id="7", status="running"),),
    )
    now = Snapshot(sidecars=(Sidecar(name=evil, id="7", status="exited"),))
    for line in commands(TARGET, hostile, now)[1:-2]:
        words = shlex.split(line)
        assert words[0] in ("docker", "cd", "env", "printf"), line
        assert evil in line.replace("'\"'\"'", "'") or words[:2] == ["docker", "stop"]
        assert any(evil in word for word in words) or words[:2] == ["docker", "stop"]


def test_what_was_pruned_is_pulled_by_digest_and_what_the_deployment_reads_comes_from_the_kept_copies() -> None:
    was = snapshot(drilled(), Phase.BEFORE).model_copy(
        update={
            "files": (KeptFile(path="/srv/x.yml", sha256="a" * 64), KeptFile(path="/srv/my script", sha256="b" * 64)),
            "absent_files": ("/srv/.env", "/srv/never"),
        }
    )
    now = was.model_copy(
        update={
            "tags": tuple(tag for tag in was.tags or () if tag.image_id != OLD_DIGEST),
            "files": (KeptFile(path="/srv/x.yml", sha256="a" * 64), KeptFile(path="/srv/.env", sha256="c" * 64)),
        }
    )
    assert commands(TARGET, was, now)[1:4] == (
        "cp \"$HOME\"/.local/state/ghcr-audit/observer/kept/2 '/srv/my script'",
        "rm /srv/.env",
        f"docker pull {NAME}@{OLD_DIGEST}",
    )


def test_only_what_differs_is_typed_where_the_host_was_seen() -> None:
    audit = drilled()
    was, is_ = snapshot(audit, Phase.BEFORE), snapshot(audit, Phase.RESTORED)
    told = commands(TARGET, was, is_)
    assert [line.split()[0] for line in told] == ["ghcr-audit", "cd", "env", "docker", "rm"]


def test_by_hand_a_digest_that_the_service_has_lost_is_pulled_again() -> None:
    was = snapshot(before(), Phase.BEFORE)
    assert was.service is not None
    now = was.model_copy(update={"service": was.service.model_copy(update={"digests": ()})})
    digest = was.service.digests_of(TARGET.image_ref.name)[0]
    assert f"docker pull {TARGET.image_ref.name}@{digest}" in commands(TARGET, was, now)
    assert f"docker pull {TARGET.image_ref.name}@{digest}" not in commands(TARGET, was, was)


def test_by_hand_what_compose_left_is_removed_unless_it_was_there_before() -> None:
    left = Sidecar(name="6d3326185c64_observer", id="6" * 64, status="created")
    now = Snapshot(sidecars=(left,))
    assert commands(TARGET, Snapshot(sidecars=()), now)[1:-2] == ("docker rm 6d3326185c64_observer",)
    assert commands(TARGET, now, now)[1:-2] == ()
