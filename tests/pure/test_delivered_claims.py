"""The host's deploy files against the repository and what runs: on recorded audits, with answers put beside."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.delivery_questions import HOST_COMPOSE, HOST_FILES, HOST_STATE, delivery_questions
from ghcr_audit.diagnosis import delivered as rules
from ghcr_audit.diagnosis import delivery as repository_rules
from ghcr_audit.evidence import Outcome, Weight
from ghcr_audit.links import delivered, delivery
from ghcr_audit.registry.views import published
from ghcr_audit.workflows.seen import DEFAULT_BRANCH, DEPLOY_FILES, WORKFLOWS
from tests.pure.audits import NAMES, answer, recorded, saying, without
from tests.pure.workflow_texts import DEPLOY, build

pytestmark = pytest.mark.pure

HEALTHY, SICK = recorded("healthy"), recorded("unhealthy")
TAG, OLDER, NEWER = "20260120-083000", "20260112-140210", "20260120-174230"
assert HEALTHY.tag == TAG
assert HEALTHY.target.deploy is not None
DEPLOY_TABLE = HEALTHY.target.deploy
SCRIPT = DEPLOY_TABLE.absolute(DEPLOY_TABLE.script)
FILE = DEPLOY_TABLE.absolute(DEPLOY_TABLE.compose_file)
IMAGE = HEALTHY.target.image_ref.name
CLAIMS = ("script_current", "compose_valid", "compose_image", "mounts_present", "last_good")


def sha(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()


def lines(*entries: dict[str, object]) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in (*entries, {"kind": "end"}))


def file(role: str, place: str, name: str, version: str) -> dict[str, object]:
    """One version of a deploy file in the repository."""
    path = "server_deploy.sh" if role == "script" else "compose.yml"
    entry: dict[str, object] = {"kind": "file", "role": role, "place": place, "name": name, "path": path}
    return entry | {"blob": "b" * 40, "sha256": sha(version)}


FILES = lines(
    *(file(role, "tag", TAG, "now") for role in ("script", "compose")),
    file("script", "default", "main", "next"),
    *(file("script", "release", tag, "before" if tag == OLDER else "now") for tag in (OLDER, TAG, NEWER)),
)


def compose(image: str = f"{IMAGE}:{TAG}", *more: str) -> str:
    """What compose makes of the service, as the host's question tells it."""
    bind = ("volume 0 type bind", "volume 0 source /srv/data", "volume 0 target /data")
    return "\n".join(("valid", f"hash {'1' * 64}", *((f"image {image}",) if image else ()), *bind, *more)) + "\n"


def asked(audit: Audit, **said: str) -> Audit:
    """The audit with the host's deploy files looked at; `said` replaces single answers."""
    answers = {
        DEPLOY_FILES: FILES,
        HOST_FILES: f"file {sha('now')} {SCRIPT}\nfile {sha('now')} {FILE}\n",
        HOST_COMPOSE: compose(),
        HOST_STATE: f"file last_good_tag 16 {TAG}\n",
    }
    changed = {**answers, **{key.replace("__", "."): text for key, text in said.items()}}
    return audit.seeing(*(answer(key, text, like=audit) for key, text in changed.items()))


def outcomes(audit: Audit) -> dict[str, Outcome]:
    return {claim.key.removeprefix("preflight."): claim.outcome for claim in delivered.claims(audit)}


def open_claims(audit: Audit) -> dict[str, Outcome]:
    return {name: outcome for name, outcome in outcomes(audit).items() if outcome is not Outcome.HOLDS}


def found(audit: Audit) -> list[tuple[str, str]]:
    return [(one.cause.value, one.certainty.value) for one in rules.findings(audit)]


def scripted(version: str) -> str:
    return f"file {sha(version)} {SCRIPT}\n"


def test_a_host_that_is_as_the_repository_says_holds_in_everything() -> None:
    assert outcomes(asked(HEALTHY)) == dict.fromkeys(CLAIMS, Outcome.HOLDS)
    assert found(asked(HEALTHY)) == []


@pytest.mark.parametrize("name", NAMES)
def test_audits_in_which_nobody_looked_stay_as_they_are(name: str) -> None:
    audit = recorded(name)
    assert delivered.claims(audit) == ()
    assert delivery.claims(audit) == ()
    assert found(audit) == []
    assert list(repository_rules.findings(audit)) == []


