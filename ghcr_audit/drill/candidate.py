"""Where a rollback goes: the release that a drill goes back to, and why that one. Pure.

Every word here comes from a host, a registry or an operator: only what is a tag by its grammar is ever taken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.drill.snapshot import Phase, Snapshot, snapshot
from ghcr_audit.images import is_tag
from ghcr_audit.registry.views import BY_TRUST, digest_in_registry, published, references, view
from ghcr_audit.tags import name_order

_MAX_ASKED = 50
"""Of so many older releases at most it is looked whether they were published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release to go back to. `proven`: somebody answers for it - the operator, an audit, or the host itself."""

    tag: str
    source: str
    """Why this one, in a few words."""
    proven: bool


def candidate(audit: Audit) -> Candidate | None:
    """The release to go back to, never the audited one; None when there is none.

    The operator's choice stands alone: where it cannot be meant, no other is taken instead.
    """
    named = audit.rollback_to
    found = _named(named) if named is not None else _known(audit)
    return next((one for one in found if is_tag(one.tag) and one.tag not in (audit.tag, "latest")), None)


def _named(tag: str) -> Iterator[Candidate]:
    yield Candidate(tag=tag, source="named by the operator", proven=True)


def _known(audit: Audit) -> Iterator[Candidate]:
    """The surest first."""
    before = snapshot(audit, Phase.BEFORE)
    ran = _ran_before(audit, before)
    if ran is not None and healthy(before):
        yield Candidate(tag=ran, source="it ran before, healthy", proven=True)
    for tag in audit.history:
        yield Candidate(tag=tag, source="an earlier audit saw it healthy", proven=True)
    if (last := _last_good(audit, before)) is not None:
        yield Candidate(tag=last, source="the host notes it as its last good release", proven=True)
    if ran is not None:
        yield Candidate(tag=ran, source="it ran before, though not healthy", proven=False)
    for tag in _older(audit):
        yield Candidate(tag=tag, source="the newest older release that is published", proven=False)


def healthy(seen: Snapshot) -> bool:
    """The service runs, and neither Docker's health check nor the health URL says otherwise."""
    service = seen.service
    if service is None or service.status != "running" or service.health not in (None, "healthy"):
        return False
    return seen.http_healthy is not False


def _ran_before(audit: Audit, before: Snapshot) -> str | None:
    """The tag that the running container was started by; where that names no release, one that names its digest."""
    if before.service is None:
        return None
    name, text = audit.target.image_ref.name, before.service.image_text
    own = text.removeprefix(f"{name}:")
    if own not in (text, "latest") and is_tag(own):
        return own
    held = before.service.digests_of(name)
    known = (tag for tag in references(audit) if is_tag(tag) and tag != "latest")
    return next((tag for tag in known if digest_in_registry(audit, tag)[0] in held), None)


def _last_good(audit: Audit, before: Snapshot) -> str | None:
    deploy = audit.target.deploy
    name = deploy.last_good_file.rpartition("/")[2] if deploy is not None else ""
    return next((file.content for file in before.state_files or () if file.name == name and file.plain), None)


def _older(audit: Audit) -> Iterator[str]:
    """Published releases older than the audited one, the newest first; the order is that of their names."""
    listed = {tag for key in BY_TRUST for tag in _listed(audit, key)}
    in_git = {tag.name for tag in facts.git_tags(audit.newest("git.tags")) or ()}
    matching = (tag for tag in listed | in_git if is_tag(tag) and re.fullmatch(audit.target.tag_pattern, tag))
    older = (tag for tag in matching if name_order(tag) < name_order(audit.tag))
    for tag in sorted(older, key=name_order, reverse=True)[:_MAX_ASKED]:
        if published(audit, tag)[0]:
            yield tag


def _listed(audit: Audit, key: str) -> tuple[str, ...]:
    seen = view(audit, key)
    return seen.tags.tags if seen is not None and seen.tags is not None else ()
