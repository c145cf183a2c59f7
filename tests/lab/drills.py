"""Drills of the lab's chain, without Prefect; and its host before and after, looked at past the product.

As a program: `python -m tests.lab.drills TARGET_FILE JOURNALS TAG RUN rollback|none` is one drill, which another
process may kill; `none` leaves out the target's own rollback.
"""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghcr_audit.adapters import drill, walk
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.journals import FolderJournals
from ghcr_audit.adapters.recover import Outcome, Recovery, recover
from ghcr_audit.audit import Audit
from ghcr_audit.drill.journal import Step
from ghcr_audit.evidence import Mode
from ghcr_audit.report_model import Report
from ghcr_audit.reporting import report_of
from ghcr_audit.targets import Target, read_target
from lab.lab import Lab
from lab.place import place_of
from lab.processes import processes_in
from lab.target import Setting
from tests.lab.host_flaws import wait_until_healthy

LIMIT_S = 60
_CONTAINERS = ("observer", "observer-alertmanager", "observer-grafana", "observer-postgres", "observer-prometheus")
_KEPT = ("lock",)
"""What stays in a drill's place on the host: the file that is locked, always empty."""
_PIN = "ghcr-audit/pin"
_MARKS = (b"GHCR_AUDIT_DRILL=", b"/.local/state/ghcr-audit")
"""Of a process that belongs to a drill: in its environment, in its command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The lab's chain as target `observer`, and the controller's folder of journals."""

    lab: Lab
    target: Target
    target_file: Path
    folder: Path

    @property
    def journals(self) -> FolderJournals:
        """The controller's copies."""
        return FolderJournals(self.folder)

    @property
    def controllers_copy(self) -> Path:
        """The file of the controller's open journal."""
        return self.folder / "observer.journal"

    @property
    def place(self) -> Path:
        """Where a drill of this container lies on the host."""
        return self.lab.folder / "home" / ".local" / "state" / "ghcr-audit" / "observer"

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
    """A site in this folder of the test's own; overrides as `Lab.target_toml` takes them."""
    file = folder / "observer.toml"
    file.write_text(lab.target_toml(**overrides), encoding="utf-8")
    return Site(lab=lab, target=read_target(file), target_file=file, folder=folder / "journals")


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


@contextmanager
def drill_process(site: Site, audit: Audit, *, rollback: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """The same drill in a process of its own; it is killed at the end of the block, if it still is there."""
    words = (str(site.target_file), str(site.folder), audit.tag, audit.run, "rollback" if rollback else "none")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lab.drills", *words],
        cwd=Path(__file__).parents[2],
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


def await_step(site: Site, step: Step) -> None:
    """Until the journal on the host says that this step is about to be taken."""
    line, file = f"step {step.value}\n", site.place / "journal"
    deadline = time.monotonic() + LIMIT_S
    while not (file.exists() and line in _text(file)):
        assert time.monotonic() < deadline, f"no drill came to step {step.value}"
        time.sleep(0.005)


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
        step = next(line.partition(" ")[2] for line in text.splitlines() if line.startswith("step "))
        self._acts.pop(step, _nothing)()


def _nothing() -> None:
    return None


@contextmanager
def meanwhile(site: Site, step: Step, act: Callable[[], None]) -> Iterator[None]:
    """Do this as soon as the drill in the block comes to that step; what goes wrong there fails the test."""
    failures: list[BaseException] = []

    def wait_and_act() -> None:
        try:
            await_step(site, step)
            act()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)

    thread = threading.Thread(target=wait_and_act, daemon=True)
    thread.start()
    yield
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def recovered(site: Site, *, look: bool = False, own: str | None = None) -> Recovery:
    """Recover as a watcher does: again when it is busy, as soon as the lease may have expired."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        found = recover(site.target, site.journals, run=own or str(uuid.uuid4()), own=own is not None, look=look)
        if found.outcome is not Outcome.BUSY:
            return found
        assert time.monotonic() < deadline, found.told
        time.sleep(min(found.wait_s, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """All of a host that a drill must leave as it was."""

    containers: tuple[str, ...]
    image: tuple[str, ...]
    """The service's image id, and what it was started from."""
    setup: tuple[str, ...]
    """Mounts, networks, restart policy, names of its environment, compose's hash."""
    sidecars: tuple[str, ...]
    """Their ids, and that they run."""
    tags: tuple[str, ...]
    files: tuple[str, ...]
    health: tuple[str, ...]


def sameness(lab: Lab) -> Sameness:
    """The host as it is now, by root and the engine's own API; the service is given time to be healthy."""
    wait_until_healthy(lab)
    service, *others = (_inspected(lab, name) for name in _CONTAINERS)
    listed = lab.docker("image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").stdout.decode()
    return Sameness(
        containers=tuple(sorted(lab.docker("ps", "--all", "--format", "{{.Names}}").stdout.decode().split())),
        image=(service["Image"], service["Config"]["Image"]),
        setup=_setup(service),
        sidecars=tuple(f"{one['Name']} {one['Id']} {one['State']['Status']}" for one in others),
        tags=tuple(sorted(line for line in listed.splitlines() if "<none>" not in line and _PIN not in line)),
        files=tuple(sorted(map(_file, _deployment_files(lab)))),
        health=(service["State"]["Health"]["Status"], *_asked(lab)),
    )