def test_without_a_table_deploy_nothing_is_asked_or_claimed() -> None:
    target = HEALTHY.target.model_copy(update={"deploy": None, "drill": "forbidden"})
    assert delivery_questions(target, TAG) == ()
    assert delivered.claims(asked(HEALTHY).model_copy(update={"target": target})) == ()


# --- the script --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "certainty"),
    [("before", "proven"), ("changed by hand", "likely")],
)
def test_another_version_of_the_script_is_stale(version: str, certainty: str) -> None:
    audit = asked(HEALTHY, host__deploy_files=scripted(version))
    assert open_claims(audit) == {"script_current": Outcome.BROKEN}
    assert found(audit) == [("deploy_script_stale", certainty)]


def test_the_version_of_the_default_branch_is_none_too_old() -> None:
    audit = asked(HEALTHY, host__deploy_files=scripted("next"))
    assert open_claims(audit) == {}


def test_the_version_of_the_release_that_still_runs_is_not_proven_stale() -> None:
    files = lines(file("script", "tag", NEWER, "new"), file("script", "release", TAG, "now"))
    newer = HEALTHY.model_copy(update={"tag": NEWER})
    audit = asked(newer, git__deploy_files=files, host__compose=compose(f"{IMAGE}:{NEWER}"))
    assert open_claims(audit) == {"script_current": Outcome.BROKEN}
    assert found(audit) == [("deploy_script_stale", "likely")]


def test_a_script_that_every_deploy_brings_along_is_possibly_stale_only() -> None:
    copied = DEPLOY.replace("run: ssh", 'run: scp server_deploy.sh "$TARGET":observer/ && ssh')
    texts = {"image": build("push"), "deploy": copied}
    audit = asked(HEALTHY, host__deploy_files=scripted("before")).seeing(
        answer(DEFAULT_BRANCH, lines({"kind": "branch", "branch": "main", "sure": True}), like=HEALTHY),
        answer(WORKFLOWS, _workflows(texts), like=HEALTHY),
    )
    assert found(audit) == [("deploy_script_stale", "possible")]


def _workflows(texts: dict[str, str]) -> str:
    places: list[dict[str, object]] = [{"kind": "place", "place": "default", "name": "main", "cut": False}]
    for name, text in texts.items():
        path = f".github/workflows/{name}.yml"
        places.append({"kind": "file", "place": "default", "name": "main", "path": path, "blob": name})
        places.append({"kind": "text", "blob": name, "text": text})
    return lines(*places)


@pytest.mark.parametrize("said", [f"absent {SCRIPT}\n", f"unreadable {SCRIPT}\n"])
def test_a_script_that_is_not_there_is_not_called_stale(said: str) -> None:
    audit = asked(HEALTHY, host__deploy_files=said)
    assert open_claims(audit) == {"script_current": Outcome.UNKNOWN}
    assert found(audit) == []


def test_a_script_that_the_repository_does_not_have_is_not_judged() -> None:
    assert "script_current" not in outcomes(asked(HEALTHY, git__deploy_files=lines()))


# --- the compose file --------------------------------------------------------------------------------------------


def refused(words: str) -> Audit:
    """The audit in which compose ends with these words."""
    return saying(asked(HEALTHY), HOST_COMPOSE, "", stderr=f"{words}\n", exit_code=15)


@pytest.mark.parametrize(
    "words",
    [
        "yaml: line 26: mapping values are not allowed in this context",
        f"validating {FILE}: services.observer Additional property imag is not allowed",
        "services.observer.ports must be a list",
        'service "observer" refers to undefined volume data: invalid compose project',
        'service "observer" has neither an image nor a build context specified: invalid compose project',
    ],
)
def test_a_file_that_compose_refuses_is_invalid(words: str) -> None:
    audit = refused(words)
    assert open_claims(audit) == {"compose_valid": Outcome.BROKEN}
    assert found(audit) == [("compose_file_invalid", "proven")]


