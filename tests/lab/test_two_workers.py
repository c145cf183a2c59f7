"""One pool, two workers, PostgreSQL: what one of them leaves behind, the other takes up.

Each worker stands in a folder of its own, with a PREFECT_HOME of its own, as on a machine of its own; both know nothing
of each other but the server, the pool's key and the result storage: one folder, which each is told of by a setting of
its own, or by a block that the server keeps. A folder is written through and locked.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from prefect.blocks.system import Secret as SecretBlock
from prefect.client.schemas.objects import State
from prefect.filesystems import LocalFileSystem
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.processes import children
from deployments.stack import Stack, StackError, free_port
from ghcr_audit.drill.journal import Step
from ghcr_audit.verdicts import Verdict
from lab.demo_story import leaks
from lab.images import publish_release
from lab.lab import Lab
from lab.postgres import Database, postgresql
from lab.repository import RELEASES
from lab.served import Served
from lab.target import Setting
from tests.lab.drills import Site, await_step, host_kept, leftovers, put_back, site_of

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(900)]

LIMIT_S = 300
BLOCK = "shared-results"
SETTINGS: dict[str, Setting | None] = {"deploy__lease_s": 8, "deploy__limit_s": 20, "wait_for_tag_s": 240}


@dataclass(kw_only=True)
class Pool(Served):
    """A server on PostgreSQL, without a worker: each test starts its own two."""

    database: Database
    variables: Mapping[str, str]

    @property
    def results(self) -> Path:
        """The shared path."""
        return self.folder / "results"


@pytest.fixture(scope="module")
def pool(lab_machine: None, postgresql_machine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    folder = tmp_path_factory.mktemp("pool")
    with ExitStack() as parts:
        lab = parts.enter_context(Lab.temporary())
        lab.pull(RELEASES.newest_published, "latest")  # what a drill would pull: the host's tags stay as they are
        database = parts.enter_context(postgresql(folder / "pgpass"))
        (folder / "targets").mkdir()
        (folder / "targets" / "observer.toml").write_text(lab.target_toml(**SETTINGS), encoding="utf-8")
        variables = {
            "GHCR_AUDIT_TARGETS": str(folder / "targets"),
            "GHCR_AUDIT_POOL_KEY": str(folder / "pool.key"),
            "PATH": os.environ["PATH"],
        }
        stack = served_on(database, folder / "server", variables)
        parts.callback(stack.close)
        stack.start_server()
        stack.wait_for_server()
        stack.deploy()
        yield Pool(lab=lab, stack=stack, folder=folder, database=database, variables=variables)


def served_on(database: Database, folder: Path, variables: Mapping[str, str]) -> Stack:
    extra = {**variables, "XDG_CONFIG_HOME": str(folder / "config")}
    return Stack(folder=folder, port=free_port(), extra=extra, postgres=database.address, passfile=database.passfile)


@pytest.fixture(autouse=True)
def healthy(pool: Pool) -> Iterator[None]:
    pool.lab.store_credential(pool.lab.tokens.good)
    yield
    pool.lab.store_credential(pool.lab.tokens.good)
    pool.cancel_waiting_runs()


@pytest.fixture(params=["path", "block"])
def shared(request: pytest.FixtureRequest, pool: Pool) -> Mapping[str, str]:
    """The variables by which workers find the storage that they share."""
    if request.param == "path":
        return {"PREFECT_LOCAL_STORAGE_PATH": str(pool.results)}
    with temporary_settings({PREFECT_API_URL: pool.stack.api_url}):
        LocalFileSystem(basepath=str(pool.results)).save(BLOCK, overwrite=True)
    return {"PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": f"local-file-system/{BLOCK}"}


@contextmanager
def worker(pool: Pool, name: str, shared: Mapping[str, str]) -> Iterator[Stack]:
    """A worker in a folder of its own, far from the checkout."""
    folder = pool.folder / name
    place = folder / "stands-here"
    place.mkdir(parents=True, exist_ok=True)
    extra = {**pool.variables, "XDG_CONFIG_HOME": str(folder / "config"), **shared}
    stack = Stack(folder=folder, port=pool.stack.port, extra=extra, worker_query_s=1, works_in=place)
    stack.start_worker()
    try:
        yield stack
    finally:
        stack.close()


def killed(stack: Stack) -> None:
    """A worker and all that it runs, at once; the worker first, which must not see its runs end."""
    pid = stack.pid("worker")
    runs = children(pid)
    for process in (pid, *runs):
        os.kill(process, signal.SIGKILL)


def restarted(stack: Stack) -> None:
    stack.stop("server")
    stack.start_server()
    stack.wait_for_server()


def log_of(stack: Stack) -> str:
    return (stack.folder / "log" / "worker.log").read_text(encoding="utf-8", errors="replace")


def eventually(pool: Pool, run: UUID, *, after: State | None = None) -> State:
    """Like `settled`, on a machine that has much else to do."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        state = pool.state(run)
        if state.is_final() or (state.is_paused() and (after is None or state.id != after.id)):
            return state
        time.sleep(0.3)
    raise AssertionError(f"run {run} is {pool.state(run).name} after {LIMIT_S} s")


