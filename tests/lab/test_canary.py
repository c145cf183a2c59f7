"""Canaries in every place where a secret may stand, and audits that are blocked, resumed, drilled, killed and crashed.

Then none is found anywhere else: not with Prefect, not in reports, not on the host, not in any process.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from prefect.blocks.system import Secret as SecretBlock
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.processes import children
from ghcr_audit.drill.journal import Step
from lab.lab import Lab
from lab.served import Served, served
from tests.lab.canaries import Canaries, Processes, watched_processes
from tests.lab.drills import at_step, leftovers, site_of
from tests.lab.failing_audits import PLACES

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(600)]

CLOSED_WITHIN_S = 60
CREDENTIALS = ("stored credential", "answer by block", "answer by seal")
OF_THE_SERVICE = ("compose environment", "application log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything has happened; what is left of it is looked at."""

    audits: Served
    canaries: Canaries
    processes: Processes
    runs: tuple[UUID, ...]
    crashed: str
    """What the crashing audits said of themselves."""

    @property
    def lab(self) -> Lab:
        return self.audits.lab


@pytest.fixture(scope="module")
def scene(lab_machine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Lab.temporary() as lab:
        canaries = planted(lab)
        target = {"deploy__lease_s": 8, "deploy__limit_s": 30}
        with served(lab, tmp_path_factory.mktemp("served"), target=target) as audits:
            tokens = tmp_path_factory.mktemp("tokens") / "good"
            tokens.write_text(lab.tokens.good, encoding="utf-8")
            with watched_processes(canaries.only(*CREDENTIALS, "SSH key")) as processes:
                runs = (blocked_resumed_and_drilled(audits), killed_in_mid_drill(audits, tmp_path_factory))
                crashed = crashing(audits, tokens)
            yield Scene(audits=audits, canaries=canaries, processes=processes, runs=runs, crashed=crashed)


def planted(lab: Lab) -> Canaries:
    """The service is deployed with a secret in its environment, and it logs another one."""
    found = {name: f"lab-canary-{secrets.token_hex(12)}" for name in OF_THE_SERVICE}
    compose = lab.deploy_dir / "compose.yml"
    text = compose.read_text(encoding="utf-8")
    port = "      HEALTH_PORT: ${HEALTH_PORT:?}"
    assert port in text
    more = f"{port}\n      DATABASE_PASSWORD: {found['compose environment']}"
    compose.write_text(text.replace(port, more, 1), encoding="utf-8")
    lab.deploy(lab.releases.running)
    said = lab.docker("exec", "observer", "sh", "-c", f"echo {found['application log']} >/proc/1/fd/1")
    assert said.returncode == 0, said.stderr
    lab.store_credential(lab.tokens.gh_oauth)
    lab.gateway.switch(echoes=True)
    key = lab.client_key.read_text(encoding="ascii").splitlines()[3]  # all keys of a kind begin alike
    stored, block, seal = lab.tokens.gh_oauth, lab.tokens.no_access, lab.tokens.good
    return Canaries(
        secrets={**found, **dict(zip(CREDENTIALS, (stored, block, seal), strict=True)), "SSH key": key},
    )


def blocked_resumed_and_drilled(audits: Served) -> UUID:
    run = audits.trigger(mode="drill")
    first = audits.settled(run)
    assert first.name == "Suspended", first
    with temporary_settings({PREFECT_API_URL: audits.stack.api_url}):
        SecretBlock(value=audits.lab.tokens.no_access).save("once-canary")
    assert audits.answer(run, "once-canary") == "ACCEPT"
    second = audits.settled(run, after=first)
    assert second.name == "Suspended", second
    resumed = audits.cli("resume", str(run), stdin=f"{audits.lab.tokens.good}\n")
    assert resumed.returncode == 0, resumed.stderr
    final = audits.settled(run, after=second)
    assert final.name == "PassedWithWarnings", (final, audits.log("worker")[-3000:])
    return run


def killed_in_mid_drill(audits: Served, folders: pytest.TempPathFactory) -> UUID:
    site = site_of(audits.lab, folders.mktemp("killed"), deploy__lease_s=8, deploy__limit_s=30)
    run = audits.trigger(mode="drill", wait_hours=0)
    while not at_step(site, Step.DEPLOYING):
        state = audits.state(run)
        assert not state.is_final(), (state, audits.log("worker")[-3000:])
        time.sleep(0.1)
    for process in children(audits.stack.pid("worker")):
        os.kill(process, signal.SIGKILL)
    assert audits.settled(run).name == "Crashed"
    deadline = time.monotonic() + CLOSED_WITHIN_S
    while leftovers(site):
        assert time.monotonic() < deadline, leftovers(site)
    return run


def crashing(audits: Served, token: Path) -> str:
    """One audit for each link at which an exception with a secret is thrown."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.failing_audits", audits.lab.releases.newest_published, str(token)],
        cwd=Path(__file__).parents[2],
        env=audits.stack.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (audits.folder / "crashed.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    return done.stdout


def test_the_search_finds_what_is_there(scene: Scene) -> None:
    """Where each canary was put it is found: a search that finds nothing would prove nothing."""
    lab = scene.lab
    found = "\n".join(scene.canaries.in_files(lab.folder))
    assert f"answer by seal in {lab.folder / 'tokens.json'}" in found
    assert f"answer by seal in {lab.folder}/home/.docker/config.json" in found
    assert f"SSH key in {lab.client_key}" in found
    assert f"compose environment in {lab.deploy_dir / 'compose.yml'}" in found
    assert f"application log in {lab.folder}/home/.local/state/ghcr-audit/logs/" in found, "its container is gone"
    assert scene.processes.samples > 100


def test_each_link_was_crashed_and_the_run_says_so(scene: Scene) -> None:
    lines = scene.crashed.splitlines()
    assert [line.partition(":")[0] for line in lines] == [name for _, _, name in PLACES]
    assert all("FAILED" in line and "could not log in with [github-token#" in line for line in lines), lines


def test_nothing_of_prefect_holds_a_secret(scene: Scene) -> None:
    """Database and its write-ahead log, results, ledgers, bundles, logs of server and worker, what the CLI said."""
    searched = [path for path in scene.audits.folder.rglob("*") if path.is_file()]
    assert {".db", ".log"} <= {path.suffix for path in searched}
    assert any(path.name.startswith("evidence-") for path in searched)
    assert scene.canaries.in_files(scene.audits.folder) == []


def test_nothing_that_the_api_tells_holds_a_secret(scene: Scene) -> None:
    with scene.audits.client() as client:
        artifacts = [str(one.data) for one in client.read_artifacts(limit=200)]
        logs = [
            one.message
            for run in scene.runs
            for one in client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run])), limit=200)
        ]
        runs = [run.model_dump_json() for run in client.read_flow_runs(limit=200)]
    assert len(artifacts) > 10
    assert len(logs) > 10
    assert scene.canaries.within("\n".join([*artifacts, *logs, *runs]).encode()) == set()


def test_no_report_holds_a_secret(scene: Scene) -> None:
    said = [scene.audits.cli("report", str(scene.runs[0]), *form) for form in ((), ("--json",))]
    assert all(one.returncode == 0 for one in said)
    assert scene.canaries.within("\n".join(one.stdout + one.stderr for one in said).encode()) == set()


def test_the_host_keeps_a_credential_where_docker_does_and_nowhere_else(scene: Scene) -> None:
    lab = scene.lab
    own = (lab.folder / "tokens.json", lab.folder / "home/.docker/config.json", lab.client_key)
    credentials = scene.canaries.only(*CREDENTIALS, "SSH key")
    assert credentials.in_files(lab.folder, but=own) == []
    assert credentials.in_files(Path("/dev/shm"), *Path("/tmp").glob("ghcr-audit-[0-9]*")) == []  # noqa: S108


def test_the_services_own_secrets_are_on_the_host_where_they_were_and_in_saved_logs(scene: Scene) -> None:
    lab = scene.lab
    engine, state = lab.folder / "engine", lab.folder / "home/.local/state/ghcr-audit"
    own = (engine, lab.deploy_dir / "compose.yml", state / "logs")
    assert scene.canaries.only(*OF_THE_SERVICE).in_files(lab.folder, but=own) == []
    assert scene.canaries.only("compose environment").in_files(state) == []


def test_no_process_ever_had_a_credential_in_its_arguments_or_environment(scene: Scene) -> None:
    assert scene.processes.found == set()