@pytest.mark.parametrize(
    "words",
    [
        "error while interpolating services.observer.image: required variable REGISTRY is missing a value",
        f"env file {DEPLOY_TABLE.directory}/secrets.env not found: stat: no such file or directory",
        f"open {FILE}: no such file or directory",
        f"open {FILE}: permission denied",
        "docker: 'compose' is not a docker command.",
        "docker: unknown command: docker compose",
        "unknown flag: --file",
        "sh: cd: can't cd to /srv",
        "",
    ],
)
def test_what_the_script_may_provide_or_the_host_lacks_leaves_the_file_open(words: str) -> None:
    audit = refused(words)
    assert open_claims(audit) == {"compose_valid": Outcome.UNKNOWN}
    assert found(audit) == []


@pytest.mark.parametrize("image", ["obs_deploy-observer:latest", "observer", "observer:20260120-083000", ""])
def test_a_local_image_in_the_file_is_not_the_registrys(image: str) -> None:
    audit = asked(HEALTHY, host__compose=compose(image))
    assert open_claims(audit) == {"compose_image": Outcome.BROKEN}
    assert found(audit) == [("compose_image_not_registry", "proven")]


@pytest.mark.parametrize(
    "image",
    [
        f"{IMAGE}:latest",
        f"{IMAGE}@sha256:{'a' * 64}",
        IMAGE,
        "mirror.example:5000/acme/observer:1",
        "acme/observer:1",
        "A:B:C",
    ],
)
def test_a_fixed_tag_a_digest_or_a_mirror_is_told_and_no_fault(image: str) -> None:
    audit = asked(HEALTHY, host__compose=compose(image))
    assert open_claims(audit) == {"compose_image": Outcome.UNKNOWN}
    assert found(audit) == []


def test_a_release_of_docker_hub_is_known_by_its_short_name() -> None:
    hub = HEALTHY.model_copy(update={"target": HEALTHY.target.model_copy(update={"image": "acme/observer"})})
    assert outcomes(asked(hub, host__compose=compose(f"acme/observer:{TAG}")))["compose_image"] is Outcome.HOLDS


def test_a_compose_file_of_another_release_is_told_and_no_fault() -> None:
    audit = asked(HEALTHY, host__deploy_files=f"{scripted('now')}file {sha('other')} {FILE}\n")
    (claim,) = [one for one in delivered.claims(audit) if one.key == "preflight.compose_valid"]
    assert claim.outcome is Outcome.HOLDS
    assert claim.is_ == f"valid; not the repository's at {TAG}"


# --- mounts ------------------------------------------------------------------------------------------------------


def test_a_declared_mount_that_the_container_lacks_is_missing() -> None:
    more = ("volume 1 type volume", "volume 1 source extra", "volume 1 target /extra/")
    audit = asked(HEALTHY, host__compose=compose(f"{IMAGE}:{TAG}", *more))
    assert open_claims(audit) == {"mounts_present": Outcome.BROKEN}
    assert found(audit) == [("mounts_missing", "proven")]
    newer = audit.model_copy(update={"tag": NEWER})
    assert ("mounts_missing", "likely") in found(newer)


def test_another_source_or_a_tmpfs_is_no_missing_mount() -> None:
    more = ("volume 1 type tmpfs", "volume 1 target /cache")
    assert open_claims(asked(HEALTHY, host__compose=compose(f"{IMAGE}:{TAG}", *more))) == {}


def test_a_file_without_mounts_claims_nothing_about_them() -> None:
    said = f"valid\nhash {'1' * 64}\nimage {IMAGE}:{TAG}\n"
    assert "mounts_present" not in outcomes(asked(HEALTHY, host__compose=said))


# --- the way back ------------------------------------------------------------------------------------------------


def noted(tag: str, *more: str) -> str:
    """The state files, `NAME TAG` each, beginning with last_good_tag."""
    files = (one.split(" ") for one in (f"last_good_tag {tag}", *more))
    return "".join(f"file {name} 16 {text}\n" for name, text in files)


@pytest.mark.parametrize("tag", [TAG, OLDER])
def test_a_release_that_is_not_newer_than_what_runs_is_a_way_back(tag: str) -> None:
    assert open_claims(asked(HEALTHY, host__state=noted(tag))) == {}


def test_a_noted_release_that_is_newer_than_what_runs_may_be_no_way_back() -> None:
    audit = asked(HEALTHY, host__state=noted(NEWER))
    assert open_claims(audit) == {"last_good": Outcome.BROKEN}
    assert found(audit) == [("rollback_no_effect", "possible")]