def test_a_run_that_one_worker_left_suspended_is_ended_by_the_other(pool: Pool, shared: Mapping[str, str]) -> None:
    pool.lab.store_credential(pool.lab.tokens.gh_oauth)
    with worker(pool, "first", shared) as first:
        run = pool.trigger()
        waiting = eventually(pool, run)
        assert waiting.name == "Suspended", log_of(first)[-2000:]
        blocked = pool.report(run)
        killed(first)
    restarted(pool.stack)
    with worker(pool, "second", shared) as second:
        wrong = pool.cli("resume", str(run), "--by", "First Reader", stdin=f"{pool.lab.tokens.no_access}\n")
        assert wrong.returncode == 0, wrong.stderr
        again = eventually(pool, run, after=waiting)
        assert again.name == "Suspended", log_of(second)[-2000:]
        with temporary_settings({PREFECT_API_URL: pool.stack.api_url}):
            SecretBlock(value=pool.lab.tokens.good).save("once-ghcr-token", overwrite=True)
        assert pool.answer(run, "once-ghcr-token", answered_by="Second Reader") == "ACCEPT"
        final = eventually(pool, run, after=again)
        assert final.name == "PassedWithWarnings", log_of(second)[-2000:]
    report = pool.report(run)
    assert (report.started_at, report.tag) == (blocked.started_at, blocked.tag), "the first pass is known"
    assert [(one.accepted, one.answered_by) for one in report.attempts] == [
        (False, "First Reader"),
        (True, "Second Reader"),
    ]
    assert_evidence(pool, run, reports=3)
    for token in (pool.lab.tokens.good, pool.lab.tokens.no_access):
        assert leaks(token, pool.folder) == []


def assert_evidence(pool: Pool, run: UUID, *, reports: int) -> None:
    """Ledger and bundle are one, whoever wrote which part: the verb judges every report again."""
    bundle = pool.results / "ghcr-audit-evidence" / f"evidence-{run}.tar.gz"
    done = pool.cli("verify", str(bundle), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["outcome"], found["reports_judged_again"]) == ("intact", reports)


def test_a_run_outlives_a_restart_of_the_server_in_mid_flight(pool: Pool) -> None:
    tag = "20260301-000001"
    with worker(pool, "first", {"PREFECT_LOCAL_STORAGE_PATH": str(pool.results)}) as first:
        run = pool.trigger(tag=tag, wait_hours=0)
        deadline = time.monotonic() + LIMIT_S
        while f"for {pool.lab.image}:{tag}" not in log_of(first):
            assert time.monotonic() < deadline, log_of(first)[-3000:]
            time.sleep(0.2)
        restarted(pool.stack)
        publish_release(pool.lab.upstream, "acme/observer", tag, busybox=pool.lab.busybox)
        final = eventually(pool, run)
        assert final.name in {verdict.value for verdict in Verdict}, log_of(first)[-3000:]
    report = pool.report(run)
    held = {claim.key for link in report.links for claim in link.claims if claim.outcome == "holds"}
    assert {"preflight.tag_published", "digest.registry_equals_host"} <= held
    assert_evidence(pool, run, reports=1)


@pytest.fixture
def site(pool: Pool, tmp_path: Path) -> Iterator[Site]:
    site = site_of(pool.lab, tmp_path, **SETTINGS)
    yield site
    put_back(site)


