"""Incidents in the git repository and in what the registry holds of its releases."""

from __future__ import annotations

from lab.bring_up import IMAGE_NAME
from lab.images import publish_artifact, publish_release, this_architecture
from lab.lab import Lab
from lab.repository import WorkflowFlaw, break_workflow, next_release

SICK, DISAGREEING, FOREIGN, REFUSED, UNBUILT, ARTIFACT = (f"20260{day}-080000" for day in range(122, 128))
"""Releases that an incident adds to the repository's own."""
UNKNOWN = "20200101-000000"
"""A release that neither git nor the registry knows."""


def swap_arguments(lab: Lab) -> None:
    """Incident 1."""
    break_workflow(lab.repository, WorkflowFlaw.ARGUMENT_ORDER)


def order_by_date(lab: Lab) -> None:
    """Incident 13; three of the lab's tags share a date already."""
    break_workflow(lab.repository, WorkflowFlaw.ORDER_BY_DATE)


def refuse_the_push(lab: Lab) -> None:
    """Incident 7: a release whose image could not be pushed."""
    break_workflow(lab.repository, WorkflowFlaw.PACKAGES_READ_ONLY)
    next_release(lab.repository, REFUSED)


def never_start(lab: Lab) -> None:
    """Incident 8: a release whose image nobody built, and a deploy workflow that GitHub does not find."""
    for flaw in (WorkflowFlaw.TAGS_IGNORED, WorkflowFlaw.TRIGGER_BRANCH):
        break_workflow(lab.repository, flaw)
    next_release(lab.repository, UNBUILT)


def release_for_others(lab: Lab) -> None:
    """Incident 14: an image for the processor that this machine does not have."""
    next_release(lab.repository, FOREIGN)
    foreign = "arm64" if this_architecture() == "amd64" else "amd64"
    publish_release(
        lab.upstream,
        IMAGE_NAME,
        FOREIGN,
        busybox=lab.busybox,
        port=lab.health_port,
        architecture=foreign,
        as_index=True,
    )


def push_again(lab: Lab) -> None:
    """Another image under the tag that runs."""
    tag = lab.releases.running
    publish_release(lab.upstream, IMAGE_NAME, tag, busybox=lab.busybox, port=lab.health_port, salt="pushed again")


def release_an_artifact(lab: Lab) -> None:
    """A tag that names a Helm chart: a manifest that the registry serves and no engine runs."""
    next_release(lab.repository, ARTIFACT)
    publish_artifact(lab.upstream, IMAGE_NAME, ARTIFACT)


def release_sick(lab: Lab) -> None:
    """A release whose health URL and health check both fail."""
    next_release(lab.repository, SICK)
    publish_release(lab.upstream, IMAGE_NAME, SICK, busybox=lab.busybox, port=lab.health_port, sick=True)


def release_disagreeing(lab: Lab) -> None:
    """A release whose health check inside fails while its URL answers well."""
    next_release(lab.repository, DISAGREEING)
    publish_release(lab.upstream, IMAGE_NAME, DISAGREEING, busybox=lab.busybox, port=lab.health_port, disagree=True)
