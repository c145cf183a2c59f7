"""A deploy is judged by what runs afterwards, never by what its command printed."""

import json

import pytest

from ghcr_audit.drill.settled import settled
from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.verdicts import Verdict
from tests.pure.audits import report, saying, without
from tests.pure.drill_audits import (
    BEGAN_S,
    DIRECTORY,
    HEALTHY,
    NAME,
    NEW,
    NEW_DIGEST,
    NEW_HASH,
    OLD,
    OLD_DIGEST,
    OTHER_DIGEST,
    TARGET,
    composed,
    container,
    drill_claims,
    drilled,
    image,
    moment,
    not_holding,
    outcome,
    registry,
    seen,
)

pytestmark = pytest.mark.pure

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN


def test_a_drill_in_which_all_went_well_holds_in_every_claim() -> None:
    audit = drilled()
    assert not_holding(audit) == {}
    assert report(audit).verdict is Verdict.PASSED_WITH_WARNINGS  # a git tag of the recorded repository was never built
    assert drill_claims(audit)["rollback.restored"].is_ == (
        "compared: image, configuration, mounts, networks, restart policy, state, sidecars, tags, state files, files"
    )


def test_every_claim_cites_what_was_observed_and_says_what_was_found_on_one_line() -> None:
    for key, one in drill_claims(drilled()).items():
        assert one.key == key == f"{one.link.value}.{key.partition('.')[2]}"
        assert one.is_ and "\n" not in one.is_ and one.evidence


@pytest.mark.parametrize(
    ("key", "stdout", "about", "expected"),
    [
        (
            "deployed.registry",
            registry((NEW, OTHER_DIGEST)),
            "deploy.registry_steady",
            (BROKEN, f"the registry serves {OTHER_DIGEST}, it served {NEW_DIGEST} before the drill"),
        ),
        (
            "deployed.registry",
            "lacks curl\n",
            "deploy.registry_steady",
            (UNKNOWN, "the host cannot ask the registry again: it lacks curl"),
        ),
        ("deployed.health", "fine\n200", "deploy.http_healthy", (HOLDS, "the URL says 200 (healthy after 12.1 s)")),
        (
            "deployed.tag_image",
            image(OTHER_DIGEST),
            "deploy.host_has_digest",
            (BROKEN, f"registry {NEW_DIGEST}, host {OTHER_DIGEST}"),
        ),
        (
            "deployed.image",
            image(""),
            "deploy.running_digest",
            (BROKEN, f"runs {NAME}:{NEW} with no digest of the registry; the release is {NEW_DIGEST}"),
        ),
        (
            "deployed.image",
            image(OLD_DIGEST),
            "deploy.running_digest",
            (BROKEN, f"runs {NAME}:{NEW} with {OLD_DIGEST}; the release is {NEW_DIGEST}"),
        ),
        (
            "deployed.image",
            "",
            "deploy.running_digest",
            (UNKNOWN, f"runs {NAME}:{NEW} with no digest of the registry; the release is {NEW_DIGEST}"),
        ),
        (
            "deployed.container",
            container(NEW, started=moment(-20)),
            "deploy.started_anew",
            (BROKEN, "started 20 s before it began"),
        ),
        (
            "deployed.container",
            container(NEW, started=moment(0)),
            "deploy.started_anew",
            (HOLDS, "started 0.0 s after it began"),
        ),
        (
            "deployed.container",
            container(NEW, started="soon"),
            "deploy.started_anew",
            (UNKNOWN, "when it was started is not known"),
        ),
        ("deployed.times", "1 end 0\n", "deploy.started_anew", (UNKNOWN, "when the command began is not known")),
        (
            "deployed.times",
            f"1 begin {BEGAN_S - 90}\n2 begin {BEGAN_S + 90}\n",
            "deploy.started_anew",
            (BROKEN, "started 87 s before it began"),
        ),
        ("deployed.health", f'{{"version": "{OLD}"}}\n200', "deploy.version", (BROKEN, f"reports {OLD}")),
        (
            "deployed.container",
            container(NEW, restarts=3),
            "deploy.restarts",
            (BROKEN, "restarted 3 times by the engine"),
        ),
        (
            "deployed.container",
            container(NEW, mounts=[]),
            "deploy.mounts",
            (BROKEN, f"missing: bind {DIRECTORY}/runtime/data on /data"),
        ),
        (
            "deployed.container",
            container(NEW, mode="bridge"),
            "deploy.networks",
            (BROKEN, "missing: host (it is bridge)"),
        ),
        (
            "deployed.container",
            container(NEW, environment=[], config_hash="9"),
            "deploy.environment",
            (BROKEN, "missing: HEALTH_PORT"),
        ),
        (
            "deployed.container",
            container(NEW, environment=[]),
            "deploy.environment",
            (HOLDS, "HEALTH_PORT; without a value: HEALTH_PORT"),
        ),
        (
            "deployed.container",
            container(NEW, config_hash="9"),
            "deploy.configured",
            (BROKEN, f"compose's hash {NEW_HASH}, the container's 9"),
        ),
        (
            "deployed.container",
            container(NEW, project=""),
            "deploy.configured",
            (BROKEN, "the container was not made by compose"),
        ),
        ("deployed.compose", composed(hash=""), "deploy.configured", (UNKNOWN, "compose told no hash")),
        ("deployed.action", "", "deploy.succeeded", (HOLDS, "exit code 0")),
    ],
)
def test_a_deploy_is_judged_by_what_runs(key: str, stdout: str, about: str, expected: tuple[Outcome, str]) -> None:
    assert outcome(saying(drilled(), key, stdout), about) == expected


