"""One past run: what its report tells of the release, the host, and how the chain fared.

Everything that may not have been seen is None then, and stays unknown; '' and () are answers: it was seen, and there
was none.
"""

from collections.abc import Iterable, Iterator

from pydantic import AwareDatetime

from ghcr_audit import facts
from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.delivery_questions import COMPOSE_VERSION, HOST_FILES
from ghcr_audit.drill.snapshot import Phase, service
from ghcr_audit.evidence import Mode, Observation, Outcome, Value, Weight, newest
from ghcr_audit.registry.view import parse_view
from ghcr_audit.registry.views import BY_TRUST
from ghcr_audit.report.model import Report
from ghcr_audit.report.words import all_claims, main_finding
from ghcr_audit.verdicts import Verdict

_MAX_FILES = 50


class PastClaim(Value):
    """A claim as it was judged."""

    key: str
    statement: str
    outcome: Outcome
    advisory: bool
    found: str
    evidence: tuple[str, ...]
    """Keys of what it was judged from."""


class PastFinding(Value):
    """A finding as it was told."""

    cause: Cause
    subject: str
    certainty: Certainty
    evidence: tuple[str, ...]
    """Keys of what it was found by: where one of them was not looked at, nobody knows whether it is there."""


class PastFile(Value):
    """A deploy file on the host: its SHA-256, or `absent` or `unreadable`."""

    path: str
    state: str


class Past(Value):
    """A run, as its report tells it."""

    run: str
    target: str
    tag: str
    image: str
    host: str
    mode: Mode
    started_at: AwareDatetime
    finished_at: AwareDatetime
    verdict: Verdict
    version: str
    """Of the ghcr-audit that judged it."""
    served_digest: str | None
    """What the registry served for the tag."""
    running_digest: str | None
    """Of what ran when it was looked at last; '': no container, or an image that has no digest under this name."""
    previous_digest: str | None
    """Of the image that ran before the drill changed anything; None: there was no drill, or it was not seen."""
    running_from: str | None
    """What the container was started from, as written; '': there was no container."""
    engine: str | None
    """Version of Docker's server."""
    client: str | None
    """Version of Docker's client."""
    compose: str | None
    """Version of its compose plugin; asked only where the target has [deploy]."""
    system: str | None
    """`uname -srm`."""
    credential: str | None
    """The kind of the host's stored credential, whose and from where; never its value."""
    mounts: tuple[str, ...] | None
    files: tuple[PastFile, ...] | None
    findings: tuple[PastFinding, ...]
    main_cause: Cause | None
    claims: tuple[PastClaim, ...]
    seen: tuple[str, ...]
    """Keys of everything that was looked at and answered."""
    deploy_ms: int | None
    rollback_ms: int | None
    """Until the service was healthy again."""
    deploy_downtime_ms: int | None
    rollback_downtime_ms: int | None


def past_of(report: Report) -> Past:
    """What this report tells; nothing in it is taken for granted that was not observed."""
    main = main_finding(report)
    drill = report.drill
    deployed = drill.row(Phase.DEPLOYED) if drill is not None else None
    return Past(
        run=report.run,
        target=report.target,
        tag=report.tag,
        image=report.image,
        host=report.host,
        mode=report.mode,
        started_at=report.started_at,
        finished_at=report.finished_at,
        verdict=report.verdict,
        version=report.version,
        served_digest=_served(report),
        running_digest=_running(report),
        previous_digest=_previous(report),
        running_from=_started_from(report),
        engine=_engine(report)[0],
        client=_engine(report)[1],
        compose=_words(report, COMPOSE_VERSION),
        system=_words(report, "host.system"),
        credential=_credential(report),
        mounts=_mounts(report),
        files=_files(_seen(report, HOST_FILES)),
        findings=tuple(_findings(report)),
        main_cause=main.cause if main is not None else None,
        claims=tuple(_claims(report)),
        seen=_keys(report.observations),
        deploy_ms=deployed.took_ms if deployed is not None else None,
        rollback_ms=drill.rollback_ms if drill is not None else None,
        deploy_downtime_ms=drill.downtime_ms(Phase.DEPLOYED) if drill is not None else None,
        rollback_downtime_ms=drill.downtime_ms(Phase.ROLLED_BACK) if drill is not None else None,
    )


