"""Many targets through Prefect and PostgreSQL: one run on one worker, then split over two.

`python -m bench.measure_prefect_fleet [--targets N] [--json]` needs what the lab needs. All targets lead to the sshd of
one lab, and lab, database, server and workers share this machine: what is measured is the whole of it on so few cores,
not what a worker could do that has its hosts elsewhere.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectHTTPStatusError

from bench.machine import load, machine
from bench.results import PrefectFleetPoint, PrefectFleetResult
from bench.usage import Usage, busy_share, usage_of
from deployments.processes import children
from deployments.stack import POOL, Stack, free_port
from ghcr_audit.fleet import Fleet, Row
from ghcr_audit.verdicts import Verdict
from lab.errors import LabError
from lab.lab import Lab
from lab.packages import ensure
from lab.postgres import Database, postgresql

WHOLE = 200
WORKERS = (1, 2)
_LIMIT_S = 1800
_START_LIMIT_S = 120
_LOOK_EVERY_S = 0.5
_MATRIX = "fleet-report-json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A served lab without a worker; `variables` are what each worker gets."""

    stack: Stack
    folder: Path
    names: tuple[str, ...]
    variables: Mapping[str, str]

    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.stack.api_url)

    def server(self) -> Usage:
        found = usage_of(self.stack.pid("server"))
        if found is None:
            raise LabError("the server ended while a fleet was measured")
        return found


def measure_prefect_fleet(lab: Lab, folder: Path, targets: int, log: Callable[[str], None]) -> PrefectFleetResult:
    """One worker with all targets, then two with half of them each; `folder` is empty and is filled.

    Raises:
        LabError: something did not start, or a run did not end in time.
    """
    before = load()
    with ExitStack() as parts:
        database = parts.enter_context(postgresql(folder / "pgpass", log))
        site = parts.enter_context(_served(lab, database, folder, targets))
        points = []
        for workers in WORKERS:
            points.append(_point(site, workers))
            log(told(points[-1]))
    return PrefectFleetResult(machine=machine(load_before=before), points=tuple(points))


def told(point: PrefectFleetPoint) -> str:
    """One line."""
    verdicts = ", ".join(f"{count} {name}" for name, count in point.verdicts.items())
    memory = " + ".join(f"{one:.0f}" for one in point.peak_mb)
    return (
        f"{point.targets} targets, {point.workers} worker(s): {point.wall_s:.0f} s, "
        f"{point.audits_per_minute:.0f} audits per minute, slowest {point.slowest_s:.1f} s, peak {memory} MB, "
        f"cpu {sum(point.cpu_s):.0f} s + server {point.server_cpu_s:.0f} s, cores busy {point.busy:.0%}, "
        f"load before {point.load_before:.1f}; {verdicts}; failures {point.failures}"
    )


