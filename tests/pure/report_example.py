"""One report with everything in it: a refused credential, a broken digest, an unknown, links not run."""

from datetime import UTC, datetime, timedelta, timezone

from ghcr_audit.causes import Cause
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.drill.timeline import Times
from ghcr_audit.evidence import (
    Attempt,
    Certainty,
    Claim,
    Finding,
    Link,
    Mode,
    Observation,
    Outcome,
    Remedy,
    Vantage,
    Weight,
)
from ghcr_audit.report.model import DrillRow, DrillSummary, LinkState, Report
from ghcr_audit.verdicts import Verdict

STARTED = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=9)))
IMAGE = "ghcr.io/lab/observer"
TAG = "20261122-093000"
OLDER = "20261120-181500"


def observation(key: str, link: Link, *, asked: str, stdout: str = "", stderr: str = "") -> Observation:
    """A command on the host that failed where it has something on stderr."""
    return Observation(
        key=key,
        link=link,
        vantage=Vantage.HOST,
        where="labdeploy@127.0.0.1:2222",
        asked=asked,
        observed_at=datetime(2026, 11, 22, 0, 30, 5, tzinfo=UTC),
        duration_ms=412,
        exit_code=1 if stderr else 0,
        stdout=stdout,
        stderr=stderr,
    )


def claim(key: str, link: Link, statement: str, outcome: Outcome, *, found: str = "", **rest: object) -> Claim:
    """A claim; `rest` are its weight and evidence."""
    return Claim.model_validate(
        {"key": key, "link": link, "statement": statement, "outcome": outcome, "is": found, **rest}
    )


def blocked_report() -> Report:
    """The example; every part of a report is in it."""
    return Report(
        target="observer",
        image=IMAGE,
        tag=TAG,
        host="labdeploy@127.0.0.1:2222",
        mode=Mode.PULL,
        run="0a1b2c3d-lab",
        run_url="http://127.0.0.1:4200/runs/flow-run/0a1b2c3d-lab",
        started_at=STARTED,
        finished_at=STARTED + timedelta(hours=2, minutes=3, seconds=4),
        waited_s=7200,
        ran_by="lab operator",
        version="0.1.0",
        verdict=Verdict.BLOCKED,
        links=_links(),
        findings=_findings(),
        attempts=_attempts(),
        observations=_observations(),
    )


def drilled_report() -> Report:
    """The same example after a drill: deployed, rolled back, restored."""
    return blocked_report().model_copy(update={"mode": Mode.DRILL, "drill": drill()})


def drill() -> DrillSummary:
    """A drill that was forced, went back to an unproven release, and worked."""
    logs = "/home/labdeploy/.local/state/ghcr-audit/logs/observer-0a1b2c3d"
    return DrillSummary(
        touched=True,
        rows=_drill_rows(),
        health_url=True,
        back_to=OLDER,
        back_to_source="the newest older release that is published",
        moved=True,
        rollback_ms=1910,
        forced="unhealthy before | *see* #12",
        log_paths=(f"{logs}-before.log", f"{logs}-deployed.log"),
    )


def _drill_rows() -> tuple[DrillRow, ...]:
    old = {"release": OLDER, "image_text": f"{IMAGE}:{OLDER}", "digest": f"sha256:{'a' * 64}"}
    new = {"release": TAG, "image_text": f"{IMAGE}:{TAG}", "digest": f"sha256:{'b' * 64}"}
    before = DrillRow(phase=Phase.BEFORE, status="running", health="unhealthy", http_healthy=False, **old)
    deployed = _changed(
        Phase.DEPLOYED, new, Times(took_ms=3210, healthy_after_ms=1400, downtime_ms=620, longest_ms=620, asked=90)
    )
    back = _changed(
        Phase.ROLLED_BACK, old, Times(took_ms=1850, healthy_after_ms=1910, downtime_ms=430, longest_ms=410, asked=70)
    )
    restored = _changed(Phase.RESTORED, old, Times(healthy_after_ms=0, downtime_ms=0, longest_ms=0, asked=60))
    return (before, deployed, back, restored)


