"""The lab itself: it comes up with real parts, changes nothing outside, and goes without a trace."""

import json
import os
import pwd
import signal
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.lab import Lab
from lab.lifetime import take_down
from lab.place import Place, place_of
from lab.processes import ProcessId, process_at, processes_in, wait_until
from tests.lab.host_flaws import wait_until_healthy

pytestmark = pytest.mark.lab

STARTED_WITHIN_S = 30


def health(lab: Lab) -> dict[str, str]:
    done = lab.ssh(f"curl -fsS -m 3 {lab.health_url}")
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def pull(lab: Lab, tag: str) -> subprocess.CompletedProcess[bytes]:
    return lab.ssh(f"docker pull {lab.image}:{tag}")


def changes(lab: Lab) -> str:
    """What `docker diff` tells of the service's container."""
    done = lab.docker("diff", "observer")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def living(place: Place) -> list[ProcessId]:
    return processes_in(place.folder, cgroup=place.cgroup)


def test_every_part_answers_and_the_first_release_is_served(lab: Lab) -> None:
    assert lab.status().up
    assert health(lab) == {"status": "ok", "version": lab.releases.running}


def test_the_five_containers_run_under_their_names(lab: Lab) -> None:
    names = lab.ssh("docker ps --format '{{.Names}}'").stdout.decode().split()
    sidecars = ("alertmanager", "grafana", "postgres", "prometheus")
    assert sorted(names) == ["observer", *(f"observer-{name}" for name in sidecars)]


def test_the_deploy_user_exists_in_the_lab_only(lab: Lab) -> None:
    assert lab.ssh("id -un && echo $HOME").stdout.decode().split() == ["labdeploy", str(lab.folder / "home")]
    with pytest.raises(KeyError, match="labdeploy"):
        pwd.getpwnam("labdeploy")
    assert "labdeploy" not in Path("/etc/passwd").read_text(encoding="utf-8")


def test_the_deploy_user_is_not_root_and_reads_no_secret_of_the_lab(lab: Lab) -> None:
    done = lab.ssh(f"cat {lab.folder}/tokens.json {lab.folder}/etc/shadow {lab.client_key}")
    assert done.returncode != 0
    assert done.stdout == b""
    assert done.stderr.count(b"Permission denied") == 3


def test_the_machine_sees_no_mount_of_the_lab(lab: Lab) -> None:
    assert str(lab.folder) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(lab.folder / "packages") in lab.ssh("cat /proc/self/mountinfo").stdout.decode()


def test_everything_that_listens_is_on_loopback(lab: Lab) -> None:
    ports = {lab.ssh_port, lab.health_port, *(int(address.split(":")[1]) for address in (lab.registry, lab.upstream))}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    listening = {int(row[1][9:], 16): row[1][:8] for row in rows if row[3] == "0A"}
    assert {listening[port] for port in ports} == {"0100007F"}
    everywhere = Path("/proc/net/tcp6").read_text(encoding="ascii") if Path("/proc/net/tcp6").exists() else ""
    assert not any(f":{port:04X} " in line and " 0A " in line for port in ports for line in everywhere.splitlines())


def test_a_pull_is_refused_without_a_credential_and_with_a_bad_one(lab: Lab) -> None:
    tag = lab.releases.newest_published
    lab.remove_credential()
    assert lab.stored_config() == ""
    assert pull(lab, tag).returncode != 0
    lab.store_credential(lab.tokens.expired)
    refused = pull(lab, tag)
    assert refused.returncode != 0
    assert lab.tokens.expired.encode() not in refused.stdout + refused.stderr
    lab.store_credential(lab.tokens.good)
    accepted = pull(lab, tag)
    assert accepted.returncode == 0, accepted.stderr


def test_the_newest_tag_cannot_be_pulled_since_it_was_never_published(lab: Lab) -> None:
    lab.store_credential(lab.tokens.good)
    missing = pull(lab, lab.releases.unpublished)
    assert missing.returncode != 0
    assert b"not found" in missing.stderr or b"manifest unknown" in missing.stderr


def test_a_release_is_deployed_and_rolled_back(lab: Lab) -> None:
    lab.store_credential(lab.tokens.good)
    newest = lab.releases.newest_published
    assert lab.deploy(newest).returncode == 0
    assert health(lab)["version"] == newest
    assert lab.deploy(newest, "rollback").returncode == 0
    assert health(lab)["version"] == lab.releases.running


def test_the_service_changes_nothing_in_its_container_whatever_happens_to_it(lab: Lab) -> None:
    assert changes(lab) == ""
    assert lab.docker("restart", "observer").returncode == 0
    wait_until_healthy(lab)
    assert changes(lab) == ""


def test_a_file_that_somebody_left_in_the_container_is_seen_until_it_is_made_anew(lab: Lab) -> None:
    assert lab.docker("exec", "observer", "sh", "-c", "echo > /odd").returncode == 0
    assert changes(lab) == "A /odd\n"
    assert lab.docker("rm", "--force", "observer").returncode == 0
    assert lab.deploy(lab.releases.running).returncode == 0
    assert changes(lab) == ""


def test_no_token_is_in_a_log_or_on_a_command_line(lab: Lab) -> None:
    values = [value.encode() for value in json.loads(lab.tokens.to_json()).values()]
    logs = list((lab.folder / "log").glob("*"))
    assert len(logs) >= 4
    command_lines = [file for file in Path("/proc").glob("[0-9]*/cmdline") if file.parent.exists()]
    for file in (*logs, *command_lines):
        try:
            text = file.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        assert not any(value in text for value in values), file


