"""The event that says a release was published: who emits it names a target and a tag, and nothing else counts."""

import re

from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Value
from ghcr_audit.images import check_tag
from ghcr_audit.targets import NAME_PATTERN

RELEASE_EVENT = "ghcr-audit.release"
RESOURCE_PREFIX = "ghcr-audit.target."


class Release(Value):
    """The payload. The trigger in prefect.yaml takes these two values, and no other, from it."""

    target: str
    tag: str


class ReleaseEvent(Value):
    """One event as Prefect's API takes it (`POST /events` takes a list of them)."""

    occurred: str
    event: str = RELEASE_EVENT
    resource: dict[str, str]
    payload: Release
    id: str


def release_event(target: str, tag: str, *, occurred: str, event_id: str) -> ReleaseEvent:
    """The event for one release. `occurred` is ISO 8601 with an offset, `event_id` a UUID.

    Raises:
        ConfigurationError: a name that no target can have, or a tag that no image can have.
    """
    if not re.fullmatch(NAME_PATTERN, target):
        raise ConfigurationError(
            f"target: {shown(target)} is no target name",
            hint="A name has small letters, digits and single dashes.",
        )
    resource = {"prefect.resource.id": f"{RESOURCE_PREFIX}{target}", "prefect.resource.name": target}
    payload = Release(target=target, tag=check_tag(tag))
    return ReleaseEvent(occurred=occurred, resource=resource, payload=payload, id=event_id)
