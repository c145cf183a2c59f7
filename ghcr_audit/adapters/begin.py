"""The beginning of an audit: which target, which tag, which run."""

import os
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ghcr_audit import facts
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.audit import Audit
from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Mode, newest
from ghcr_audit.images import check_tag
from ghcr_audit.redaction import current_redactor
from ghcr_audit.tags import name_order, release_tags
from ghcr_audit.targets import Target, load_target

TARGETS_VARIABLE = "GHCR_AUDIT_TARGETS"
"""Names another folder of target files than the checkout's deployments/targets."""
FORCE_CHARS = 200
FORCE_PATTERN = r"^[^\x00-\x20\x7f-\xa0\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,199}$"
"""Grammar of the reason for a forced drill: one line that says something."""


def targets_folder() -> Path:
    """Where target files lie."""
    named = os.environ.get(TARGETS_VARIABLE)
    return Path(named) if named else Path(__file__).parents[2] / "deployments" / "targets"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillWishes:
    """What the operator says about a drill, as it was written; checked by `begin`."""

    rollback_to: str | None = None
    """The release to roll back to; None: the drill finds one."""
    force: str | None = None
    """Why a drill is forced on a host that is not as it should be; None: it is not."""


NO_WISHES = DrillWishes()


def begin(
    target: str,
    tag: str | None,
    mode: Mode,
    *,
    wishes: DrillWishes = NO_WISHES,
    run: str | None = None,
    started_at: datetime | None = None,
) -> Audit:
    """A new audit; nothing was observed yet.

    Raises:
        ConfigurationError: unknown or malformed target, a drill that it forbids, impossible tag, or no tag to be found.
    """
    loaded = load_target(target, targets_folder())
    _check_mode(loaded, mode, wishes)
    return Audit(
        target=loaded,
        tag=check_tag(tag) if tag else newest_release(loaded),
        mode=mode,
        run=run or str(uuid.uuid4()),
        started_at=started_at or utc_now(),
        rollback_to=check_tag(wishes.rollback_to) if wishes.rollback_to else None,
        forced=_reason(wishes.force),
    )


def _check_mode(target: Target, mode: Mode, wishes: DrillWishes) -> None:
    if mode is not Mode.DRILL and (wishes.rollback_to or wishes.force):
        raise ConfigurationError(f"mode: rollback_to and force belong to a drill (got mode {mode.value})")
    if mode is Mode.DRILL and target.drill != "allowed":
        raise ConfigurationError(
            f"{target.name}: drill: is 'forbidden' in the target file",
            hint='A drill deploys and rolls back on the real host. Where that may be: drill = "allowed" and [deploy].',
        )


def _reason(text: str | None) -> str:
    if text is None:
        return ""
    if not re.fullmatch(FORCE_PATTERN, text):
        raise ConfigurationError(
            f"force: not a reason (got {shown(text)}, expected 1-{FORCE_CHARS} characters in one line)"
        )
    if current_redactor().redact(text) != text:
        raise ConfigurationError("force: holds what looks like a secret (not shown); the reason stands in the report")
    return text


def newest_release(target: Target) -> str:
    """The newest release tag of the repository; without a repository, of what the registry lists to anybody.

    Raises:
        ConfigurationError: there is none, or none can be seen.
    """
    names = _in_git(target) if target.repository else _in_registry(target)
    if not names:
        place = f"repository {target.repository}" if target.repository else f"registry, for {target.image}"
        raise ConfigurationError(
            f"{target.name}: find the newest release: no tag matching {target.tag_pattern!r} was seen ({place})",
            hint="Name the tag: --tag TAG.",
        )
    return check_tag(names[-1])


def _in_git(target: Target) -> list[str]:
    from ghcr_audit.adapters.git import observe_repository

    seen = observe_repository(target.repository or "")
    tags = facts.git_tags(newest(seen, "git.tags")) or ()
    return [tag.name for tag in release_tags(tags, target.tag_pattern)]


def _in_registry(target: Target) -> list[str]:
    from ghcr_audit.adapters.registry import RegistryClient  # HTTP and TLS, most often not needed here

    image = target.image_ref
    with RegistryClient(image.registry, token_host=target.token_host) as client:
        listed = client.tags(image.repository).tags
    return sorted((tag for tag in listed if re.fullmatch(target.tag_pattern, tag)), key=name_order)