def test_a_newer_release_that_was_never_built_was_noted_before_it_could_be_healthy() -> None:
    audit = recorded("never-published")
    running = delivered.running_tag(audit)
    (unbuilt,) = [one for one in audit_tags(audit) if published(audit, one)[0] is False]
    assert unbuilt > running
    seen = asked(audit, host__state=noted(unbuilt))
    assert ("rollback_no_effect", "likely") in found(seen)


def test_an_older_release_that_the_registry_no_longer_has_is_no_fault() -> None:
    audit = asked(HEALTHY, host__state=noted("20200101-000000"))
    assert open_claims(audit) == {"last_good": Outcome.UNKNOWN}
    assert found(audit) == []


def audit_tags(audit: Audit) -> list[str]:
    return [one.name for one in facts.git_tags(audit.newest("git.tags")) or ()]


def test_a_release_that_runs_sick_and_is_noted_as_good_makes_rollback_do_nothing() -> None:
    tag = SICK.tag
    audit = asked(SICK, host__state=noted(tag), host__compose=compose(f"{SICK.target.image_ref.name}:{tag}"))
    (claim,) = [one for one in delivered.claims(audit) if one.key == "preflight.last_good"]
    assert (claim.outcome, claim.weight) == (Outcome.BROKEN, Weight.ADVISORY)
    assert ("rollback_no_effect", "likely") in found(audit)
    other = asked(SICK, host__state=noted(tag, f"previous_good_tag {TAG}"))
    assert ("rollback_no_effect", "possible") in found(other)


def test_a_container_whose_two_healths_disagree_is_not_called_sick() -> None:
    audit = recorded("health-disagrees")
    running = delivered.running_tag(audit)
    assert found(asked(audit, host__state=noted(running), host__compose="")) == []


@pytest.mark.parametrize("said", ["odd last_good_tag\n", "file last_good_tag 6 v1.2.3\n"])
def test_a_note_that_is_no_tag_is_unknown(said: str) -> None:
    audit = asked(HEALTHY, host__state=said)
    assert open_claims(audit) == {"last_good": Outcome.UNKNOWN}
    assert found(audit) == []


def test_a_host_without_the_note_claims_nothing_about_it() -> None:
    assert "last_good" not in outcomes(asked(HEALTHY, host__state=""))


# --- less evidence, any text -------------------------------------------------------------------------------------

KEYS = (DEPLOY_FILES, HOST_FILES, HOST_COMPOSE, "host.container")
BROKEN = {
    "script": asked(HEALTHY, host__deploy_files=scripted("before")),
    "compose": refused("yaml: line 26: mapping values are not allowed in this context"),
    "image": asked(HEALTHY, host__compose=compose("observer")),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("key", KEYS)
def test_less_evidence_never_makes_a_broken_claim_hold(name: str, key: str) -> None:
    before = open_claims(BROKEN[name])
    after = outcomes(without(BROKEN[name], key))
    assert all(after.get(claim) is not Outcome.HOLDS for claim in before)


@pytest.mark.parametrize("key", [DEPLOY_FILES, HOST_FILES, HOST_COMPOSE, HOST_STATE])
def test_what_was_not_seen_of_the_host_is_never_left_out_silently(key: str) -> None:
    assert Outcome.UNKNOWN in outcomes(without(asked(HEALTHY), key)).values()


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from((*KEYS, HOST_STATE, WORKFLOWS, DEFAULT_BRANCH)),
    st.text(max_size=80)
    | st.lists(st.sampled_from(["valid", "file x y", '{"kind": "end"}', "[]", "{}", "null", "odd x"])).map("\n".join),
)
def test_any_answer_is_judged_or_unknown(key: str, text: str) -> None:
    audit = asked(HEALTHY).seeing(answer(key, text, like=HEALTHY))
    for claim in (*delivered.claims(audit), *delivery.claims(audit)):
        assert claim.outcome in Outcome
    assert all(one.summary for one in (*rules.findings(audit), *repository_rules.findings(audit)))


def test_the_container_of_the_recorded_audits_has_the_mount_that_these_tests_declare() -> None:
    seen = facts.json_object(HEALTHY.newest("host.container"))
    assert seen is not None
    assert [mount["Destination"] for mount in seen["mounts"]] == ["/data"]
