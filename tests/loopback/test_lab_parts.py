"""The lab's small parts: names and places, free ports, processes that are who they say they are."""

import os
import socket
import subprocess
import tempfile
import tomllib
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.place import Place, locked, place_of, root_folder
from lab.processes import ProcessId, end, process_at, run, run_or_fail, spawn, wait_until
from lab.state import LabState, Ports, free_ports, read_state, write_state
from lab.target import target_toml

pytestmark = pytest.mark.loopback

STATE = LabState(
    name="one", store="classic", user_id=58000, ports=Ports(upstream=11001, registry=11002, ssh=11003, health=11004)
)


@pytest.mark.parametrize("name", ["", "Upper", "../up", "-dash", "a" * 32, "a/b", "a b"])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="not a name"):
        place_of(name)


def test_a_temporary_folder_that_does_not_serve_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for unfit in (tmp_path / "with blank", tmp_path / ("long" * 20)):
        unfit.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(unfit))
        assert root_folder().parent == Path("/tmp")  # noqa: S108 - the fallback itself


def test_a_second_process_cannot_take_a_lab_that_is_being_changed(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "one")
    with locked(place), pytest.raises(LabError, match="another process is bringing it up or down"), locked(place):
        pass
    with locked(place):
        assert place.folder.is_dir()


def test_the_cgroup_differs_by_folder() -> None:
    assert Place(folder=Path("/a/one")).cgroup != Place(folder=Path("/b/one")).cgroup


def test_free_ports_differ_and_avoid_those_taken_or_bound() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        busy = bound.getsockname()[1]
        ports = free_ports(50, {*range(10240, 15000)})
    assert len(set(ports)) == 50
    assert all(15000 <= port < 32768 and port != busy for port in ports)


def test_the_state_survives_a_round_trip_and_is_private(tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    state = STATE.with_part("engine", ProcessId(pid=7, started_ticks=9)).with_part(
        "engine", ProcessId(pid=8, started_ticks=10)
    )
    write_state(place, state)
    assert read_state(place) == state
    assert state.process_of("engine") == ProcessId(pid=8, started_ticks=10)
    assert state.process_of("sshd") is None
    assert place.state_file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    assert read_state(place) is None
    place.state_file.write_text('{"name": "one"')
    assert read_state(place) is None


def test_a_recycled_process_id_is_never_signalled() -> None:
    with subprocess.Popen(["/bin/sleep", "30"]) as other:
        real = process_at(other.pid)
        assert real is not None
        assert real.alive
        end([ProcessId(pid=other.pid, started_ticks=real.started_ticks - 1)], limit_s=0.2)
        assert other.poll() is None
        end([real])
        assert other.wait(timeout=5) in {0, -15}


def test_a_process_that_ignores_the_request_is_killed_after_the_limit(tmp_path: Path) -> None:
    log = tmp_path / "log"
    stubborn = spawn(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
        log=log,
        environment={"PATH": os.environ["PATH"]},
    )
    wait_until(lambda: log.read_text() == "ready\n", what="stubborn", limit_s=5, process=stubborn, log=log)
    end([stubborn], limit_s=0.3)
    assert not stubborn.alive


def test_a_server_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = spawn(["sh", "-c", "echo no such option; exit 2"], log=log, environment={"PATH": os.environ["PATH"]})
    with pytest.raises(LabError, match=r"server: ended while starting: no such option"):
        wait_until(lambda: False, what="server", limit_s=5, process=server, log=log)


def test_what_does_not_come_in_time_is_an_error() -> None:
    with pytest.raises(LabError, match=r"answer: not there within 0\.05 s"):
        wait_until(lambda: False, what="answer", limit_s=0.05)


def test_a_command_that_fails_ends_or_hangs_is_told_as_what_it_is() -> None:
    assert run(["sh", "-c", "cat; exit 3"], timeout_s=5, stdin=b"in").returncode == 3
    with pytest.raises(LabError, match=r"exit code 3: why"):
        run_or_fail(["sh", "-c", "echo why >&2; exit 3"], timeout_s=5)
    with pytest.raises(LabError, match=r"sleep: no end within 0\.1 s"):
        run(["sleep", "5"], timeout_s=0.1)
    with pytest.raises(LabError, match="nobody-has-this: start: No such file"):
        run(["nobody-has-this"], timeout_s=5)


def test_the_target_file_has_exactly_the_settings_of_a_script_target() -> None:
    target = tomllib.loads(target_toml(Place(folder=Path("/labs/one")), STATE, {"container": None, "host__port": 22}))
    assert target == {
        "image": "127.0.0.1:11002/acme/observer",
        "registry_user": "lab",
        "tag_pattern": r"^\d{8}-\d{6}$",
        "repository": "/labs/one/repository",
        "github_api": "http://127.0.0.1:11002/api/v3",
        "drill": "allowed",
        "health_url": "http://127.0.0.1:11004/health",
        "host": {
            "address": "127.0.0.1",
            "port": 22,
            "user": "labdeploy",
            "identity_file": "/labs/one/client_key",
            "known_hosts": "/labs/one/known_hosts",
            "docker_command": ["docker"],
        },
        "deploy": {
            "method": "script",
            "directory": "/labs/one/home/observer",
            "compose_file": "compose.yml",
            "script": "server_deploy.sh",
            "healthy_within_s": 8,
            "settle_s": 1,
        },
    }
