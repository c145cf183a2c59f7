"""One drill in a process of its own, which may be killed, stopped, starved, or shown a wrong clock.

As a program: `python -m lab.faults.drilling TARGET_FILE JOURNALS TAG RUN rollback|none [CLOCK_FILE]`; `none` leaves
out the target's own rollback. The last line that it prints is what it has to tell (`Told`). Like the flow, it restores
its host when it is interrupted (SIGTERM, an error), and then ends with that.
"""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pydantic import BaseModel, ConfigDict, ValidationError

from ghcr_audit.adapters import clock, drill, walk
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import Step
from ghcr_audit.evidence import Mode
from ghcr_audit.links.deploy import refused
from ghcr_audit.report.making import report_of
from ghcr_audit.targets import read_target
from lab.errors import LabError
from lab.faults.site import Site

LIMIT_S = 120
ENDS_WITHIN_S = 120
"""So long a drill may take to end by itself, once a fault has struck."""
_CHECKOUT = Path(__file__).parents[2]


class Told(BaseModel):
    """What a drill says when it is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: str
    refused: tuple[str, ...] = ()
    """Names of the conditions that forbade it; none: it began."""


@contextmanager
def drill_process(
    site: Site, audit: Audit, *, rollback: bool = True, clock_file: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A drill of this audit's release and run; it is killed at the end of the block, if it still is there."""
    words = (str(site.target_file), str(site.folder), audit.tag, audit.run, "rollback" if rollback else "none")
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.faults.drilling", *words, *([str(clock_file)] if clock_file else [])],
        cwd=_CHECKOUT,
        env={name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def ended(process: subprocess.Popen[str]) -> str:
    """What a drill printed, once it has ended.

    Raises:
        LabError: it does not.
    """
    try:
        return process.communicate(timeout=ENDS_WITHIN_S)[0]
    except subprocess.TimeoutExpired:
        raise LabError(f"a drill did not end within {ENDS_WITHIN_S} s") from None


def told_by(output: str) -> Told | None:
    """What a drill said at its end; None when it came to no end of its own."""
    lines = output.splitlines()
    try:
        return Told.model_validate_json(lines[-1]) if lines else None
    except ValidationError:
        return None


def at_step(site: Site, step: Step) -> bool:
    """Whether the journal on the host says that this step is about to be taken."""
    try:
        text = (site.place / "journal").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return f"\nstep {step.value}\n" in text


def await_step(site: Site, step: Step, process: subprocess.Popen[str] | None = None) -> None:
    """Until the journal on the host says that this step is about to be taken.

    Raises:
        LabError: it does not within two minutes, or the process has ended before.
    """
    deadline = time.monotonic() + LIMIT_S
    while not at_step(site, step):
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise LabError(f"no drill came to step {step.value}")
        time.sleep(0.005)


def main() -> None:
    """Drill, and tell."""
    file, folder, tag, run, rollback, *clock_file = sys.argv[1:]
    if clock_file:
        show_clock(Path(clock_file[0]))
    signal.signal(signal.SIGTERM, _interrupted)
    audit = Audit(target=read_target(Path(file)), tag=tag, mode=Mode.DRILL, run=run, started_at=clock.utc_now())
    audit = drilled(audit, FolderJournals(Path(folder)), rollback=rollback == "rollback")
    close_connections()
    verdict = report_of(audit, finished_at=clock.utc_now()).verdict.value
    forbidden = () if audit.newest("before.journal") else refused(audit)
    print(Told(verdict=verdict, refused=tuple(one.key for one in forbidden)).model_dump_json())


def drilled(audit: Audit, journals: FolderJournals, *, rollback: bool) -> Audit:
    """The whole drill; what interrupts it is raised again once the host is put back."""
    try:
        audit = drill.deploy(walk.preflight(audit), journals)
        if rollback:
            audit = drill.roll_back(audit, journals)
        return drill.finished(audit, journals)
    except BaseException:
        close_connections()
        drill.finished(audit, journals)
        raise


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def show_clock(file: Path) -> None:
    """From now on this process's clock is wrong by so many seconds as the file says at that moment."""

    class Wrong(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Wrong:
            return super().now(tz) + datetime.timedelta(seconds=float(file.read_text(encoding="ascii")))

    vars(clock)["datetime"] = Wrong


if __name__ == "__main__":
    main()
