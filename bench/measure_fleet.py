"""Many hosts from one process, without Prefect: how wall clock, processor time and memory grow with each host."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.figures import slope
from bench.fleet_process import COMMANDS
from bench.machine import load, machine
from bench.results import FleetPoint, FleetResult
from bench.site import Site

WHOLE = (1, 10, 50, 100, 200)
QUICK = (1, 20)
_LIMIT_S = 240
_BASE, _MANY = 1, 100


def measure_fleet(site: Site, sizes: tuple[int, ...], log: Callable[[str], None]) -> FleetResult:
    """One process for each size of fleet; all its targets lead to the same host."""
    before = load()
    site.line.round_trip_s = 0.0
    for number in range(max(sizes)):
        site.add_target(f"host-{number}")
    points = tuple(_point(site, hosts, log) for hosts in sizes)
    memory = [(float(point.hosts), point.peak_mb) for point in points]
    peaks = dict(memory)
    grown = peaks[_MANY] - peaks[_BASE] if _MANY in peaks else slope(memory) * (_MANY - _BASE)
    return FleetResult(
        commands=len(COMMANDS),
        points=points,
        cpu_ms_per_host=round(slope([(point.hosts, point.cpu_s * 1000) for point in points]), 1),
        peak_mb_at_100=round(grown, 1),
        machine=machine(load_before=before),
    )


def _point(site: Site, hosts: int, log: Callable[[str], None]) -> FleetPoint:
    done = subprocess.run(
        (sys.executable, "-m", "bench.fleet_process", str(hosts)),
        env=dict(site.environment),
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=True,
    )
    point = FleetPoint.model_validate_json(done.stdout)
    log(f"fleet: {hosts:3d} hosts: {point.wall_s:6.2f} s, cpu {point.cpu_s:.2f} s, peak {point.peak_mb:.0f} MB")
    return point