@pytest.mark.parametrize(
    ("exit_code", "stderr", "expected"),
    [
        (1, "a\nerror: not healthy\n", (BROKEN, "exit code 1: error: not healthy")),
        (124, "", (BROKEN, "did not end within 300 s")),
        (75, "refused: run 1 does not hold the lease\n", (UNKNOWN, "not run: run 1 does not hold the lease")),
        (75, "error: temporary failure\n", (BROKEN, "exit code 75: error: temporary failure")),
    ],
)
def test_a_command_that_failed_is_told_from_one_that_was_never_run(
    exit_code: int, stderr: str, expected: tuple[Outcome, str]
) -> None:
    audit = saying(drilled(), "deployed.action", "", stderr=stderr, exit_code=exit_code)
    assert outcome(audit, "deploy.succeeded") == expected


def test_a_container_that_is_gone_is_broken_not_unknown() -> None:
    audit = drilled()
    for phase in ("deployed", "rolled_back"):
        audit = saying(audit, f"{phase}.container", "", stderr="Error: No such container: observer\n", exit_code=1)
    assert outcome(audit, "deploy.running_digest") == (BROKEN, "there is no such container")
    assert outcome(audit, "rollback.lands_on") == (BROKEN, "there is no such container")


def test_a_release_that_ran_already_and_was_not_changed_is_a_warning() -> None:
    """Audited is what runs: the candidate is another release, and compose has nothing to do."""
    ran = container(NEW, started=moment(-900))
    audit = drilled(rollback_to=OLD)
    for phase in ("before", "deployed"):
        audit = saying(saying(audit, f"{phase}.container", ran), f"{phase}.image", image(NEW_DIGEST))
    assert outcome(audit, "deploy.started_anew") == (BROKEN, "it ran already; compose had nothing to change")
    assert drill_claims(audit)["deploy.started_anew"].weight is Weight.ADVISORY
    moved = saying(audit, "before.image", image(OLD_DIGEST))
    assert drill_claims(moved)["deploy.started_anew"].weight is Weight.REQUIRED


def test_restarts_from_before_the_drill_are_not_counted_again() -> None:
    audit = drilled()
    for phase in ("before", "deployed"):
        audit = saying(audit, f"{phase}.container", container(NEW, restarts=4))
    assert outcome(audit, "deploy.restarts")[0] is HOLDS


@pytest.mark.parametrize(
    ("text", "docker", "http"),
    [
        (HEALTHY, (HOLDS, "Docker says healthy"), (HOLDS, "the URL says 200")),
        (
            "0 running healthy 0 503\n60000 not healthy in time\n",
            (HOLDS, "Docker says healthy"),
            (BROKEN, "the URL says 503"),
        ),
        (
            "0 running unhealthy 0 200\n10000 unhealthy\n",
            (BROKEN, "Docker says unhealthy"),
            (HOLDS, "the URL says 200"),
        ),
        (
            "0 running none 0 000\n60000 not healthy in time\n",
            (HOLDS, "running; it has no Docker health check"),
            (BROKEN, "nothing answers at the URL"),
        ),
        (
            "0 running starting 0 \n60000 not healthy in time\n",
            (BROKEN, "Docker says starting"),
            (UNKNOWN, "the URL was not asked (no curl on the host?)"),
        ),
        (
            "0 running none 0 000\n400 restarting none 3 000\n600 restarts again and again\n",
            (BROKEN, "the container is restarting, restarts 3"),
            (BROKEN, "nothing answers at the URL"),
        ),
        (
            "0 absent none 0 000\n60000 not healthy in time\n",
            (BROKEN, "the container is absent"),
            (BROKEN, "nothing answers at the URL"),
        ),
        (
            "0 running unhealthy 0 200\n9000 running healthy 0 200\n11000 running healthy 0 500\n"
            "20000 not healthy in time\n",
            (HOLDS, "Docker says healthy"),
            (BROKEN, "the URL says 500"),
        ),
    ],
)
def test_docker_and_the_url_are_judged_each_for_itself_over_the_window(
    text: str, docker: tuple[Outcome, str], http: tuple[Outcome, str]
) -> None:
    audit = saying(drilled(), "deployed.settled", text, exit_code=0 if text == HEALTHY else 1)
    found = settled(audit.newest("deployed.settled"))
    assert found is not None
    ending = f" ({found.verdict} after {found.ended_ms / 1000:.1f} s)"
    assert outcome(audit, "deploy.docker_healthy") == (docker[0], docker[1] + ending)
    assert outcome(audit, "deploy.http_healthy") == (http[0], http[1] + ending)


