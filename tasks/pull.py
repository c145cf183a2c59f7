"""Pull: the host's own docker fetches the release."""

from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from ghcr_audit.adapters import walk
from ghcr_audit.audit import Audit
from ghcr_audit.commands import Progress
from ghcr_audit.evidence import Link, Mode
from ghcr_audit.watching import watcher
from tasks.link import link_task


@link_task(Link.PULL)
def pull(audit: Audit) -> Audit:
    """Pull the tag and `latest`, once, in the modes that may."""
    if audit.mode is Mode.OBSERVE or audit.newest("pull.tag") is not None:
        return audit
    return walk.pull_release(audit, _PullProgress(audit))


class _PullProgress:
    """Shows how many layers a running pull has, as a Prefect progress artifact."""

    def __init__(self, audit: Audit) -> None:
        self._key = f"{audit.target.name}-pull-progress"
        self._description = f"layers of {audit.image}"
        made = create_progress_artifact(progress=0.0, key=self._key, description=self._description)
        self._artifact = cast(UUID, made)
        self._shown = 0.0

    def __call__(self, progress: Progress) -> None:
        """Update the artifact when there is something new to show."""
        watcher().pulls(progress)
        percent = 100.0 * min(progress.done, progress.total) / max(progress.total, 1)
        if progress.key == "pull.tag" and percent > self._shown:
            self._shown = percent
            update_progress_artifact(self._artifact, progress=percent, description=self._description)
