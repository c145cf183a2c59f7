"""Tags that were never published: a refused credential hides them, another vantage point tells."""

import shlex
from collections.abc import Iterator

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Finding, Remedy
from ghcr_audit.registry.views import published, repository_unknown
from ghcr_audit.tags import release_tags


def audited_tag(audit: Audit) -> Iterator[Finding]:
    """The audited tag is not in the registry."""
    there, keys = published(audit, audit.tag)
    if there is not False or repository_unknown(audit):
        return
    known = {tag.name for tag in facts.git_tags(audit.newest("git.tags")) or ()}
    if audit.tag in known:
        yield _never_published(audit, audit.tag, keys)
    else:
        text = f"The registry has no tag {audit.tag}" + (", and neither has git." if known else ".")
        yield Finding(
            cause=Cause.TAG_NOT_FOUND,
            certainty=Certainty.PROVEN,
            subject=audit.tag,
            summary=text,
            evidence_for=audit.keys("git.tags", *keys),
            remedy=Remedy(text="Audit a tag that exists: leave the tag out to take the newest release."),
        )


def repository(audit: Audit) -> Iterator[Finding]:
    """The registry knows no repository of this name: no tag of it can be missing."""
    if keys := repository_unknown(audit):
        image = audit.target.image_ref
        yield Finding(
            cause=Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG,
            certainty=Certainty.PROVEN,
            subject=image.name,
            summary=f"{image.registry} accepts the credential and says that there is no repository {image.repository}.",
            evidence_for=keys,
            remedy=Remedy(text="Compare image in the target file with the name that the workflow pushes to."),
        )


def unpublished_tags(audit: Audit) -> Iterator[Finding]:
    """Other release tags in git that the registry does not have."""
    if repository_unknown(audit):
        return
    found = facts.git_tags(audit.newest("git.tags")) or ()
    for tag in release_tags(found, audit.target.tag_pattern):
        there, keys = published(audit, tag.name)
        if there is False and tag.name != audit.tag:
            yield _never_published(audit, tag.name, keys)


def _never_published(audit: Audit, tag: str, keys: tuple[str, ...]) -> Finding:
    image = audit.target.image_ref
    repository = shlex.quote(audit.target.repository or ".")
    return Finding(
        cause=Cause.TAG_NOT_PUBLISHED,
        certainty=Certainty.PROVEN,
        subject=tag,
        summary=f"Git has the tag {tag}, but no image {image.name}:{tag} was ever pushed.",
        evidence_for=audit.keys("git.tags", *keys),
        remedy=Remedy(
            text=f"Look why no workflow built {tag} (Actions, runs for this tag; on.push.tags and branches-ignore of "
            "the workflow), then run it for the tag, or push the tag again.",
            commands=(f"git -C {repository} ls-tree --name-only {shlex.quote(tag)} .github/workflows/",),
        ),
    )
