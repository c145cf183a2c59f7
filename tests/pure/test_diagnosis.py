"""Which cause is named for what was seen: of the incidents, of every other recorded case, and of invented words."""

import pytest

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis import diagnose
from ghcr_audit.evidence import Attempt, Certainty, Finding
from ghcr_audit.verdicts import Verdict
from tests.pure.audits import NAMES, recorded, report, rewritten, saying

pytestmark = pytest.mark.pure

PROVEN: dict[str, tuple[Cause, ...]] = {
    "incidents-5-6": (Cause.TOKEN_SCOPE_INSUFFICIENT,),
    "incidents-5-6-public": (Cause.CREDENTIAL_INVALID_OR_EXPIRED, Cause.TAG_NOT_PUBLISHED),
    "incidents-5-6-resumed": (Cause.TAG_NOT_PUBLISHED,),
    "never-published": (Cause.TAG_NOT_PUBLISHED,),
    "never-published-pulled": (Cause.TAG_NOT_PUBLISHED,),
    "credential-expired": (Cause.CREDENTIAL_INVALID_OR_EXPIRED,),
    "credential-expired-pulled": (Cause.CREDENTIAL_INVALID_OR_EXPIRED,),
    "credential-no-scope": (Cause.TOKEN_SCOPE_INSUFFICIENT,),
    "credential-no-scope-pulled": (Cause.TOKEN_SCOPE_INSUFFICIENT,),
    "credential-no-access": (Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS,),
    "credential-missing": (Cause.CREDENTIAL_MISSING,),
    "config-damaged": (Cause.CONFIG_JSON_CORRUPT,),
    "helper-missing": (Cause.CREDENTIAL_HELPER_BROKEN,),
    "unknown-tag": (Cause.TAG_NOT_FOUND,),
    "image-name-wrong": (Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG,),
    "tag-pushed-again": (Cause.IMAGE_DIGEST_MISMATCH,),
    "tag-pushed-again-pulled": (Cause.IMAGE_DIGEST_MISMATCH,),
    "other-platform": (Cause.PLATFORM_MISMATCH,),
    "other-platform-pulled": (Cause.PLATFORM_MISMATCH,),
    "engine-stopped": (Cause.DOCKER_DAEMON_DOWN,),
    "docker-missing": (Cause.OTHER,),
    "curl-missing": (Cause.OTHER,),
    "curl-missing-pulled": (Cause.OTHER,),
    "socket-forbidden": (Cause.DOCKER_SOCKET_PERMISSION,),
    "host-unreachable": (Cause.SSH_UNREACHABLE,),
    "host-key-changed": (Cause.SSH_HOST_KEY_MISMATCH,),
    "host-key-unknown": (Cause.SSH_HOST_KEY_MISMATCH,),
    "ssh-key-refused": (Cause.SSH_AUTH_FAILED,),
    "container-absent": (Cause.OTHER,),
    "container-absent-without-health-url": (Cause.OTHER,),
    "container-stopped": (Cause.CONTAINER_UNHEALTHY,),
    "container-crashes": (Cause.CONTAINER_UNHEALTHY,),
    "unhealthy": (Cause.CONTAINER_UNHEALTHY,),
    "health-disagrees": (Cause.HEALTH_DISAGREEMENT,),
    "local-image": (Cause.RUNNING_IMAGE_NOT_RELEASED,),
}
"""By case, without the image store; cases that are not here prove no cause."""

SUSPECTED: dict[str, tuple[Cause, ...]] = {
    "credential-fine-grained": (Cause.TOKEN_TYPE_UNSUPPORTED,),
    "registry-down": (Cause.REGISTRY_UNAVAILABLE,),
    "registry-rate-limited": (Cause.RATE_LIMITED,),
    "registry-silent": (Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,),
    "registry-foreign-realm": (Cause.PROXY_INTERFERENCE,),
    "local-image": (Cause.COMPOSE_IMAGE_NOT_REGISTRY,),
    "local-name-of-a-release": (Cause.COMPOSE_IMAGE_NOT_REGISTRY,),
}


def only(findings: tuple[Finding, ...]) -> Finding:
    assert len(findings) == 1, [finding.cause for finding in findings]
    return findings[0]


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_true_causes_are_named(name: str) -> None:
    case, found = name.removesuffix("-classic"), diagnose(recorded(name))
    proven = tuple(finding.cause for finding in found if finding.certainty is Certainty.PROVEN)
    suspected = tuple(finding.cause for finding in found if finding.certainty is not Certainty.PROVEN)
    assert (proven, suspected) == (PROVEN.get(case, ()), SUSPECTED.get(case, ()))


@pytest.mark.parametrize("name", ["healthy", "healthy-classic", "healthy-pulled", "healthy-pulled-classic"])
def test_a_healthy_chain_passes_without_any_finding(name: str) -> None:
    found = report(recorded(name))
    assert (found.verdict, found.findings) == (Verdict.PASSED, ())


