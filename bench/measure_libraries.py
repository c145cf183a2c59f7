"""SSH libraries side by side: each carries the same framed script to the same host, many times."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict

from bench.fleet_process import COMMANDS
from bench.machine import load, machine
from bench.opponents import programs
from bench.results import LibrariesResult, LibraryPoint
from bench.site import Site
from ghcr_audit.framing import framed_script

_WAYS = {"paramiko": "paramiko", "asyncssh": "asyncssh", "openssh": "the OpenSSH client, a process for each host"}
_ROUNDS, _FEW, _MANY = 3, 1, 24
_FAR_S = 0.1
_LIMIT_S = 120


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_s: float
    cpu_s: float
    import_s: float


def measure_libraries(site: Site, log: Callable[[str], None]) -> LibrariesResult:
    """CPU time by the difference between few and many hosts, interleaved; then one host far away."""
    before = load()
    folder = _prepared(site)
    return LibrariesResult(points=tuple(_points(site, folder, log)), machine=machine(load_before=before))


def _prepared(site: Site) -> Path:
    """The folder with what the play has to know."""
    folder = site.folder / "libraries"
    folder.mkdir()
    nonce = secrets.token_hex(16)
    (folder / "script").write_text(framed_script(COMMANDS, nonce=nonce), encoding="utf-8")
    told = {
        "port": site.line.port,
        "user": site.user,
        "key": str(site.key),
        "known_hosts": str(site.known_hosts),
        "script": str(folder / "script"),
        "end": f"{nonce} end",
    }
    (folder / "play.json").write_text(json.dumps(told))
    return folder


def _points(site: Site, folder: Path, log: Callable[[str], None]) -> Iterator[LibraryPoint]:
    site.line.round_trip_s = 0.0
    goes = [
        {name: (_go(site, folder, name, _FEW), _go(site, folder, name, _MANY)) for name in _WAYS}
        for _ in range(_ROUNDS)
    ]
    site.line.round_trip_s = _FAR_S
    for name, words in _WAYS.items():
        added_s = median(many.cpu_s - few.cpu_s for few, many in (one[name] for one in goes))
        point = LibraryPoint(
            library=name,
            words=words,
            cpu_ms_per_host=round(added_s * 1000 / (_MANY - _FEW), 1),
            import_ms=round(median(few.import_s for few, _ in (one[name] for one in goes)) * 1000, 1),
            far_s=round(median(_go(site, folder, name, 1).wall_s for _ in range(_ROUNDS)), 3),
        )
        log(f"libraries: {name}: {point.cpu_ms_per_host} ms of CPU a host, {point.far_s} s at 100 ms")
        yield point


def _go(site: Site, folder: Path, library: str, hosts: int) -> _Told:
    python = programs("python") if library == "asyncssh" else sys.executable
    done = subprocess.run(
        (python, str(Path(__file__).parent / "plays" / "libraries_play.py"), library, str(hosts)),
        env=dict(site.environment),
        cwd=folder,
        capture_output=True,
        timeout=_LIMIT_S,
        check=True,
    )
    return _Told.model_validate_json(done.stdout)
