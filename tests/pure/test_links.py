"""What is claimed of each recorded case, word for word, and of states that a lab cannot be brought into."""

import re

import pytest

from ghcr_audit.evidence import Attempt, Claim, Link, Mode, Outcome, Weight
from ghcr_audit.links import chain
from ghcr_audit.links.auth import refused
from ghcr_audit.links.claim import shortened
from ghcr_audit.links.digest import Origin, running
from tests.pure.audits import FOLDER, NAMES, answer, claim, open_claims, recorded, rewritten, saying, told, without
from tests.recorded.cases import CASES

pytestmark = pytest.mark.pure

HOLDS, BROKEN, UNKNOWN = Outcome.HOLDS, Outcome.BROKEN, Outcome.UNKNOWN
TOKEN = re.compile(r"(gh[pousr]_|github_pat_)(?!…)\w{4}")
EXPECTED = dict(
    re.findall(
        r"^\[([a-z0-9-]+)\]\n(.*?)\n(?=\n|\Z)",
        (FOLDER.parent / "expected.txt").read_text(encoding="utf-8"),
        re.M | re.S,
    )
)


def judged(
    name: str, key: str, stdout: str, about: str, *, stderr: str = "", exit_code: int = 0
) -> tuple[Outcome, str]:
    """The claim `about` in a recorded audit where the question `key` got this answer."""
    found = claim(saying(recorded(name), key, stdout, stderr=stderr, exit_code=exit_code), about)
    assert found is not None
    return found.outcome, found.is_


def required(name: str, key: str) -> Claim:
    found = claim(recorded(name), key)
    assert found is not None
    return found


