"""The beginning of an audit: which target, which tag, which run."""

import os
import re
import uuid
from datetime import datetime
from pathlib import Path

from ghcr_audit import facts
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.git import observe_repository
from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.audit import Audit
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Mode, newest
from ghcr_audit.images import check_tag
from ghcr_audit.tags import name_order, release_tags
from ghcr_audit.targets import Target, load_target

TARGETS_VARIABLE = "GHCR_AUDIT_TARGETS"
"""Names another folder of target files than the checkout's deployments/targets."""


def targets_folder() -> Path:
    """Where target files lie."""
    named = os.environ.get(TARGETS_VARIABLE)
    return Path(named) if named else Path(__file__).parents[2] / "deployments" / "targets"


def begin(
    target: str, tag: str | None, mode: Mode, *, run: str | None = None, started_at: datetime | None = None
) -> Audit:
    """A new audit; nothing was observed yet.

    Raises:
        ConfigurationError: unknown or malformed target, impossible tag, or no tag to be found.
    """
    loaded = load_target(target, targets_folder())
    if mode is Mode.DRILL:
        raise ConfigurationError("mode: 'drill' is not available in this version", hint="Use observe or pull.")
    return Audit(
        target=loaded,
        tag=check_tag(tag) if tag else newest_release(loaded),
        mode=mode,
        run=run or str(uuid.uuid4()),
        started_at=started_at or utc_now(),
    )


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
    seen = observe_repository(target.repository or "")
    tags = facts.git_tags(newest(seen, "git.tags")) or ()
    return [tag.name for tag in release_tags(tags, target.tag_pattern)]


def _in_registry(target: Target) -> list[str]:
    image = target.image_ref
    with RegistryClient(image.registry, token_host=target.token_host) as client:
        listed = client.tags(image.repository).tags
    return sorted((tag for tag in listed if re.fullmatch(target.tag_pattern, tag)), key=name_order)
