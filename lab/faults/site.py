"""The lab's chain as a target that is drilled, and how it is brought back to a known state."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Mode
from ghcr_audit.targets import Target, read_target
from lab.faults.sameness import leftovers_on_host, pins, running
from lab.incidents.host_deeds import wait_for_health
from lab.lab import Lab
from lab.repository import RELEASES
from lab.target import Setting

OLD, NEW = RELEASES.running, RELEASES.newest_published
"""What runs before a drill, and what it deploys."""
SHORT: Mapping[str, Setting | None] = {"deploy__lease_s": 5, "deploy__limit_s": 20}
"""A lease and a limit as short as they may be: whoever recovers waits for their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The lab's chain as target `observer`, and the controller's folder of journals."""

    lab: Lab
    target: Target
    target_file: Path
    folder: Path
    root: Path = Path("/")
    """Where the host's files are seen: another root while something is mounted in the host's own view alone."""

    @property
    def journals(self) -> FolderJournals:
        """The controller's copies."""
        return FolderJournals(self.folder)

    @property
    def controllers_copy(self) -> Path:
        """The file of the controller's open journal."""
        return self.folder / "observer.journal"

    @property
    def state_folder(self) -> Path:
        """What the product keeps on the host."""
        home = self.lab.folder / "home"
        return self.root / home.relative_to("/") / ".local" / "state" / "ghcr-audit"

    @property
    def place(self) -> Path:
        """Where a drill of this container lies on the host."""
        return self.state_folder / "observer"

    def audit(self, tag: str, *, rollback_to: str | None = None, forced: str = "") -> Audit:
        """A drill of this release, nothing observed yet."""
        return Audit(
            target=self.target,
            tag=tag,
            mode=Mode.DRILL,
            run=str(uuid.uuid4()),
            started_at=utc_now(),
            rollback_to=rollback_to,
            forced=forced,
        )


def site_of(lab: Lab, folder: Path, **overrides: Setting | None) -> Site:
    """A site in this folder of the caller's own; overrides as `Lab.target_toml` takes them."""
    file = folder / "observer.toml"
    file.write_text(lab.target_toml(**overrides), encoding="utf-8")
    return Site(lab=lab, target=read_target(file), target_file=file, folder=folder / "journals")


def leftovers(site: Site) -> list[str]:
    """What a drill that is over has left behind, on the host and with the controller."""
    kept = [f"controller: {one.name}" for one in sorted(site.folder.glob("*.journal*"))]
    return [*leftovers_on_host(site.lab, site.place), *kept]


def forget(site: Site) -> None:
    """What a person does at last with a drill that cannot be closed: pins, journals and lease are removed by hand."""
    for name in pins(site.lab):
        site.lab.docker("image", "rm", "--no-prune", name)
    shutil.rmtree(site.place, ignore_errors=True)
    site.controllers_copy.unlink(missing_ok=True)


def put_back(site: Site) -> None:
    """The lab as the next drill expects it, also after one that failed in its middle."""
    close_connections()
    lab = site.lab
    lab.set_flaws()
    lab.gateway.switch(reset=True)
    lab.store_credential(lab.tokens.good)
    if leftovers(site):
        forget(site)
        lab.deploy(lab.releases.running)


def made_known(site: Site) -> None:
    """The running release runs and is healthy, and the new one lies on the host.

    Raises:
        LabError: it cannot be had; what follows would prove nothing.
    """
    lab = site.lab
    put_back(site)
    if running(lab) != OLD:
        lab.deploy(OLD)
    for tag in (OLD, NEW):
        if lab.docker("image", "inspect", f"{lab.image}:{tag}").returncode != 0:
            lab.pull(tag)
    wait_for_health(lab, "healthy")