def test_the_surest_findings_come_first() -> None:
    certainties = [[finding.certainty for finding in diagnose(recorded(name))] for name in NAMES]
    order = list(Certainty)
    assert all(found == sorted(found, key=order.index) for found in certainties)


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_cites_what_was_observed_and_says_what_to_do(name: str) -> None:
    audit = recorded(name)
    for finding in diagnose(audit):
        assert finding.evidence_for
        assert all(audit.newest(key) is not None for key in finding.evidence_for)
        assert finding.summary and "\n" not in finding.summary and ".." not in finding.summary
        assert finding.remedy is not None
        assert finding.remedy.text.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_audit_is_never_left_without_an_explanation(name: str) -> None:
    found = report(recorded(name))
    if found.verdict in (Verdict.BROKEN, Verdict.BLOCKED):
        assert found.findings


def test_the_refused_credential_hides_the_tag_and_another_vantage_point_shows_it() -> None:
    hidden = diagnose(recorded("incidents-5-6"))
    assert Cause.TAG_NOT_PUBLISHED not in {finding.cause for finding in hidden}
    shown = {finding.cause: finding for finding in diagnose(recorded("incidents-5-6-public"))}
    assert shown[Cause.TAG_NOT_PUBLISHED].evidence_for == ("git.tags", "registry.controller")


def test_without_a_reason_on_record_nothing_earlier_is_told() -> None:
    audit = recorded("healthy-pulled").after(Attempt(number=1, outcome="accepted", accepted=True))
    assert diagnose(audit) == ()


def test_a_stale_credential_in_the_way_of_a_public_image_is_removed() -> None:
    remedy = only(diagnose(_public_stale())).remedy
    assert remedy is not None and remedy.commands[0].startswith("docker logout 127.0.0.1:")


def _public_stale() -> Audit:
    anonymous = recorded("public-without-credential").newest("registry.host_anonymous")
    assert anonymous is not None
    return saying(recorded("credential-expired"), "registry.host_anonymous", anonymous.stdout)


def test_the_gh_tools_own_token_is_widened_first() -> None:
    remedy = only(diagnose(recorded("incidents-5-6"))).remedy
    assert remedy is not None
    assert remedy.commands[0] == "gh auth refresh --hostname github.com --scopes read:packages"
    assert remedy.commands[1].startswith("gh auth token | docker login 127.0.0.1:")
    assert remedy.commands[1].endswith("--username lab --password-stdin")


def test_a_fine_grained_token_is_never_advised() -> None:
    for name in NAMES:
        for finding in diagnose(recorded(name)):
            assert finding.remedy is None or "fine-grained" not in finding.remedy.text


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", Cause.DOCKER_DAEMON_DOWN),
        ("dial unix /var/run/docker.sock: connect: permission denied", Cause.DOCKER_SOCKET_PERMISSION),
        ("sudo: a password is required", Cause.DOCKER_SOCKET_PERMISSION),
        ("client version 1.52 is too new. Maximum supported API version is 1.45", Cause.ENGINE_API_VERSION_MISMATCH),
        ("timeout: failed to run command 'docker': No such file or directory", Cause.OTHER),
    ],
)
def test_a_silent_engine_is_explained_by_its_clients_words(words: str, cause: Cause) -> None:
    audit = saying(recorded("engine-stopped"), "host.docker_version", "", stderr=words, exit_code=1)
    assert diagnose(audit)[0].cause is cause


def test_words_that_nobody_knows_are_not_explained() -> None:
    audit = saying(recorded("engine-stopped"), "host.docker_version", "", stderr="segmentation fault", exit_code=139)
    assert diagnose(audit) == ()
    assert report(audit).verdict is Verdict.BROKEN


def test_tight_room_and_a_wrong_clock_are_possible_causes_of_other_trouble() -> None:
    audit = saying(recorded("healthy"), "host.disk", "/dev/x 100 99 1 99% /")
    assert (only(diagnose(audit)).cause, only(diagnose(audit)).certainty) == (Cause.DISK_FULL, Certainty.POSSIBLE)
    finding = only(diagnose(saying(recorded("healthy"), "host.clock", "1000")))
    assert finding.cause is Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW
    assert finding.summary.startswith("The host's clock agrees with the controller's: no - -")


def test_a_stopped_container_has_no_health_to_disagree_about() -> None:
    stale = rewritten(
        recorded("container-stopped"),
        "host.container",
        lambda one: {"stdout": one.stdout.replace('"unhealthy"', '"healthy"')},
    )
    assert only(diagnose(stale)).cause is Cause.CONTAINER_UNHEALTHY


def test_commands_are_written_for_the_target_as_it_reaches_docker() -> None:
    audit = recorded("unhealthy")
    host = audit.target.host.model_copy(update={"docker_command": ("sudo", "-n", "docker")})
    target = audit.target.model_copy(update={"host": host, "container": "two words"})
    remedy = only(diagnose(audit.model_copy(update={"target": target}))).remedy
    assert remedy is not None
    assert remedy.commands[0] == "sudo -n docker logs --tail 50 'two words'"


def test_a_git_tag_that_cannot_be_an_image_tag_breaks_nothing() -> None:
    audit = recorded("never-published")
    target = audit.target.model_copy(update={"tag_pattern": ".*"})
    named = rewritten(audit, "git.tags", lambda one: {"stdout": one.stdout + f"release/1.0 {'0' * 40} 1770000000\n"})
    causes = {finding.subject: finding.cause for finding in diagnose(named.model_copy(update={"target": target}))}
    assert causes["release/1.0"] is Cause.TAG_NOT_PUBLISHED
