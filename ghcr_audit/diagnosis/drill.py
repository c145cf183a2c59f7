"""The drill: why it was refused, or all that its deploy, its rollback and its restore showed."""

import re
import shlex
from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.diagnosis.deployed import deployed
from ghcr_audit.diagnosis.judged import Judged, finding
from ghcr_audit.diagnosis.restored import not_restored
from ghcr_audit.diagnosis.rolled_back import rolled_back
from ghcr_audit.drill.by_hand import commands, recover
from ghcr_audit.drill.compose import compose_file
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Claim, Finding, Outcome, Remedy, Weight
from ghcr_audit.images import parse_image
from ghcr_audit.links import deploy, rollback

_NO_COMPOSE = re.compile(r"'compose' is not a docker command|unknown (shorthand )?flag: |compose: not found")


def drill(audit: Audit) -> Iterator[Finding]:
    """Everything there is to say about a drill; nothing where it was not even looked at."""
    if audit.newest("before.lease") is None:
        return
    if not deploy.begun(audit):
        judged = Judged(audit=audit, claims=deploy.conditions(audit))
        yield from (*_compose(judged), *_refused(judged))
        return
    judged = Judged(audit=audit, claims=(*deploy.claims(audit), *rollback.claims(audit)))
    explained = (*deployed(judged), *rolled_back(judged))
    yield from (*not_restored(judged), *explained)
    if not explained:
        yield from _unexplained(judged)


def _compose(judged: Judged) -> Iterator[Finding]:
    """What is wrong with the compose file on the host: compose's own words, or the image that it names."""
    claim, target = judged.broken("deploy.compose_valid"), judged.audit.target
    if claim is None or target.deploy is None:
        return
    path = target.deploy.absolute(target.deploy.compose_file)
    found = compose_file(judged.audit.newest("before.compose"))
    look = (judged.compose("config", "--quiet"),)
    if found is None and _NO_COMPOSE.search(claim.is_):
        remedy = Remedy(
            text="Install docker's compose plugin on the host.", commands=(judged.docker("compose", "version"),)
        )
        yield finding(
            judged, Cause.COMPOSE_NOT_INSTALLED, target.where, f"{claim.is_}.", evidence=claim.evidence, remedy=remedy
        )
    elif found is None:
        remedy = Remedy(
            text=f"Bring the repository's version of {path} onto the host, and look at it there.", commands=look
        )
        yield finding(
            judged,
            Cause.COMPOSE_FILE_INVALID,
            path,
            f"Compose says: {claim.is_}",
            evidence=claim.evidence,
            remedy=remedy,
        )
    elif _name_of(found.image) == target.image_ref.name:
        text = f"Let the image's tag in {path} come from the variable {target.deploy.tag_variable}."
        remedy = Remedy(text=text, commands=(judged.compose("config", "--images"),))
        yield finding(
            judged, Cause.COMPOSE_FILE_INVALID, path, f"{path} {claim.is_}.", evidence=claim.evidence, remedy=remedy
        )
    else:
        text = f"Let {path} name {target.image_ref.name}:${{{target.deploy.tag_variable}}}, with the release's tag."
        remedy = Remedy(text=text, commands=(judged.compose("config", "--images"),))
        cause, subject = Cause.COMPOSE_IMAGE_NOT_REGISTRY, target.container
        yield finding(judged, cause, subject, f"{path} {claim.is_}.", evidence=claim.evidence, remedy=remedy)


def _name_of(text: str) -> str:
    try:
        return parse_image(text).name
    except ConfigurationError:
        return ""


_REFUSALS = {
    "deploy.lease": "Wait until the other run has ended; what a dead one left open, `recover` restores.",
    "deploy.new_image": "Pull the release onto the host anew, and never move a release tag.",
    "deploy.way_back": "Name a release to go back to, that lies on the host or that the registry serves it.",
    "deploy.room": "Make room: docker image prune, docker builder prune.",
    "deploy.sound": "Bring a published release into healthy service first; or force the drill, with a reason.",
    "deploy.compose_valid": "Repair the compose file on the host.",
    "deploy.restorable": "Let compose make the container from its file and its tag variable alone: the file, its .env "
    "or its environment has changed since. Until then nobody could put it back.",
    "deploy.clean": "Keep that data in a mount; or force the drill, with a reason: it goes with the container.",
    "deploy.seen": "Make visible what could not be seen.",
    "deploy.pins": "Restore what the other drill left open.",
}


def _refused(judged: Judged) -> Iterator[Finding]:
    found = [one for one in judged.claims if one.weight is Weight.REQUIRED and one.outcome is not Outcome.HOLDS]
    if not found:
        return
    why = "; ".join(
        f"{one.statement}: {'no' if one.outcome is Outcome.BROKEN else 'not known'} - {one.is_}" for one in found
    )
    yield finding(
        judged,
        Cause.DRILL_REFUSED,
        judged.audit.target.where,
        f"The drill was refused, and nothing was changed. {why}."[:1500],
        evidence=tuple(dict.fromkeys(key for one in found for key in one.evidence)),
        remedy=Remedy(
            text=" ".join(_REFUSALS[one.key] for one in found),
            commands=tuple(dict.fromkeys(line for one in found for line in _ways_out(judged, one))),
        ),
    )


def _ways_out(judged: Judged, claim: Claim) -> Iterator[str]:
    audit = judged.audit
    run = ("ghcr-audit", "run", audit.target.name, "--tag", audit.tag, "--mode", "drill")
    if claim.key == "deploy.pins" or (claim.key == "deploy.lease" and "was not finished" in claim.is_):
        yield recover(audit.target)
    elif claim.key == "deploy.way_back":
        yield shlex.join((*run, "--rollback-to", "TAG"))
    elif claim.key in ("deploy.sound", "deploy.clean"):
        yield shlex.join((*run, "--force", "REASON"))
    elif claim.key == "deploy.restorable" and (made := _made_by(audit)):
        yield made


def _made_by(audit: Audit) -> str:
    """Compose's command that makes the running release again, from the container's own labels."""
    again = [line for line in commands(audit.target, rollback.watched_before(audit)) if line.startswith("env ")]
    return again[0] if again else ""


_UNEXPLAINED = {
    "deploy.started_anew": "Look whether the deploy command recreates the container at all.",
    "deploy.version": "Look where the service takes the version from that its health URL reports.",
    "deploy.restarts": "Read the container's log.",
    "deploy.sidecars": "Let the deploy command name the one service, with --no-deps, and without --force-recreate.",
    "deploy.networks": "Compare the compose file on the host with how the deploy command starts the container.",
    "deploy.environment": "Compare the compose file on the host with how the deploy command starts the container.",
    "deploy.configured": "Compare the compose file on the host with how the deploy command starts the container.",
}


def _unexplained(judged: Judged) -> Iterator[Finding]:
    """What is broken without any better explanation, in its own words."""
    container = judged.audit.target.container
    for key, text in _UNEXPLAINED.items():
        claim = judged.broken(key)
        if claim is not None and claim.weight is Weight.REQUIRED:
            look = (judged.docker("inspect", container), judged.docker("logs", "--tail", "50", container))
            summary, remedy = f"{claim.statement}: no - {claim.is_}.", Remedy(text=text, commands=look)
            yield finding(judged, Cause.OTHER, container, summary, evidence=claim.evidence, remedy=remedy)
