"""The host's side: deploy files that are old, damaged or name another image; mounts and a way back that are not there.

What links/delivered.py calls unknown is never a finding.
"""

import re
import shlex
from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.delivery_questions import HOST_STATE
from ghcr_audit.diagnosis.judged import Judged, finding
from ghcr_audit.drill.snapshot import state_files
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.links import delivered
from ghcr_audit.links.repository import repository
from ghcr_audit.registry.views import published
from ghcr_audit.tags import name_order
from ghcr_audit.targets.tables import Deploy
from ghcr_audit.workflows.deploying import DeployCall
from ghcr_audit.workflows.seen import Place, Role, deploy_files, version

_COPIES = re.compile(r"\b(?:scp|rsync|sftp)\b|git (?:pull|fetch|checkout|clone)|scp-action|rsync", re.IGNORECASE)


def findings(audit: Audit) -> Iterator[Finding]:
    """Everything that the host's deploy files prove or make likely."""
    deploy = audit.target.deploy
    if deploy is None:
        return
    judged = Judged(audit=audit, claims=delivered.claims(audit))
    yield from _stale(judged, deploy)
    yield from _invalid(judged, deploy)
    yield from _local_image(judged, deploy)
    yield from _mounts(judged)
    yield from _no_way_back(judged, deploy)


def _stale(judged: Judged, deploy: Deploy) -> Iterator[Finding]:
    claim = judged.broken("preflight.script_current")
    if claim is None:
        return
    path = deploy.absolute(deploy.script)
    yield finding(
        judged,
        Cause.DEPLOY_SCRIPT_STALE,
        path,
        f"{path} on the host is another version than the repository's: {claim.is_}.",
        evidence=claim.evidence,
        certainty=_how_stale(judged.audit, path),
        remedy=_bring(judged.audit, Role.SCRIPT, path, "the deploy script"),
    )


def _how_stale(audit: Audit, path: str) -> Certainty:
    """Proven: the version of an older release than the one that runs. Possible: every deploy brings the file along."""
    if _is_copied(audit):
        return Certainty.POSSIBLE
    found = delivered.host_file(audit, path)
    other = delivered.release_with(deploy_files(audit) or (), Role.SCRIPT, found.sha256) if found is not None else ""
    running = delivered.running_tag(audit)
    older = bool(other and running) and name_order(other) < min(name_order(running), name_order(audit.tag))
    return Certainty.PROVEN if older else Certainty.LIKELY


def _is_copied(audit: Audit) -> bool:
    seen = repository(audit)
    return seen is not None and any(_copies(call) for _, call in seen.calls())


def _copies(call: DeployCall) -> bool:
    steps = [step for job in call.workflow.jobs for step in job.steps]
    texts = (text for step in steps for text in (step.uses, step.run, *(value for _, value in step.arguments)))
    return any(_COPIES.search(text) for text in texts)


def _bring(audit: Audit, role: Role, path: str, what: str) -> Remedy:
    """Puts the repository's version there, where the repository has one."""
    wanted = version(deploy_files(audit), role, Place.TAG)
    text = f"Bring {what} of {audit.tag} onto the host, and let every deploy bring it along."
    if wanted is None or audit.target.repository is None:
        return Remedy(text=text)
    show = shlex.join(("git", "-C", audit.target.repository, "show", f"{audit.tag}:{wanted.path}"))
    return Remedy(text=text, commands=(f"{show} | {_to_host(audit, path)}",))


def _to_host(audit: Audit, path: str) -> str:
    host = audit.target.host
    write = f"cat > {shlex.quote(path)}"
    if host.address is None:
        return write
    user = f"{host.user}@" if host.user else ""
    port = ("-p", str(host.port)) if "port" in host.model_fields_set else ()
    return shlex.join(("ssh", *port, f"{user}{host.address}", write))


def _invalid(judged: Judged, deploy: Deploy) -> Iterator[Finding]:
    claim = judged.broken("preflight.compose_valid")
    if claim is None:
        return
    path = deploy.absolute(deploy.compose_file)
    remedy = _bring(judged.audit, Role.COMPOSE, path, "the compose file")
    yield finding(
        judged,
        Cause.COMPOSE_FILE_INVALID,
        path,
        f"Compose refuses {path} on the host: {claim.is_}.",
        evidence=claim.evidence,
        remedy=Remedy(text=remedy.text, commands=(judged.compose("config", "--quiet"), *remedy.commands)),
    )


def _local_image(judged: Judged, deploy: Deploy) -> Iterator[Finding]:
    claim = judged.broken("preflight.compose_image")
    if claim is None:
        return
    target = judged.audit.target
    yield finding(
        judged,
        Cause.COMPOSE_IMAGE_NOT_REGISTRY,
        target.container,
        f"On the host, {deploy.absolute(deploy.compose_file)}: {claim.is_}; the release is {target.image_ref.name}.",
        evidence=claim.evidence,
        remedy=Remedy(
            text=f"Let the compose file name {target.image_ref.name} with the tag from {deploy.tag_variable}.",
            commands=(judged.compose("config", "--images"),),
        ),
    )


def _mounts(judged: Judged) -> Iterator[Finding]:
    """Likely where another release runs: the file may have been changed for the next one."""
    claim, audit = judged.broken("preflight.mounts_present"), judged.audit
    if claim is None:
        return
    same = delivered.running_tag(audit) == audit.tag
    yield finding(
        judged,
        Cause.MOUNTS_MISSING,
        audit.target.container,
        f"{audit.target.container} runs without mounts that the compose file declares ({claim.is_}): what it writes "
        "there is lost with it.",
        evidence=claim.evidence,
        certainty=Certainty.PROVEN if same else Certainty.LIKELY,
        remedy=Remedy(
            text="Save what the container holds there, then start it from the compose file in the deploy directory.",
            commands=(judged.docker("diff", audit.target.container), judged.compose("up", "--detach", "--no-build")),
        ),
    )


def _no_way_back(judged: Judged, deploy: Deploy) -> Iterator[Finding]:
    """Incident 10."""
    claim, audit = judged.broken("preflight.last_good"), judged.audit
    noted = delivered.last_good(audit)
    if claim is None or noted is None:
        return
    yield finding(
        judged,
        Cause.ROLLBACK_NO_EFFECT,
        deploy.absolute(deploy.last_good_file),
        f"A rollback may change nothing: {deploy.last_good_file} was written before its release was known to be "
        f"healthy; {claim.is_}.",
        evidence=claim.evidence,
        certainty=Certainty.LIKELY if _noted_too_early(audit, noted.content) else Certainty.POSSIBLE,
        remedy=Remedy(
            text="Write last_good_tag only after the health check, and keep the release before it. A drill proves it.",
            commands=(f"ghcr-audit run {shlex.quote(audit.target.name)} --mode drill",),
        ),
    )


def _noted_too_early(audit: Audit, noted: str) -> bool:
    """A release without an image was never healthy; one that runs sick is all there is, unless another is noted too."""
    running = delivered.running_tag(audit)
    if noted != running:
        return published(audit, noted)[0] is False
    others = {one.content for one in state_files(audit.newest(HOST_STATE)) or () if one.plain}
    return not any(_is_other(audit, one, running) for one in others)


def _is_other(audit: Audit, tag: str, running: str) -> bool:
    return tag != running and re.fullmatch(audit.target.tag_pattern, tag) is not None