def _seen(report: Report, key: str) -> Observation | None:
    return newest(report.observations, key)


def _keys(observations: Iterable[Observation]) -> tuple[str, ...]:
    """Of what got an answer, and not only a reason why it could not be asked."""
    return tuple(dict.fromkeys(one.key for one in observations if one.failure is None))


def _words(report: Report, key: str) -> str | None:
    """The one line that a command printed."""
    found = _seen(report, key)
    if found is None or not found.ok or not found.stdout.strip():
        return None
    return " ".join(found.stdout.split())[:200]


def _served(report: Report) -> str | None:
    for seen in (_seen(report, key) for key in BY_TRUST):
        if seen is None or not seen.ok:
            continue
        answer = parse_view(seen.stdout, truncated=seen.cut).manifest(report.tag)
        if answer is not None and answer.readable and answer.digest:
            return answer.digest
    return facts.pulled_digest(_seen(report, "pull.tag"))


def _running(report: Report) -> str | None:
    if _no_container(report):
        return ""
    image = facts.local_image(_seen(report, "host.running_image"))
    return ", ".join(sorted(image.digests_of(report.image))) if image is not None else None


def _previous(report: Report) -> str | None:
    before = report.drill.row(Phase.BEFORE) if report.drill is not None else None
    return before.digest if before is not None and before.image_text else None


def _started_from(report: Report) -> str | None:
    container = facts.container(_seen(report, "host.container"))
    if container is None:
        return "" if _no_container(report) else None
    return container.image_text


def _no_container(report: Report) -> bool:
    """Docker was asked for the container, and said that there is none."""
    asked = _seen(report, "host.container")
    return asked is not None and asked.exit_code == 1 and "no such" in asked.stderr.lower()


def _engine(report: Report) -> tuple[str | None, str | None]:
    """Versions of Docker's server and client."""
    found = facts.engine(_seen(report, "host.docker_version"))
    return (found.server, found.client) if found is not None else (None, None)


def _credential(report: Report) -> str | None:
    stored = facts.stored_credential(_seen(report, "host.credential"))
    return stored.told if stored is not None else None


def _mounts(report: Report) -> tuple[str, ...] | None:
    seen = service(_seen(report, "host.container"), None)
    if seen is None:
        return () if _no_container(report) else None
    return tuple(str(mount) for mount in seen.mounts)


def _files(observation: Observation | None) -> tuple[PastFile, ...] | None:
    """From lines `file SHA256 PATH`, `absent PATH`, `unreadable PATH`."""
    if observation is None or not observation.ok or observation.cut:
        return None
    found = (_file(line) for line in observation.stdout.splitlines()[:_MAX_FILES])
    return tuple(one for one in found if one is not None)


def _file(line: str) -> PastFile | None:
    state, _, rest = line.partition(" ")
    if state == "file":
        state, _, rest = rest.partition(" ")
    return PastFile(path=rest, state=state) if rest.startswith("/") else None


def _findings(report: Report) -> Iterator[PastFinding]:
    for one in report.findings:
        evidence = (*one.evidence_for, *one.evidence_against)
        yield PastFinding(cause=one.cause, subject=one.subject, certainty=one.certainty, evidence=evidence)


def _claims(report: Report) -> Iterator[PastClaim]:
    for one in all_claims(report):
        yield PastClaim(
            key=one.key,
            statement=one.statement,
            outcome=one.outcome,
            advisory=one.weight is Weight.ADVISORY,
            found=one.is_,
            evidence=one.evidence,
        )
