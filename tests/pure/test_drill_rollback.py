"""A rollback is judged by where it lands, and a restore by what was seen; and the chain that holds both."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.audit import Audit, failed
from ghcr_audit.causes import Cause
from ghcr_audit.drill.compose import compose_file
from ghcr_audit.drill.settled import settled
from ghcr_audit.evidence import Link, Mode, Outcome, Vantage, Weight
from ghcr_audit.links import chain, deploy
from ghcr_audit.links import claims as all_claims
from ghcr_audit.verdicts import Verdict, judge
from tests.pure.audits import claim, recorded, report, saying, without
from tests.pure.drill_audits import (
    DIRECTORY,
    NAME,
    NEW,
    NEW_DIGEST,
    OLD,
    OLD_DIGEST,
    OTHER_DIGEST,
    RUN,
    before,
    container,
    drill_claims,
    drilled,
    image,
    not_holding,
    outcome,
    seen,
)

pytestmark = pytest.mark.pure

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
DRILL_KEYS = tuple(
    sorted(
        {one.key for one in drilled().observations} - {one.key for one in recorded("newer-release-pulled").observations}
    )
)
HELD = "refused: run 1234abcd (ghcr-audit on other, process 7) holds the lease for 17 s more\n"
UNFINISHED = "refused: the drill of run 1234abcd was not finished (step deploying): restore it first\n"


def lost(audit: Audit, text: str = "127.0.0.1: the connection was lost") -> Audit:
    where, at = audit.target.where, audit.started_at
    cause, vantage = Cause.NETWORK_UNREACHABLE_OR_TIMEOUT, Vantage.HOST
    return audit.seeing(
        failed("drill.lost", Link.DEPLOY, vantage=vantage, where=where, asked="go on", at=at, cause=cause, text=text)
    )


@pytest.mark.parametrize(
    ("stdout", "digest", "left", "landed"),
    [
        (container(OLD), OLD_DIGEST, HOLDS, (HOLDS, Weight.REQUIRED)),
        (container(NEW), NEW_DIGEST, BROKEN, (BROKEN, Weight.ADVISORY)),
        (container("20260119-101500"), OTHER_DIGEST, HOLDS, (BROKEN, Weight.ADVISORY)),
        (container("x", config_image="local:latest"), "", HOLDS, (BROKEN, Weight.REQUIRED)),
    ],
)
def test_a_rollback_is_judged_by_where_it_lands(
    stdout: str, digest: str, left: Outcome, landed: tuple[Outcome, Weight]
) -> None:
    audit = saying(saying(drilled(), "rolled_back.container", stdout), "rolled_back.image", image(digest))
    found = drill_claims(audit)
    assert found["rollback.left_release"].outcome is left
    assert (found["rollback.lands_on"].outcome, found["rollback.lands_on"].weight) == landed


def test_two_names_of_one_image_are_told_apart_by_name() -> None:
    audit = saying(saying(drilled(), "before.candidate", image(NEW_DIGEST)), "rolled_back.image", image(NEW_DIGEST))
    assert outcome(audit, "rollback.left_release")[0] is HOLDS
    assert outcome(saying(audit, "rolled_back.container", container(NEW)), "rollback.left_release")[0] is BROKEN


def test_the_candidates_digest_may_be_known_from_the_registry_alone() -> None:
    audit = saying(drilled(), "before.candidate", "", stderr="No such image\n", exit_code=1)
    assert outcome(audit, "rollback.lands_on")[0] is HOLDS
    assert "before.candidate_registry" in drill_claims(audit)["rollback.lands_on"].evidence


@pytest.mark.parametrize(
    ("pulled", "stderr", "expected"),
    [
        ("", "", (HOLDS, "nothing of the release was pulled")),
        ("other:1\nghcr.io/x/y:1\n", "", (HOLDS, "nothing of the release was pulled")),
        (f"{NAME}:{OLD}\n{NAME}:{OLD}\n", "", (BROKEN, f"it pulled {NAME}:{OLD}: needs the registry")),
        ("", "x: 403 Forbidden\nerror: pull failed\n", (BROKEN, "the registry refused it: x: 403 Forbidden")),
        ("", "error: not healthy\n", (HOLDS, "nothing of the release was pulled")),
    ],
)
def test_a_rollback_must_not_need_a_registry(pulled: str, stderr: str, expected: tuple[Outcome, str]) -> None:
    audit = saying(drilled(), "rolled_back.pulled", pulled)
    audit = saying(audit, "rolled_back.action", "", stderr=stderr, exit_code=1 if stderr else 0)
    assert outcome(audit, "rollback.without_registry") == expected
    assert drill_claims(audit)["rollback.without_registry"].weight is Weight.ADVISORY


def test_a_rollback_that_was_never_run_is_unknown_and_says_why() -> None:
    kept = [one for one in drilled().observations if not one.key.startswith("rolled_back.")]
    audit = lost(drilled().model_copy(update={"observations": tuple(kept)}))
    for name in ("succeeded", "left_release", "lands_on", "without_registry"):
        assert outcome(audit, f"rollback.{name}") == (UNKNOWN, "not run: 127.0.0.1: the connection was lost")
    assert outcome(audit, "rollback.restored")[0] is HOLDS
    assert judge(all_claims(audit)) is Verdict.UNKNOWN


def test_a_host_lost_in_the_middle_leaves_the_rest_unknown_and_the_restore_not_verified() -> None:
    audit = lost(before().seeing(seen("before.journal"), seen("before.prepared")))
    found = drill_claims(audit)
    assert found["deploy.running_digest"].outcome is UNKNOWN
    assert found["deploy.running_digest"].is_ == "127.0.0.1: the connection was lost"
    assert found["deploy.succeeded"].is_ == "not run: 127.0.0.1: the connection was lost"
    assert found["rollback.restored"].is_.startswith(
        "not verified: 127.0.0.1: the connection was lost (missing: restored."
    )
    assert found["rollback.restored"].outcome is found["rollback.restored_closed"].outcome is BROKEN
    assert judge(all_claims(audit)) is Verdict.RESTORE_FAILED


@pytest.mark.parametrize(
    ("key", "stdout", "name", "told"),
    [
        ("restored.image", image(OTHER_DIGEST), "image", f"the image is {OTHER_DIGEST}, was {OLD_DIGEST}"),
        (
            "restored.container",
            container(OLD, restart="no"),
            "restart_policy",
            "the restart policy is no, was unless-stopped",
        ),
        (
            "restored.container",
            container(OLD, config_hash="9"),
            "configuration",
            f"compose's config hash is 9, was {'1' * 64}",
        ),
        (
            "restored.container",
            container(OLD, mounts=[]),
            "mounts",
            f"mounts gone: bind {DIRECTORY}/runtime/data on /data",
        ),
        ("restored.container", container(OLD, status="exited"), "state", "the container is exited, was running"),
        ("restored.container", container(OLD, mode="none"), "networks", "the network mode is none, was host"),
        ("restored.health", "sick\n503", "state", "the health URL is not healthy, was healthy"),
        ("restored.containers", "", "sidecars", "sidecars gone: observer-grafana, observer-postgres"),
        ("restored.tags", f"{NAME}:{NEW} {NEW_DIGEST}\n{NAME}:{OLD} {OLD_DIGEST}\n", "tags", f"{NAME}:latest is gone"),
        ("restored.state", f"file last_good_tag 16 {NEW}\n", "state_files", f"last_good_tag says {NEW}, said {OLD}"),
        ("restored.files", "", "files", f"files gone: {DIRECTORY}/compose.yml"),
    ],
)
def test_each_thing_that_is_not_as_before_fails_the_restore(key: str, stdout: str, name: str, told: str) -> None:
    audit = saying(drilled(), key, stdout)
    assert not_holding(audit) == {f"rollback.restored_{name}": BROKEN}
    assert outcome(audit, f"rollback.restored_{name}")[1] == told
    assert judge(all_claims(audit)) is Verdict.RESTORE_FAILED


def test_pins_journal_and_lease_that_stay_fail_the_restore() -> None:
    audit = saying(drilled(), "restored.closed", "", stderr="refused: a pin could not be removed\n", exit_code=75)
    assert outcome(audit, "rollback.restored_closed") == (BROKEN, "not verified: refused: a pin could not be removed")
    assert judge(all_claims(audit)) is Verdict.RESTORE_FAILED


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in DRILL_KEYS
        if key.startswith("restored.")
        and key not in ("restored.lease", "restored.journal", "restored.action", "restored.tag_image")
    ],
)
def test_a_restore_that_was_not_seen_whole_is_never_unknown(key: str) -> None:
    audit = without(drilled(), key)
    assert set(not_holding(audit).values()) == {BROKEN}
    assert judge(all_claims(audit)) is Verdict.RESTORE_FAILED


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.PULL])
def test_only_a_drill_deploys_and_rolls_back(mode: Mode) -> None:
    reasons = {state.link: state.not_run for state in chain(recorded("healthy").model_copy(update={"mode": mode}))}
    assert reasons[Link.DEPLOY] == reasons[Link.ROLLBACK] == f"mode {mode.value} does not deploy or roll back"


def test_a_refused_drill_shows_its_conditions_and_no_rollback() -> None:
    states = {state.link: state for state in chain(saying(before(), "before.lease", "", stderr=HELD, exit_code=75))}
    assert len(states[Link.DEPLOY].claims) == len(deploy.conditions(before()))
    assert states[Link.ROLLBACK].not_run == (
        "the drill was refused: No other drill holds this host: run 1234abcd (ghcr-audit on other, process 7) holds "
        "the lease for 17 s more"
    )


def test_a_drill_that_was_not_even_looked_at_is_not_called_refused() -> None:
    audit = recorded("newer-release-pulled").model_copy(update={"mode": Mode.DRILL})
    states = {state.link: state for state in chain(audit)}
    assert states[Link.ROLLBACK].not_run == "nothing was deployed"
    assert judge(all_claims(audit)) is Verdict.UNKNOWN


def test_a_drill_that_went_on_is_never_shown_as_refused() -> None:
    """Whatever was looked at before is missing: the restore is claimed all the same."""
    audit = without(drilled(), "before.lease")
    assert deploy.refused(audit)
    assert {state.link: state.not_run for state in chain(audit)}[Link.ROLLBACK] == ""
    assert not judge(all_claims(audit)).passed


@pytest.mark.parametrize("key", DRILL_KEYS)
def test_dropping_any_observation_of_a_drill_never_lets_more_pass(key: str) -> None:
    """What is not cited counts for nothing; what is cited and missing leaves a claim that does not hold."""
    cited = {one for found in drill_claims(drilled()).values() for one in found.evidence}
    after = without(drilled(), key)
    assert (not_holding(after) != {}) is (key in cited)
    required = {one for one, found in drill_claims(after).items() if found.weight is not Weight.ADVISORY}
    assert judge(all_claims(after)).passed is not bool(required & not_holding(after).keys())


def test_an_endpoint_that_reports_no_release_is_not_compared_and_one_that_was_not_asked_is_unknown() -> None:
    for text in ("fine\n200", '{"version": "1.2"}\n200', "\n000"):
        assert "deploy.version" not in drill_claims(saying(drilled(), "deployed.health", text))
    assert outcome(without(drilled(), "deployed.health"), "deploy.version")[0] is UNKNOWN


def test_a_host_that_cannot_ask_the_registry_again_gets_a_warning() -> None:
    audit = saying(
        saying(drilled(), "deployed.registry", "lacks credential\n"), "before.registry", "lacks credential\n"
    )
    assert not_holding(audit) == {"deploy.registry_steady": UNKNOWN}
    assert judge(all_claims(audit)).passed


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DRILL_KEYS), st.text(max_size=80), st.integers(0, 130))
def test_no_answer_of_a_host_breaks_the_judging(key: str, text: str, exit_code: int) -> None:
    audit = saying(drilled(), key, text, stderr=text, exit_code=exit_code)
    assert all("\n" not in one.is_ for one in all_claims(audit))
    report(audit)


UNFINISHED_JOURNAL = "lease expired 1234abcd 0 x\njournal\nghcr-audit-journal 1\nrun 1234abcd\nstep deploying\nend\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lease free\n", None),
        ("lease expired 1234abcd 0 ghcr-audit on other\n", None),
        (f"lease held {RUN} 12 us\n", None),
        (
            "lease held 1234abcd 12 ghcr-audit on other\n",
            (UNKNOWN, "run 1234abcd drills this host now (ghcr-audit on other)"),
        ),
        (
            UNFINISHED_JOURNAL,
            (BROKEN, "the drill of run 1234abcd was not finished (step deploying): the host must be restored"),
        ),
        (
            "lease free\njournal\nrubbish\n",
            (BROKEN, "the drill of run unknown was not finished (step unknown): the host must be restored"),
        ),
        ("rubbish\n", None),
    ],
)
def test_an_unfinished_drill_on_the_host_is_told_before_anything_else_is_done(
    text: str, expected: tuple[Outcome, str] | None
) -> None:
    found = claim(recorded("newer-release-pulled").seeing(seen("host.drill", text)), "preflight.no_unfinished_drill")
    assert (None if found is None else (found.outcome, found.is_)) == expected


@given(st.text(max_size=200))
def test_compose_and_the_watch_read_any_text(text: str) -> None:
    found, watched = compose_file(seen("x", f"valid\n{text}")), settled(seen("x", text))
    assert found is not None and all(re.fullmatch(r"[^\n]*", volume.target) for volume in found.volumes)
    assert watched is None or watched.samples
