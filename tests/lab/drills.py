"""Drills of the lab's chain, without Prefect, and with something done in their middle by the test itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ghcr_audit.adapters import drill, walk
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import parse
from ghcr_audit.report.making import report_of
from ghcr_audit.report.model import Report
from lab.faults.drilling import at_step, await_step, drill_process
from lab.faults.recovering import recovered
from lab.faults.sameness import Sameness, running, sameness
from lab.faults.site import Site, forget, leftovers, put_back, site_of

__all__ = [
    "ActingJournals",
    "Sameness",
    "Site",
    "at_step",
    "await_step",
    "deployed",
    "drill_process",
    "drilled",
    "forget",
    "host_kept",
    "leftovers",
    "looked",
    "put_back",
    "recovered",
    "report",
    "running",
    "sameness",
    "site_of",
    "walked",
]


def walked(audit: Audit) -> Audit:
    """The four links before the drill."""
    return walk.digest(walk.pull_release(walk.auth(walk.preflight(audit))))


def looked(audit: Audit) -> Audit:
    """The first of them alone: enough for a drill to begin, where the rest of the chain is not what is tested."""
    return walk.preflight(audit)


def drilled(site: Site, audit: Audit, **acts: Callable[[], None]) -> Audit:
    """The whole drill of an audit that has looked at the host; `acts` are done when their step is announced."""
    journals = ActingJournals(site.folder, **acts)
    audit = drill.deploy(audit, journals)
    audit = drill.roll_back(audit, journals)
    return drill.finished(audit, journals)


def report(audit: Audit) -> Report:
    """The report as it stands now."""
    return report_of(audit, finished_at=utc_now())


def deployed(site: Site, audit: Audit, **acts: Callable[[], None]) -> Audit:
    """A drill that is ended after the deploy, and its host put back: without the target's own rollback."""
    journals = ActingJournals(site.folder, **acts)
    return drill.finished(drill.deploy(audit, journals), journals)


class ActingJournals(FolderJournals):
    """Does something at the moment when the drill announces a step, before the host hears of it."""

    def __init__(self, folder: Path, **acts: Callable[[], None]) -> None:
        super().__init__(folder)
        self._acts = acts

    def write(self, target: str, text: str) -> None:
        super().write(target, text)
        self._acts.pop(parse(text).step.value, _nothing)()


def _nothing() -> None:
    return None


@contextmanager
def host_kept(site: Site) -> Iterator[None]:
    """Whatever happens in the block, the host is the same after it, and nothing of a drill is left anywhere."""
    before = sameness(site.lab)
    yield
    after, left = sameness(site.lab), leftovers(site)
    assert after == before, f"{after}\n{before}"
    assert left == [], left