def _changed(phase: Phase, image: dict[str, str], times: Times) -> DrillRow:
    return DrillRow(
        phase=phase,
        status="running",
        health="healthy",
        http_healthy=True,
        settled="healthy",
        exit_code=0,
        took_ms=times.took_ms if times.took_ms is not None else 2400,
        times=times,
        **image,
    )


def _links() -> tuple[LinkState, ...]:
    reachable = claim(
        "host.reachable",
        Link.PREFLIGHT,
        "The host answers over SSH",
        Outcome.HOLDS,
        found="it answered as labdeploy",
        evidence=("host.whoami",),
    )
    tie = claim(
        "git.order",
        Link.PREFLIGHT,
        "Tags can be told apart by date",
        Outcome.UNKNOWN,
        found="no repository was given",
        weight=Weight.ADVISORY,
    )
    accepted = claim(
        "credential.accepted",
        Link.AUTH,
        "The registry accepts the host's credential",
        Outcome.BROKEN,
        found="it answers 403 | DENIED to https://ghcr.io/token",
        weight=Weight.GATE,
        evidence=("registry.host", "registry.anonymous"),
    )
    same = claim("digest.same", Link.DIGEST, "The running image is the released one", Outcome.UNKNOWN)
    return (
        LinkState(link=Link.PREFLIGHT, claims=(reachable, tie)),
        LinkState(link=Link.AUTH, claims=(accepted,)),
        LinkState(link=Link.PULL, not_run="the credential was refused"),
        LinkState(link=Link.DIGEST, claims=(same,)),
        LinkState(link=Link.DEPLOY, not_run="mode pull does not deploy"),
    )


def _observations() -> tuple[Observation, ...]:
    older = observation("registry.host", Link.AUTH, asked="an older word", stderr="no longer true")
    refused = observation(
        "registry.host",
        Link.AUTH,
        asked=f"docker pull {IMAGE}:{TAG}",
        stderr="\x1b[31mError response from daemon\x1b[0m: 403 Forbidden\n```\n<img src=x onerror=alert(1)>\n",
    )
    unasked = observation("registry.anonymous", Link.AUTH, asked="GET https://ghcr.io/token").model_copy(
        update={
            "vantage": Vantage.HOST_ANONYMOUS,
            "failure": Cause.DNS_FAILURE,
            "failure_text": "no address for ghcr.io",
            "exit_code": None,
        }
    )
    whoami = observation("host.whoami", Link.PREFLIGHT, asked="id -un", stdout="labdeploy\n")
    uncited = observation("host.uptime", Link.PREFLIGHT, asked="uptime", stdout="never shown")
    return (whoami, uncited, older, refused, unasked)


def _findings() -> tuple[Finding, ...]:
    scope = Finding(
        cause=Cause.TOKEN_SCOPE_INSUFFICIENT,
        certainty=Certainty.POSSIBLE,
        subject="credential of labdeploy for ghcr.io",
        summary="An OAuth token of gh has no read:packages unless it was asked for.",
    )
    refused = Finding(
        cause=Cause.CREDENTIAL_INVALID_OR_EXPIRED,
        certainty=Certainty.PROVEN,
        subject="credential of labdeploy for ghcr.io",
        summary="The stored credential is refused; without it the registry answers.",
        evidence_for=("registry.host",),
        evidence_against=("registry.anonymous",),
        remedy=Remedy(
            text="Create a classic token with read:packages, then log in again.",
            commands=("docker logout ghcr.io", "docker login ghcr.io -u labdeploy --password-stdin"),
        ),
    )
    return (scope, refused)


def _attempts() -> tuple[Attempt, ...]:
    asked = datetime(2026, 11, 22, 0, 31, tzinfo=UTC)
    return (
        Attempt(
            number=1,
            outcome="refused: the token is mistyped (checksum)",
            answered_by="lab operator",
            way="sealed",
            asked_because=Cause.TOKEN_SCOPE_INSUFFICIENT,
            asked_summary="The stored credential lacks the scope read:packages.",
            asked_at=asked,
            answered_at=asked + timedelta(hours=2),
        ),
        Attempt(number=2, outcome="nobody answered in time", asked_at=asked + timedelta(hours=2)),
    )