@pytest.mark.parametrize("step", [Step.DEPLOYING, Step.ROLLING_BACK])
def test_a_host_whose_drill_died_with_its_worker_is_put_back_by_the_other(pool: Pool, site: Site, step: Step) -> None:
    shared = {"PREFECT_LOCAL_STORAGE_PATH": str(pool.results)}
    with worker(pool, "first", shared) as first, worker(pool, "second", shared) as second, host_kept(site):
        run = pool.trigger(mode="drill", wait_hours=0)
        await_step(site, step)
        dead, alive = (first, second) if runs_on(first, run) else (second, first)
        assert not runs_on(alive, run)
        killed(dead)
        deadline = time.monotonic() + LIMIT_S
        while leftovers(site) or any(pool.results.glob("ghcr-audit-journal-*")):
            assert time.monotonic() < deadline, log_of(alive)[-3000:]
            time.sleep(0.2)
        final = eventually(pool, run)
    assert final.name == "Crashed"
    assert "its process died in mid-drill" in (final.message or "")
    assert "Restored" in log_of(alive)


def runs_on(stack: Stack, run: UUID) -> bool:
    """Whether this worker has the run's process."""
    wanted = f"PREFECT__FLOW_RUN_ID={run}".encode()
    return any(wanted in Path(f"/proc/{pid}/environ").read_bytes() for pid in children(stack.pid("worker")))


def test_a_worker_that_is_told_to_end_puts_the_host_of_its_drill_back_first(pool: Pool, site: Site) -> None:
    extra = {**pool.variables, "PREFECT_LOCAL_STORAGE_PATH": str(pool.results)}
    known = Stack(folder=pool.folder / "alone", port=pool.stack.port, extra=extra, worker_query_s=1).environment()
    with (pool.folder / "alone.log").open("w") as log:
        alone = subprocess.Popen(
            [sys.executable, "-m", "deployments.worker", "--name", "alone"],
            env=known,
            cwd=pool.folder,
            stdout=log,
            stderr=log,
        )
    try:
        with host_kept(site):
            run = pool.trigger(mode="drill", wait_hours=0)
            await_step(site, Step.DEPLOYING)
            alone.terminate()
            assert alone.wait(timeout=LIMIT_S) == 0
            assert leftovers(site) == []
    finally:
        alone.kill()
        alone.wait()
    assert eventually(pool, run).name in {"Crashed", "Cancelled"}
    assert list(pool.results.glob("ghcr-audit-journal-*")) == []


def test_a_server_that_its_database_turns_away_says_why_in_one_sentence(pool: Pool, tmp_path: Path) -> None:
    passfile = tmp_path / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(pool.database.passfile.read_text().replace(pool.database.password, "lab-wrong"))
    stack = Stack(folder=tmp_path / "s", port=free_port(), postgres=pool.database.address, passfile=passfile)
    try:
        stack.start_server()
        with pytest.raises(StackError, match='ended at once: password authentication failed for user "audit"; see /'):
            stack.wait_for_server()
    finally:
        stack.close()


def test_a_dump_of_the_database_and_the_servers_key_bring_everything_back(pool: Pool) -> None:
    with worker(pool, "first", {"PREFECT_LOCAL_STORAGE_PATH": str(pool.results)}):
        run = pool.trigger(mode="observe", wait_hours=0)
        before = eventually(pool, run)
    with temporary_settings({PREFECT_API_URL: pool.stack.api_url}):
        SecretBlock(value=pool.lab.tokens.good).save("kept-token", overwrite=True)
    pool.stack.stop("server")
    dump = pool.folder / "audit.dump"
    pool.database.tool("pg_dump", "--format=custom", "--compress=0", f"--file={dump}")
    assert leaks(pool.lab.tokens.good, pool.folder) == []
    pool.database.tool("psql", "--command=CREATE DATABASE restored")
    restored = pool.database.named("restored")
    restored.tool("pg_restore", "--exit-on-error", "--no-owner", str(dump))

    folder = pool.folder / "restored"
    folder.mkdir()
    shutil.copy2(pool.stack.folder / "server.key", folder / "server.key")
    stack = served_on(restored, folder, pool.variables)
    try:
        stack.start_server()
        stack.wait_for_server()
        again = Pool(lab=pool.lab, stack=stack, folder=folder, database=restored, variables=pool.variables)
        after = again.state(run)
        assert (after.id, after.name) == (before.id, before.name)
        assert str(again.report(run).run) == str(run)
        with temporary_settings({PREFECT_API_URL: stack.api_url}):
            block = cast("SecretBlock[str]", SecretBlock.load("kept-token", validate=False))
        assert block.value.get_secret_value() == pool.lab.tokens.good
    finally:
        stack.close()
        restarted(pool.stack)