def leftovers(site: Site) -> list[str]:
    """What a drill that is over has left behind; what is about to end is given three seconds."""
    deadline = time.monotonic() + 3
    while (found := _leftovers(site)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


@contextmanager
def host_kept(site: Site) -> Iterator[None]:
    """Whatever happens in the block, the host is the same after it, and nothing of a drill is left anywhere."""
    before = sameness(site.lab)
    yield
    after, left = sameness(site.lab), leftovers(site)
    assert after == before, f"{after}\n{before}"
    assert left == [], left


def forget(site: Site) -> None:
    """What a person does at last with a drill that cannot be closed: pins, journals and lease are removed by hand."""
    for name in _pins(site.lab):
        site.lab.docker("image", "rm", "--no-prune", name)
    shutil.rmtree(site.place, ignore_errors=True)
    site.controllers_copy.unlink(missing_ok=True)


def put_back(site: Site) -> None:
    """The lab as the next test expects it, also after one that failed in mid-drill."""
    close_connections()
    site.lab.set_flaws()
    site.lab.gateway.switch(reset=True)
    site.lab.store_credential(site.lab.tokens.good)
    if _leftovers(site):
        forget(site)
        site.lab.deploy(site.lab.releases.running)


def running(lab: Lab) -> str:
    """The tag that the service was started from."""
    return str(_inspected(lab, "observer")["Config"]["Image"]).rpartition(":")[2]


def _inspected(lab: Lab, name: str) -> Any:  # noqa: ANN401 - the engine's own JSON
    done = lab.docker("inspect", name)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0]


def _setup(service: Any) -> tuple[str, ...]:  # noqa: ANN401 - the engine's own JSON
    mounts = sorted(f"{one['Type']} {one.get('Source')} {one['Destination']} {one['RW']}" for one in service["Mounts"])
    names = sorted(text.partition("=")[0] for text in service["Config"]["Env"])
    host, labels = service["HostConfig"], service["Config"]["Labels"]
    networks = sorted(service["NetworkSettings"]["Networks"])
    policy = host["RestartPolicy"]["Name"]
    return (*mounts, *networks, host["NetworkMode"], policy, *names, labels["com.docker.compose.config-hash"])


def _deployment_files(lab: Lab) -> list[Path]:
    folder = lab.deploy_dir
    own = [folder / name for name in (".env", "compose.yml", "server_deploy.sh")]
    return own + [path for path in (folder / "runtime" / "state").iterdir()]


def _file(path: Path) -> str:
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_uid}"


def _asked(lab: Lab) -> tuple[str, str]:
    """What the service itself answers: status and version."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.health_port, timeout=3)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return str(answer.status), str(json.loads(answer.read())["version"])
    finally:
        connection.close()


def _leftovers(site: Site) -> list[str]:
    entries = site.place.iterdir() if site.place.exists() else ()
    return [
        *(f"on the host: {one.name}" for one in entries if one.name not in _KEPT),
        *(f"image {name}" for name in _pins(site.lab)),
        *_processes(site.lab),
        *([f"controller: {site.controllers_copy.name}"] if site.controllers_copy.exists() else []),
    ]


def _pins(lab: Lab) -> list[str]:
    return lab.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", _PIN).stdout.decode().split()


def _processes(lab: Lab) -> list[str]:
    """Processes of the host that belong to a drill."""
    place = place_of(lab.name)
    folders = (Path("/proc", str(one.pid)) for one in processes_in(place.folder, cgroup=place.cgroup))
    return [f"process {folder.name}: {_bytes(folder / 'cmdline')[-200:]!r}" for folder in folders if _marked(folder)]


def _marked(folder: Path) -> bool:
    environment, command_line = _MARKS
    return environment in _bytes(folder / "environ") or command_line in _bytes(folder / "cmdline")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _text(file: Path) -> str:
    return _bytes(file).decode("utf-8", "replace")


def main() -> None:
    """One drill; the last line that it prints is its verdict."""
    file, folder, tag, run, rollback = sys.argv[1:]
    journals = FolderJournals(Path(folder))
    audit = Audit(target=read_target(Path(file)), tag=tag, mode=Mode.DRILL, run=run, started_at=utc_now())
    audit = drill.deploy(looked(audit), journals)
    if rollback == "rollback":
        audit = drill.roll_back(audit, journals)
    audit = drill.finished(audit, journals)
    close_connections()
    print(report(audit).verdict.value)


if __name__ == "__main__":
    main()