def test_every_case_is_recorded_and_judged() -> None:
    assert set(NAMES) == {case.name for case in CASES} == set(EXPECTED)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_audit_says_exactly_this(name: str) -> None:
    assert told(recorded(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_audit_holds_no_token(name: str) -> None:
    assert TOKEN.search((FOLDER / f"{name}.json").read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_says_what_was_found_and_cites_what_was_observed(name: str) -> None:
    audit = recorded(name)
    for state in chain(audit):
        for found in state.claims:
            assert found.link is state.link
            assert found.key.startswith(f"{state.link}.")
            assert found.is_ and "\n" not in found.is_
            assert all(audit.newest(key) is not None for key in found.evidence)
            assert found.evidence or found.is_ == "the host could not be looked at"


def test_links_that_are_not_walked_say_why() -> None:
    reasons = {state.link: state.not_run for state in chain(recorded("healthy"))}
    assert reasons[Link.PULL] == "mode observe does not pull"
    assert reasons[Link.DEPLOY] == reasons[Link.ROLLBACK] == "mode observe does not deploy or roll back"
    assert not reasons[Link.PREFLIGHT]


def test_a_claim_holds_only_while_all_of_its_evidence_is_there() -> None:
    audit = recorded("healthy")
    found = claim(without(audit, "host.docker_info"), "preflight.engine_answers")
    assert found is not None
    assert (found.outcome, found.is_) == (UNKNOWN, "not all of it was seen (missing: host.docker_info)")


def test_both_image_stores_are_told_apart() -> None:
    assert "containerd image store (overlayfs)" in required("healthy", "preflight.engine_answers").is_
    assert "classic image store" in required("healthy-classic", "preflight.engine_answers").is_


def test_tied_tags_are_named_and_ordered_by_name() -> None:
    found = required("healthy", "preflight.tag_order")
    assert found.outcome is HOLDS
    assert found.is_ == (
        "newest 20260121-070500 of 6, ordered by name; by date 20260120-083000, 20260120-174230, 20260121-070500 tie"
    )


@pytest.mark.parametrize(
    ("offset_s", "outcome", "text"),
    [(0, HOLDS, "within 2 s of ours"), (20, HOLDS, "+20 s from ours"), (-3600, BROKEN, "-3600 s from ours")],
)
def test_a_clock_that_is_off_by_half_a_minute_is_a_warning(offset_s: int, outcome: Outcome, text: str) -> None:
    clock = recorded("healthy").newest("host.clock")
    assert clock is not None
    there = str(int(clock.observed_at.timestamp()) + offset_s)
    found = judged("healthy", "host.clock", there, "preflight.clock")
    assert found[0] is outcome
    assert re.sub(r"[0-9]+ s f", "N s f", found[1]) == re.sub(r"[0-9]+ s f", "N s f", text)


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("/dev/x 100000000 50000000 50000000 50% /var", HOLDS),
        ("/dev/x 100000000 99000000 1000000 99% /var", BROKEN),
        ("/dev/x 1000000 600000 400000 60% /var", BROKEN),
        ("df: no such file", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_room_for_a_release_is_half_a_gibibyte_and_five_percent(row: str, outcome: Outcome) -> None:
    assert judged("healthy", "host.disk", row, "preflight.disk")[0] is outcome


def test_a_container_whose_first_health_check_is_due_is_not_judged() -> None:
    audit = rewritten(
        recorded("healthy"), "host.container", lambda one: {"stdout": one.stdout.replace('"healthy"', '"starting"')}
    )
    assert open_claims(audit)["preflight.healthy"] == (UNKNOWN, "Docker says starting; the URL says 200")


def test_a_stopped_container_is_not_healthy_whatever_its_last_check_said() -> None:
    audit = rewritten(
        recorded("container-stopped"),
        "host.container",
        lambda one: {"stdout": one.stdout.replace('"unhealthy"', '"healthy"')},
    )
    assert open_claims(audit)["preflight.healthy"][1].startswith("the container does not run (exited)")


def test_what_was_told_before_the_host_was_lost_stands_but_the_verdict_does_not_pass() -> None:
    audit, lost = recorded("healthy"), recorded("host-unreachable").newest("host.reached")
    assert lost is not None
    assert open_claims(audit.seeing(lost)) == {
        "preflight.host_reached": (
            UNKNOWN,
            "HOST: connect: Connection refused".replace("HOST", recorded("host-unreachable").target.where),
        )
    }


def test_a_tag_that_the_pull_moved_and_did_not_put_back_is_broken() -> None:
    outcome, text = judged(
        "healthy-pulled", "pull.latest_restored", "", "pull.local_tags_kept", stderr="no space left", exit_code=1
    )
    assert outcome is BROKEN
    assert text.endswith("latest could not be put back")


@pytest.mark.parametrize(
    ("key", "stdout", "exit_code", "outcome", "told"),
    [
        ("pull.latest_restored", "was not there before\n", 0, BROKEN, "latest stood before, then was not there before"),
        ("pull.latest_restored", "", 0, BROKEN, "latest stood before, then not seen"),
        ("pull.latest_pinned", "", 0, BROKEN, "latest not seen before, then was moved by the pull and put back"),
        ("pull.latest_pinned", "", 1, UNKNOWN, "latest could not be pinned, so nothing was pulled"),
        ("pull.latest_pinned", "was not there before\n", 0, BROKEN, "latest was not there before, then was moved by"),
        ("pull.tag_pinned", "stood before\n", 0, BROKEN, "20260120-174230 stood before, then was not there before"),
        ("pull.latest_pinned", "", 75, UNKNOWN, "nothing was pulled: lab words"),
        ("pull.latest_pinned", "left by a run: did not move\nstood before\n", 0, HOLDS, "back, left by a run: did not"),
    ],
)
def test_what_the_pin_and_the_put_back_say_must_fit(
    key: str, stdout: str, exit_code: int, outcome: Outcome, told: str
) -> None:
    stderr = "nothing was pulled: lab words" if exit_code else ""
    name = "newer-release-pulled"
    found = judged(name, key, stdout, "pull.local_tags_kept", stderr=stderr, exit_code=exit_code)
    assert found[0] is outcome
    assert told in found[1]


@pytest.mark.parametrize("key", ["pull.tag_pinned", "pull.latest_pinned", "pull.latest_restored"])
def test_a_local_tag_that_was_not_seen_before_or_after_is_unknown(key: str) -> None:
    found = claim(without(recorded("newer-release-pulled"), key), "pull.local_tags_kept")
    assert found is not None and found.outcome is UNKNOWN


def test_a_pull_that_was_refused_for_a_lock_was_not_tried() -> None:
    audit = saying(recorded("healthy-pulled"), "pull.tag", "", stderr="nothing was pulled: lab words\n", exit_code=75)
    assert open_claims(audit)["pull.tag"] == (UNKNOWN, "nothing was pulled: lab words")


def test_a_moved_local_tag_is_put_back_and_said_so() -> None:
    assert "latest was moved by the pull and put back" in required("newer-release-pulled", "pull.local_tags_kept").is_


def test_a_pull_without_a_digest_in_its_output_is_no_pull() -> None:
    outcome, text = judged("healthy-pulled", "pull.tag", "Status: fine\n", "pull.tag")
    assert (outcome, text) == (BROKEN, "Status: fine")


def test_after_a_pull_the_image_before_it_counts_no_longer() -> None:
    audit = without(recorded("healthy-pulled"), "pull.tag_after")
    assert open_claims(audit)["digest.registry_equals_host"] == (UNKNOWN, "the host's images were not seen")


def test_the_engine_is_the_witness_where_the_host_has_no_curl() -> None:
    found = required("curl-missing-pulled", "auth.image_readable")
    assert (found.outcome, found.evidence) == (HOLDS, ("registry.host", "host.credential", "pull.tag"))
    assert required("curl-missing-pulled", "digest.registry_equals_host").outcome is HOLDS


def test_a_login_is_claimed_only_where_a_credential_was_handed_over() -> None:
    assert claim(recorded("healthy-pulled"), "auth.login") is None
    found = required("incidents-5-6-resumed", "auth.login")
    assert (found.outcome, found.is_, found.weight) == (HOLDS, "Login Succeeded", Weight.ADVISORY)


def test_a_credential_that_was_not_accepted_is_a_warning_and_says_why() -> None:
    attempt = Attempt(number=1, outcome="the registry refuses it too: token endpoint 403")
    found = open_claims(recorded("healthy-pulled").after(attempt))
    assert found == {"auth.login": (UNKNOWN, "not tried: the registry refuses it too: token endpoint 403")}


def test_only_a_refusal_by_the_registry_waits_for_a_credential() -> None:
    blocked = {name for name in NAMES if refused(recorded(name))}
    assert blocked == {name for name in NAMES if EXPECTED[name].startswith("Blocked")}
    assert "curl-missing" not in blocked and "registry-down" not in blocked


@pytest.mark.parametrize(
    ("name", "origin", "release"),
    [
        ("healthy", Origin.RELEASE, "20260120-083000"),
        ("newer-release-pulled-classic", Origin.RELEASE, "20260120-083000"),
        ("tag-pushed-again", Origin.MOVED, None),
        ("tag-pushed-again-classic", Origin.MOVED, None),
        ("local-image", Origin.FOREIGN, None),
        ("local-image-classic", Origin.FOREIGN, None),
        ("local-name-of-a-release", Origin.RELEASE, "20260120-083000"),
        ("container-absent", Origin.UNSEEN, None),
        ("credential-expired", Origin.UNSEEN, None),
        ("image-name-wrong", Origin.UNSEEN, None),
    ],
)
def test_what_runs_is_known_by_digest_on_both_stores(name: str, origin: Origin, release: str | None) -> None:
    found = running(recorded(name))
    assert (found.origin, found.release) == (origin, release)


def test_a_health_url_that_reports_another_release_is_broken() -> None:
    found = judged("healthy", "host.health", '{"version": "20260119-101500"}\n200', "digest.health_version")
    assert found == (BROKEN, "reports 20260119-101500, runs 20260120-083000")


def test_a_version_that_is_no_release_tag_is_not_compared() -> None:
    audit = saying(recorded("healthy"), "host.health", '{"version": "1.2"}\n200')
    assert claim(audit, "digest.health_version") is None
    assert open_claims(audit) == {}


def test_the_newest_word_counts() -> None:
    audit = recorded("healthy")
    worse = audit.seeing(answer("git.status", " M compose.yml\n", like=audit))
    assert open_claims(worse) == {"preflight.work_tree_clean": (BROKEN, "1 changed or untracked: M compose.yml")}
    assert open_claims(worse.seeing(answer("git.status", "", like=audit))) == {}


def test_observe_mode_never_claims_anything_of_a_pull() -> None:
    for name in NAMES:
        if recorded(name).mode is Mode.OBSERVE:
            assert not any(key.startswith("pull.") for key in open_claims(recorded(name)))


def test_long_lists_are_shortened() -> None:
    assert shortened(["a", "b "], 2) == "a, b"
    assert shortened(map(str, range(9)), 3) == "0, 1, 2 and 6 more"


@pytest.mark.parametrize("stored", ["state present\nsource identitytoken", "state unreadable\nsource none"])
def test_a_credential_that_only_docker_can_read_leaves_the_gate_unknown(stored: str) -> None:
    missing = saying(recorded("credential-missing"), "host.credential", f"config C\n{stored}\n")
    readable = claim(missing, "auth.image_readable")
    assert readable is not None
    assert readable.outcome is Outcome.UNKNOWN
    assert readable.is_.startswith("what docker sends cannot be read here")