@contextmanager
def _served(lab: Lab, database: Database, folder: Path, targets: int) -> Iterator[_Site]:
    names = tuple(f"host-{number:03}" for number in range(targets))
    (folder / "targets").mkdir()
    for name in names:
        (folder / "targets" / f"{name}.toml").write_text(lab.target_toml(), encoding="utf-8")
    _let_all_be_well(lab)
    variables = {
        "GHCR_AUDIT_TARGETS": str(folder / "targets"),
        "GHCR_AUDIT_POOL_KEY": str(folder / "pool.key"),
        "PREFECT_LOCAL_STORAGE_PATH": str(folder / "results"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PATH": ensure().environment()["PATH"],
    }
    port, passfile = free_port(), database.passfile
    stack = Stack(folder=folder / "server", port=port, extra=variables, postgres=database.address, passfile=passfile)
    try:
        stack.start_server()
        stack.wait_for_server()
        stack.deploy()
        site = _Site(stack=stack, folder=folder, names=names, variables=variables)
        _let_runs_overlap(site)
        yield site
    finally:
        stack.close()


def _let_all_be_well(lab: Lab) -> None:
    """By the lab's story its newest git tag was never published, and the newest image is not on the host."""
    lab.store_credential(lab.tokens.good)
    lab.pull(lab.releases.newest_published)
    git = ("git", "-C", str(lab.repository), "tag", "--delete", lab.releases.unpublished)
    subprocess.run(git, check=True, capture_output=True, timeout=30)


def _let_runs_overlap(site: _Site) -> None:
    """As shipped, a second run of a fleet waits for the first (docs/production.md, How many targets)."""
    with site.client() as client:
        deployment = client.read_deployment_by_name("fleet-audit/fleet-audit").id
        body = {"concurrency_limit": max(WORKERS)}
        client.request("PATCH", "/deployments/{id}", path_params={"id": deployment}, json=body)


def _point(site: _Site, count: int) -> PrefectFleetPoint:
    """Each worker has a work queue of its own, so that it is known which run it takes."""
    queues = tuple(f"bench-{count}-{number}" for number in range(count))
    with ExitStack() as parts:
        workers = tuple(parts.enter_context(_worker(site, queue)) for queue in queues)
        _await_online(site, queues)
        load_before, server, busy, began = load(), site.server(), busy_share(), time.monotonic()
        runs = tuple(_triggered(site, queue, site.names[at::count]) for at, queue in enumerate(queues))
        used = _watched_to_the_end(site, runs, workers)
        wall_s = time.monotonic() - began
        rows = tuple(row for run in runs for row in _rows(site, run))
        return PrefectFleetPoint(
            workers=count,
            targets=len(rows),
            wall_s=round(wall_s, 1),
            runs_s=tuple(round(_run(site, run).total_run_time.total_seconds(), 1) for run in runs),
            audits_per_minute=round(len(rows) * 60 / wall_s, 1),
            slowest_s=round(max(row.took_s for row in rows), 1),
            verdicts=dict(Counter(row.verdict.value for row in rows)),
            failures=sum(row.verdict is Verdict.UNKNOWN for row in rows),
            peak_mb=tuple(round(one.peak_mb, 1) for one in used),
            cpu_s=tuple(round(one.cpu_s, 1) for one in used),
            server_peak_mb=round(site.server().peak_mb, 1),
            server_cpu_s=round(site.server().cpu_s - server.cpu_s, 1),
            busy=round(busy(), 3),
            load_before=round(load_before, 2),
        )


@contextmanager
def _worker(site: _Site, queue: str) -> Iterator[Stack]:
    """A worker with a PREFECT_HOME of its own, for this queue alone."""
    with site.client() as client:
        body = {"name": queue}
        client.request("POST", "/work_pools/{work_pool_name}/queues", path_params={"work_pool_name": POOL}, json=body)
    stack = Stack(folder=site.folder / queue, port=site.stack.port, extra=site.variables, worker_query_s=1)
    stack.start_worker(queue, queue=queue)
    try:
        yield stack
    finally:
        stack.close()


def _await_online(site: _Site, names: tuple[str, ...]) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        with site.client() as client:
            pool = {"work_pool_name": POOL}
            found = client.request(
                "POST", "/work_pools/{work_pool_name}/workers/filter", path_params=pool, json={}
            ).json()
        if set(names) <= {one["name"] for one in found if one["status"] == "ONLINE"}:
            return
        time.sleep(0.2)
    raise LabError(f"workers {', '.join(names)}: not online within {_START_LIMIT_S} s")


def _triggered(site: _Site, queue: str, names: tuple[str, ...]) -> UUID:
    parameters = {"targets": list(names), "mode": "observe"}
    with site.client() as client:
        deployment = client.read_deployment_by_name("fleet-audit/fleet-audit")
        return client.create_flow_run_from_deployment(deployment.id, parameters=parameters, work_queue_name=queue).id


def _watched_to_the_end(site: _Site, runs: tuple[UUID, ...], workers: Sequence[Stack]) -> tuple[Usage, ...]:
    """What the processes of the runs came to, as they were last seen alive."""
    used: dict[int, Usage] = {}
    deadline = time.monotonic() + _LIMIT_S
    while not all(_has_ended(site, run) for run in runs):
        if time.monotonic() > deadline:
            raise LabError(f"fleet: no end within {_LIMIT_S} s")
        for pid in (pid for worker in workers for pid in children(worker.pid(_name(worker)))):
            used.update({pid: usage} if (usage := usage_of(pid)) else {})
        time.sleep(_LOOK_EVERY_S)
    return tuple(used.values())


def _name(stack: Stack) -> str:
    """The queue that it serves, which is the name of its folder and of the worker."""
    return stack.folder.name


def _has_ended(site: _Site, run: UUID) -> bool:
    state = _run(site, run).state
    return state is not None and state.is_final()


def _run(site: _Site, run: UUID) -> FlowRun:
    """A server that is asked by two hundred audits at once may be busy for a moment."""
    for _ in range(10):
        try:
            with site.client() as client:
                return client.read_flow_run(run)
        except PrefectHTTPStatusError:
            time.sleep(1)
    raise LabError(f"run {run}: the server does not tell its state")


def _rows(site: _Site, run: UUID) -> tuple[Row, ...]:
    """The run's matrix, as it published it for programs."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[_MATRIX]), flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    with site.client() as client:
        found = client.read_artifacts(artifact_filter=wanted, limit=10)
    if not found:
        raise LabError(f"run {run}: published no matrix: {_run(site, run).state}")
    text = str(found[-1].data).removeprefix("```json\n").removesuffix("\n```")
    return Fleet.model_validate_json(text).rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring up a lab, measure, print. Exit code 1 where it cannot be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.measure_prefect_fleet", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--targets", type=int, default=WHOLE, help=f"how many (default {WHOLE})")
    parser.add_argument("--json", action="store_true", help="print all figures for programs")
    options = parser.parse_args(arguments)
    try:
        with Lab.temporary(log=_say) as lab, tempfile.TemporaryDirectory(prefix="ghcr-audit-bench-") as folder:
            measured = measure_prefect_fleet(lab, Path(folder), options.targets, _say)
    except LabError as error:
        _say(f"fleet-prefect: {error}")
        return 1
    print(measured.model_dump_json(indent=1) if options.json else "\n".join(map(told, measured.points)))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
