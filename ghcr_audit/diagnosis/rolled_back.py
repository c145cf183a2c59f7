"""After the target's own rollback: it changed nothing, it needs the registry, or it lands on no release."""

import shlex
from collections.abc import Iterator

from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.deployed import command_failed, unhealthy
from ghcr_audit.diagnosis.judged import Judged, finding
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.evidence import Certainty, Finding, Remedy, Weight
from ghcr_audit.links.judged import ran, refused_by_registry


def rolled_back(judged: Judged) -> Iterator[Finding]:
    """Why the way back is none."""
    needs = tuple(_needs_registry(judged))
    refused = any(one.certainty is Certainty.PROVEN for one in needs)
    found = (*(() if refused else _no_effect(judged)), *_foreign(judged), *unhealthy(judged, Phase.ROLLED_BACK))
    yield from (*needs, *found)
    if not refused:
        yield from command_failed(judged, Phase.ROLLED_BACK, "rollback", explained=bool(found))


def _needs_registry(judged: Judged) -> Iterator[Finding]:
    """Proven where the registry refused it; where it pulled, it would have needed it that day (incident 11)."""
    claim = judged.broken("rollback.without_registry")
    if claim is None:
        return
    refused = refused_by_registry(ran(judged.audit, Phase.ROLLED_BACK)) and judged.broken("rollback.succeeded")
    yield finding(
        judged,
        Cause.ROLLBACK_NEEDS_REGISTRY,
        f"rollback command of {judged.audit.target.name}",
        f"The target's own rollback needs the registry: {claim.is_}.",
        evidence=claim.evidence,
        remedy=Remedy(
            text="Let the rollback start the image that lies on the host, by compose with --pull never, and pull only "
            "where it is missing; keep the release before from pruning.",
            commands=(judged.docker("image", "ls", judged.audit.target.image_ref.name),),
        ),
        certainty=Certainty.PROVEN if refused else Certainty.LIKELY,
    )


def _no_effect(judged: Judged) -> Iterator[Finding]:
    """Only where the release really ran before: a rollback can leave nothing that was never there (incident 10)."""
    claim, deploy = judged.broken("rollback.left_release"), judged.audit.target.deploy
    if claim is None or deploy is None or not judged.holds("deploy.running_digest"):
        return
    success = " and says that it succeeded" if judged.holds("rollback.succeeded") else ""
    note = deploy.absolute(deploy.last_good_file)
    yield finding(
        judged,
        Cause.ROLLBACK_NO_EFFECT,
        f"rollback command of {judged.audit.target.name}",
        f"The target's own rollback changes nothing{success}: {judged.audit.target.container} {claim.is_}.",
        evidence=("rolled_back.action", *claim.evidence, "deployed.state", "rolled_back.state"),
        remedy=Remedy(
            text=f"Let the deploy command write {note} only once the release was seen healthy, and keep the one "
            "before: that is where a rollback goes.",
            commands=(f"cat {shlex.quote(note)}",),
        ),
    )


def _foreign(judged: Judged) -> Iterator[Finding]:
    claim = judged.broken("rollback.lands_on")
    if claim is None or claim.weight is not Weight.REQUIRED:
        return
    container = judged.audit.target.container
    yield finding(
        judged,
        Cause.RUNNING_IMAGE_NOT_RELEASED,
        f"{container} after the rollback",
        f"The target's own rollback lands on no published release: {container} {claim.is_}.",
        evidence=("rolled_back.action", *claim.evidence),
        remedy=Remedy(
            text="Let the rollback start a published release by its tag, under the registry's name of the image.",
            commands=(judged.docker("image", "ls", judged.audit.target.image_ref.name),),
        ),
    )
