"""One process that looks at many hosts: `python -m bench.fleet_process HOSTS`, told by GHCR_AUDIT_TARGETS.

Each target has a connection and one framed exec of cheap commands, so that what is measured is this side; as many at
once as the flow `fleet-audit` has. What was seen is kept to the end. Prints one line of JSON: hosts, wall_s, cpu_s,
peak_mb.
"""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.adapters.connections import close_connection, host_of
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.commands import Command
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.targets import load_target

AT_ONCE = 12
COMMANDS = tuple(
    Command(key=f"fleet.{number}", argv=argv)
    for number, argv in enumerate(
        (("whoami",), ("pwd",), ("uname", "-srm"), ("date", "-u", "+%s"), ("df", "-Pk", "/"), ("cat", "/proc/loadavg"))
    )
)


def look_at(name: str) -> tuple[Observation, ...]:
    """What a target's host answered."""
    target = load_target(name, targets_folder())
    try:
        return observe_host(host_of(target), Asked(link=Link.PREFLIGHT, commands=COMMANDS))
    finally:
        close_connection(target)


def main(hosts: int) -> None:
    """Look at so many hosts, and tell what it took."""
    began = time.perf_counter()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        seen = list(pool.map(look_at, (f"host-{number}" for number in range(hosts))))
    wall_s = time.perf_counter() - began
    if any(not one.ok for answers in seen for one in answers[1:]):
        raise SystemExit("fleet: not every command succeeded on every host")
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"hosts": hosts, "wall_s": wall_s, "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": peak_mb()}
    print(json.dumps(told))


def peak_mb() -> float:
    """The most memory that this process held so far.

    Source: proc_pid_status(5), VmHWM. getrusage would tell that of the process which started this one, if that is more.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
