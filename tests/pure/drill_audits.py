"""A drill as its observations would tell it, written by hand on top of a recorded audit, and the edits tests need.

The recorded part is a real one: the release NEW was pulled, OLD runs. What follows it is the drill of NEW and back.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Link, Mode, Observation, Outcome, Vantage
from ghcr_audit.links import deploy, rollback
from ghcr_audit.registry.views import digest_in_registry
from tests.pure.audits import recorded

_RECORDED = recorded("newer-release-pulled")
TARGET = _RECORDED.target
NAME, RUN = TARGET.image_ref.name, _RECORDED.run
NEW, OLD = _RECORDED.tag, "20260120-083000"
NEW_DIGEST, OLD_DIGEST = (str(digest_in_registry(_RECORDED, tag)[0]) for tag in (NEW, OLD))
OTHER_DIGEST = f"sha256:{'c' * 64}"
OLD_HASH, NEW_HASH = "1" * 64, "2" * 64
DIRECTORY = TARGET.deploy.directory if TARGET.deploy else ""
BEGAN_S = 1_795_423_196
SIDECARS = ("observer-grafana", "observer-postgres")
JOURNALS = ("before.journal", "deployed.journal", "rolled_back.journal", "restored.journal")
HEALTHY = "80 running starting 0 200\n1100 running healthy 0 200\n12100 healthy\n"


def seen(key: str, stdout: str = "", *, stderr: str = "", exit_code: int | None = 0) -> Observation:
    """One answer of the host."""
    restoring = key.startswith(("rolled_back", "restored"))
    return Observation(
        key=key,
        link=Link.ROLLBACK if restoring else Link.DEPLOY,
        vantage=Vantage.HOST,
        where=TARGET.where,
        asked=key,
        observed_at=_RECORDED.started_at,
        duration_ms=5,
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
    )


def container(tag: str, **fields: object) -> str:
    """`docker inspect` of the service, started under this tag; fields as questions.SERVICE_FORMAT names them."""
    released = tag == NEW
    data = {
        "id": "n" * 64 if released else "o" * 64,
        "image": NEW_DIGEST if released else OLD_DIGEST,
        "config_image": f"{NAME}:{tag}",
        "status": "running",
        "started": moment(3 if released else -900),
        "restarts": 0,
        "health": "healthy",
        "mounts": [{"Type": "bind", "Source": f"{DIRECTORY}/runtime/data", "Destination": "/data", "RW": True}],
        "networks": ["host", None],
        "mode": "host",
        "restart": "unless-stopped",
        "environment": ["HEALTH_PORT", "PATH", None],
        "project": "observer",
        "compose_service": "observer",
        "working_dir": DIRECTORY,
        "config_files": f"{DIRECTORY}/compose.yml",
        "config_hash": NEW_HASH if released else OLD_HASH,
    }
    return json.dumps({**data, **fields})


def moment(after_s: float) -> str:
    """So long after the deploy command began, as the engine writes it: with nanoseconds."""
    return f"{datetime.fromtimestamp(BEGAN_S + after_s, UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"


def image(digest: str, *, name: str = NAME) -> str:
    """`docker image inspect` of an image with this RepoDigest; none with ''."""
    digests = [f"{name}@{digest}"] if digest else []
    return json.dumps({"id": digest or "sha256:local", "tags": [], "digests": digests, "os": "linux", "arch": "amd64"})


def registry(*pairs: tuple[str, str]) -> str:
    """What the registry answers about tags: their digests."""
    kind = "application/vnd.oci.image.index.v1+json"
    return "token 200\n" + "".join(f"manifest {tag} 200 {digest} {kind}\n" for tag, digest in pairs)


def composed(**lines: str) -> str:
    """What compose makes of the file; each keyword replaces the line that begins with it."""
    found = {
        "hash": NEW_HASH,
        "image": f"{NAME}:{NEW}",
        "environment": "HEALTH_PORT",
        "network_mode": "host",
        "restart": "unless-stopped",
        **lines,
    }
    text = "".join(f"{key} {value}\n" for key, value in found.items())
    return f"valid\n{text}volume 0 type bind\nvolume 0 source {DIRECTORY}/runtime/data\nvolume 0 target /data\n"


def _looked(phase: str, tag: str) -> Iterator[Observation]:
    """A snapshot."""
    digest = NEW_DIGEST if tag == NEW else OLD_DIGEST
    others = [
        json.dumps({"name": name, "id": f"{name}-id", "state": "running", "project": "observer", "service": name})
        for name in SIDECARS
    ]
    own = json.dumps({"name": "observer", "id": "x", "state": "running", "project": "observer", "service": "observer"})
    yield seen(f"{phase}.container", container(tag))
    yield seen(f"{phase}.image", image(digest))
    yield seen(f"{phase}.tag_image", image(NEW_DIGEST))
    yield seen(f"{phase}.health", f'{{"status": "ok", "version": "{tag}"}}\n\n200')
    yield seen(f"{phase}.containers", "\n".join((own, *others)))
    yield seen(f"{phase}.tags", f"{NAME}:{NEW} {NEW_DIGEST}\n{NAME}:{OLD} {OLD_DIGEST}\n{NAME}:latest {OLD_DIGEST}\n")
    yield seen(f"{phase}.state", f"file last_good_tag 16 {tag}\n")
    yield seen(f"{phase}.files", f"file {'f' * 64} {DIRECTORY}/compose.yml\n")


def _before() -> Iterator[Observation]:
    yield seen("before.lease", f"lease of 20 s for run {RUN}\n")
    yield from _looked("before", OLD)
    yield seen("before.diff")
    yield seen("before.origin", f"hash {OLD_HASH}\n")
    yield seen("before.compose", composed())
    yield seen("before.pins", "tag-of-a-pull\n")
    yield seen("before.registry", registry((NEW, NEW_DIGEST)))
    yield seen("before.candidate", image(OLD_DIGEST))
    yield seen("before.candidate_registry", registry((OLD, OLD_DIGEST)))


def _after() -> Iterator[Observation]:
    yield from (seen(key) for key in JOURNALS)
    yield seen("before.prepared", "log saved: /home/lab/before.log\n")
    yield seen("deployed.action", "== deployed\n")
    yield seen("deployed.settled", HEALTHY)
    yield seen("deployed.times", f"1375836 begin {BEGAN_S}\n1375939 end 0\n1376163 stop\n")
    yield from _looked("deployed", NEW)
    yield seen("deployed.compose", composed())
    yield seen("deployed.registry", registry((NEW, NEW_DIGEST)))
    yield seen("rolled_back.action", "== rolled back\n")
    yield seen("rolled_back.settled", HEALTHY)
    yield seen("rolled_back.pulled")
    yield from _looked("rolled_back", OLD)
    yield seen("restored.lease")
    yield seen("restored.action", "container observer is as it was\n")
    yield from _looked("restored", OLD)
    yield seen("restored.closed", "closed\n")


def before(**fields: object) -> Audit:
    """The audit when its conditions were looked at; nothing was touched yet."""
    return _RECORDED.model_copy(update={"mode": Mode.DRILL, **fields}).seeing(*_before())


def drilled(**fields: object) -> Audit:
    """The audit after a whole drill in which everything went well."""
    return before(**fields).seeing(*_after())


def drill_claims(audit: Audit) -> dict[str, Claim]:
    """What deploy and rollback claim, by key."""
    return {claim.key: claim for claim in (*deploy.claims(audit), *rollback.claims(audit))}


def outcome(audit: Audit, key: str) -> tuple[Outcome, str]:
    """Outcome and `is` of one claim."""
    found = drill_claims(audit)[key]
    return found.outcome, found.is_


def not_holding(audit: Audit) -> dict[str, Outcome]:
    """All that does not hold."""
    return {key: one.outcome for key, one in drill_claims(audit).items() if one.outcome is not Outcome.HOLDS}