def test_the_target_file_describes_the_lab(lab: Lab) -> None:
    target = tomllib.loads(lab.target_toml(drill="forbidden", host__docker_command=("sudo", "-n", "docker")))
    assert target["image"] == lab.image
    assert target["tag_pattern"] == r"^\d{8}-\d{6}$"
    assert target["drill"] == "forbidden"
    assert target["host"]["port"] == lab.ssh_port
    assert target["host"]["docker_command"] == ["sudo", "-n", "docker"]
    assert Path(target["host"]["identity_file"]).is_file()
    assert (Path(target["deploy"]["directory"]) / target["deploy"]["script"]).is_file()
    assert "registry_user" not in tomllib.loads(lab.target_toml(registry_user=None))


def test_the_engine_comes_back_with_its_containers(lab: Lab) -> None:
    lab.stop_engine()
    assert b"Cannot connect to the Docker daemon" in lab.ssh("docker ps").stderr
    lab.start_engine()
    end = time.monotonic() + 10
    while lab.ssh(f"curl -fs -m 1 {lab.health_url}").returncode != 0:
        assert time.monotonic() < end, "the service did not come back"
        time.sleep(0.2)


def test_a_stopped_ssh_server_takes_its_sessions_along_and_comes_back_in_a_language(lab: Lab) -> None:
    begun = lab.deploy_dir / "begun"
    with ThreadPoolExecutor(1) as pool:
        session = pool.submit(lab.ssh, f"touch {begun}; sleep 60")
        wait_until(begun.exists, what="session", limit_s=5)
        lab.stop_sshd()
        assert session.result(timeout=5).returncode == 255
    begun.unlink()
    assert lab.ssh("true").returncode == 255
    lab.start_sshd(language="C.UTF-8")
    assert lab.ssh("echo $LANG").stdout == b"C.UTF-8\n"
    lab.stop_sshd()
    lab.start_sshd()
    assert lab.ssh("echo $LANG").stdout == b"\n"


def test_sessions_are_cut_while_the_server_stays(lab: Lab) -> None:
    begun = lab.deploy_dir / "begun"
    with ThreadPoolExecutor(1) as pool:
        session = pool.submit(lab.ssh, f"touch {begun}; sleep 60")
        wait_until(begun.exists, what="session", limit_s=5)
        lab.cut_sessions()
        assert session.result(timeout=5).returncode == 255
    assert lab.ssh(f"rm {begun}").returncode == 0


def test_a_cut_connection_leaves_what_runs_in_it(lab: Lab) -> None:
    begun, ended = lab.deploy_dir / "begun", lab.deploy_dir / "ended"
    with ThreadPoolExecutor(1) as pool:
        session = pool.submit(lab.ssh, f"touch {begun}; sleep 1; touch {ended}; sleep 60")
        wait_until(begun.exists, what="session", limit_s=5)
        lab.cut_connections()
        assert session.result(timeout=5).returncode == 255
    assert not ended.exists()
    wait_until(ended.exists, what="what ran in the session", limit_s=5)
    lab.cut_sessions()
    assert lab.ssh(f"rm {begun} {ended}").returncode == 0


def test_coming_up_twice_changes_nothing(lab: Lab) -> None:
    said: list[str] = []
    again = Lab.up(lab.name, log=said.append)
    assert again.status() == lab.status()
    assert said == [f"lab {lab.name}: already up (containerd store)"]
    with pytest.raises(LabError, match=r"up with another image store \(got 'containerd', expected 'classic'\)"):
        Lab.up(lab.name, store="classic")


def test_another_lab_on_the_classic_store_runs_beside_and_leaves_nothing(lab: Lab) -> None:
    with Lab.temporary(store="classic") as other:
        place = place_of(other.name)
        assert {other.ssh_port, other.health_port}.isdisjoint({lab.ssh_port, lab.health_port})
        assert "containerd.snapshotter" in lab.docker("info", "--format", "{{.DriverStatus}}").stdout.decode()
        assert "containerd.snapshotter" not in other.docker("info", "--format", "{{.DriverStatus}}").stdout.decode()
        assert other.deploy(other.releases.newest_published).returncode == 0
        assert health(other)["version"] == other.releases.newest_published
        assert changes(other) == ""
        assert health(lab)["version"] == lab.releases.running
        servers = [process_at(part.pid) for part in other.status().parts]
        assert None not in servers
        assert len(living(place)) > len(servers)
    assert living(place) == []
    assert not any(server.alive for server in servers if server)
    assert not place.folder.exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{place.cgroup}"))
    assert lab.status().up


@pytest.mark.usefixtures("lab_machine")
def test_a_killed_start_is_cleaned_up(tmp_path: Path) -> None:
    place = place_of(f"tmp-{os.getpid()}")
    argv = (sys.executable, "-m", "lab", "up", "--name", place.name)
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as starting:
        end = time.monotonic() + STARTED_WITHIN_S
        while not (place.docker_socket.exists() or starting.poll() is not None):
            assert time.monotonic() < end, "the engine did not start"
            time.sleep(0.01)
        starting.send_signal(signal.SIGKILL)
    assert living(place), (tmp_path / "log").read_text()
    take_down(place.name)
    assert living(place) == []
    assert not place.folder.exists()


@pytest.mark.usefixtures("lab_machine")
def test_a_lab_whose_parts_died_goes_down_too() -> None:
    lab = Lab.up(f"tmp-{os.getpid()}-dead")
    place = place_of(lab.name)
    for part in lab.status().parts:
        os.kill(part.pid, signal.SIGKILL)  # containerd and the containers are orphaned by this
    assert living(place)
    lab.down()
    assert living(place) == []
    assert not place.folder.exists()