def test_a_rising_count_of_restarts_is_told_whatever_the_container_says_later() -> None:
    text = "0 running none 0 200\n400 running none 2 200\n20000 healthy\n"
    assert outcome(saying(drilled(), "deployed.settled", text), "deploy.restarts") == (
        BROKEN,
        "restarted 2 times by the engine",
    )


@pytest.mark.parametrize("text", ["", "healthy\n", "0 running healthy 0 200\n", "x\n1 healthy\n", "0 a b c\n5 fine\n"])
def test_a_watch_that_did_not_come_to_its_end_is_unknown(text: str) -> None:
    audit = saying(drilled(), "deployed.settled", text, exit_code=124)
    assert outcome(audit, "deploy.docker_healthy")[0] is UNKNOWN


def test_without_a_url_only_docker_is_asked() -> None:
    target = TARGET.model_copy(update={"health_url": None})
    audit = without(drilled(target=target), "before.health", "deployed.health", "rolled_back.health", "restored.health")
    assert not_holding(audit) == {}
    assert "deploy.http_healthy" not in drill_claims(audit)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"id": "other"}, "observer-grafana is another container now"),
        ({"state": "exited"}, "observer-grafana is exited"),
        ({"name": "observer-graf"}, "observer-grafana is gone"),
    ],
)
def test_sidecars_must_be_the_same_and_run(edit: dict[str, str], told: str) -> None:
    audit = drilled()
    listed = [json.loads(line) for line in (audit.newest("deployed.containers") or seen("")).stdout.splitlines()]
    changed = [{**one, **(edit if one["name"] == "observer-grafana" else {})} for one in listed]
    audit = saying(audit, "deployed.containers", "\n".join(json.dumps(one) for one in changed))
    assert outcome(audit, "deploy.sidecars") == (BROKEN, told)


VOLUME = (
    f"volume 0 type volume\nvolume 0 source data\nvolume 0 target /data\nvolume 0 read_only true\nhash {NEW_HASH}\n"
)


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ({"Type": "volume", "Name": "observer_data", "Destination": "/data", "RW": False}, HOLDS),
        ({"Type": "volume", "Name": "observer_data", "Destination": "/data", "RW": True}, BROKEN),
        ({"Type": "volume", "Name": "observer_data", "Destination": "/other", "RW": False}, BROKEN),
        ({"Type": "bind", "Source": "data", "Destination": "/data", "RW": False}, BROKEN),
    ],
)
def test_a_named_volume_is_known_by_its_place(mount: dict[str, object], expected: Outcome) -> None:
    audit = saying(drilled(), "deployed.compose", f"valid\n{VOLUME}")
    assert outcome(saying(audit, "deployed.container", container(NEW, mounts=[mount])), "deploy.mounts")[0] is expected


@pytest.mark.parametrize(
    ("networks", "config_hash", "expected"),
    [
        (["observer_default"], "9", HOLDS),
        (["default"], "9", HOLDS),
        (["named-by-hand"], NEW_HASH, HOLDS),
        (["named-by-hand"], "9", BROKEN),
        ([], NEW_HASH, BROKEN),
    ],
)
def test_networks_are_known_by_the_projects_names_or_by_composes_hash(
    networks: list[str], config_hash: str, expected: Outcome
) -> None:
    audit = saying(drilled(), "deployed.compose", f"valid\nhash {NEW_HASH}\nnetwork default\n")
    found = container(NEW, networks=[*networks, None], config_hash=config_hash)
    assert outcome(saying(audit, "deployed.container", found), "deploy.networks")[0] is expected


def test_a_container_rightly_made_from_more_files_is_a_warning() -> None:
    files = {"config_files": f"{DIRECTORY}/compose.yml,{DIRECTORY}/more.yml"}
    stale = saying(drilled(), "deployed.container", container(NEW, config_hash="9", **files))
    told = (
        f"compose's hash {NEW_HASH}, the container's 9, it was made from {DIRECTORY}/compose.yml, {DIRECTORY}/more.yml"
    )
    assert (*outcome(stale, "deploy.configured"), drill_claims(stale)["deploy.configured"].weight) == (
        BROKEN,
        told,
        Weight.REQUIRED,
    )
    usual = saying(stale, "before.container", container(OLD, **files))
    assert drill_claims(usual)["deploy.configured"].weight is Weight.ADVISORY
