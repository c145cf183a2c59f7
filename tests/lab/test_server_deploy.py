"""The server's own script, on a real engine: it behaves, and each flaw brings back its incident."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from lab.images import publish_release
from lab.lab import Lab
from lab.packages import ensure
from lab.place import place_of
from lab.processes import ProcessId, end, processes_in
from lab.repository import RELEASES

pytestmark = [pytest.mark.lab, pytest.mark.long]

OLD = RELEASES.running
NEW = RELEASES.newest_published
BAD = "20260201-000001"


@pytest.fixture(scope="module", autouse=True)
def _leave_the_lab_as_it_was(lab: Lab) -> Iterator[None]:
    yield
    _put_back(lab)


@pytest.fixture(autouse=True)
def _first_release_runs(lab: Lab) -> None:
    """OLD runs and is the only release known good; no flaw and no switch is left."""
    _put_back(lab)


def _put_back(lab: Lab) -> None:
    lab.gateway.switch(reset=True)
    lab.set_flaws()
    lab.ssh("rm -f observer/runtime/*.yml")
    assert _run(lab, OLD, "deploy").returncode == 0
    lab.ssh("rm -f observer/runtime/state/previous_good_tag; docker image rm obs_deploy-observer:latest")


def _run(lab: Lab, tag: str, action: str) -> CompletedProcess[bytes]:
    command = f"HEALTH_TRIES=10 observer/server_deploy.sh ~/observer compose.yml {tag} {action}"
    return lab.ssh(command, timeout_s=60)


def _state(lab: Lab, name: str) -> str:
    return lab.ssh(f"cat observer/runtime/state/{name}").stdout.decode().strip()


def _running(lab: Lab) -> tuple[str, str]:
    """The image that the container was made from, without its registry, and the version it tells."""
    command = f"docker inspect --format '{{{{.Config.Image}}}}' observer && curl -fsS -m 3 {lab.health_url}"
    image, health = lab.ssh(command).stdout.decode().splitlines()
    return image.rpartition("/")[2], json.loads(health)["version"]


def _container(lab: Lab) -> bytes:
    return lab.ssh("docker inspect --format '{{.Id}} {{.State.StartedAt}}' observer").stdout


def _sidecars(lab: Lab) -> bytes:
    return lab.ssh("docker ps --no-trunc --format '{{.Names}} {{.ID}}' --filter name=observer- | sort").stdout


def _bound(lab: Lab) -> bytes:
    """Where the container has folders of the host."""
    return lab.ssh("docker inspect --format '{{range .Mounts}}{{.Destination}} {{end}}' observer").stdout.strip()


def _left_behind(lab: Lab) -> list[ProcessId]:
    """Shells of the lab's host that sleep until they restart the container."""
    place, marked = place_of(lab.name), b"sh\0-c\0sleep 120; docker restart observer\0"
    living = processes_in(place.folder, cgroup=place.cgroup)
    return [one for one in living if _command_line(one) == marked]


def _command_line(process: ProcessId) -> bytes:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return b""


def test_a_release_is_deployed_and_rolled_back_to_the_one_before(lab: Lab) -> None:
    assert _run(lab, NEW, "deploy").returncode == 0
    assert _running(lab) == (f"observer:{NEW}", NEW)
    assert (_state(lab, "last_good_tag"), _state(lab, "previous_good_tag")) == (NEW, OLD)
    assert _run(lab, NEW, "rollback").returncode == 0
    assert _running(lab) == (f"observer:{OLD}", OLD)
    assert (_state(lab, "last_good_tag"), _state(lab, "previous_good_tag")) == (OLD, "")


def test_a_rollback_without_a_release_before_says_so_and_changes_nothing(lab: Lab) -> None:
    before = _container(lab)
    done = _run(lab, OLD, "rollback")
    assert (done.returncode, done.stderr.decode()) == (1, f"error: no release to go back to from {OLD}\n")
    assert _container(lab) == before


@pytest.mark.parametrize("flaw", ["sick", "crash"])
def test_an_unhealthy_release_fails_and_the_last_good_one_comes_back(lab: Lab, flaw: str) -> None:
    publish_release(
        lab.upstream,
        "acme/observer",
        BAD,
        busybox=ensure().busybox,
        sick=flaw == "sick",
        crash=flaw == "crash",
        salt=flaw,
    )
    done = _run(lab, BAD, "deploy")
    assert done.returncode == 1
    assert f"error: not healthy: {BAD}" in done.stderr.decode()
    assert _state(lab, "last_good_tag") == OLD
    assert _run(lab, BAD, "rollback").returncode == 0
    assert _running(lab) == (f"observer:{OLD}", OLD)


def test_a_rollback_needs_no_registry_when_the_image_lies_here(lab: Lab) -> None:
    assert _run(lab, NEW, "deploy").returncode == 0
    lab.gateway.switch(revoke="good")
    assert _run(lab, NEW, "rollback").returncode == 0
    assert _running(lab) == (f"observer:{OLD}", OLD)


def test_a_refused_pull_fails_and_leaves_what_runs(lab: Lab) -> None:
    before = _container(lab)
    lab.gateway.switch(revoke="good")
    done = _run(lab, RELEASES.unpublished, "deploy")
    assert done.returncode == 1
    assert re.search(r"403 Forbidden|denied", done.stderr.decode())
    assert _container(lab) == before


def test_incident_1_other_arguments_name_a_deploy_directory_that_is_not_there(lab: Lab) -> None:
    done = lab.ssh(f"observer/server_deploy.sh deploy ~/observer compose.yml {NEW}")
    assert (done.returncode, done.stderr) == (1, b"error: deploy directory not found: deploy\n")


def test_incident_2_a_refused_pull_is_called_a_success_while_the_old_release_runs(lab: Lab) -> None:
    lab.set_flaws("ignore-pull-error")
    lab.gateway.switch(revoke="good")
    before = _container(lab)
    done = _run(lab, NEW, "deploy")
    assert done.returncode == 0
    assert f"== deployed: {NEW}" in done.stdout.decode()
    assert _state(lab, "last_good_tag") == NEW
    assert _running(lab) == (f"observer:{OLD}", OLD)
    assert _container(lab) != before, "restarted: a new start time proves nothing"


def test_incident_2_the_stale_script_starts_a_local_image_and_calls_it_the_release(lab: Lab) -> None:
    lab.set_flaws("stale-tar")
    done = _run(lab, NEW, "deploy")
    assert done.returncode == 0
    assert f"warning: image archive not found: {NEW}: starting the local image" in done.stderr.decode()
    assert _state(lab, "last_good_tag") == NEW
    assert _running(lab) == ("obs_deploy-observer:latest", OLD)


def test_incident_10_a_rollback_redeploys_the_release_it_should_leave(lab: Lab) -> None:
    lab.set_flaws("overwrite-last-good")
    assert _run(lab, NEW, "deploy").returncode == 0
    before = _container(lab)
    done = _run(lab, NEW, "rollback")
    assert (done.returncode, _state(lab, "last_good_tag")) == (0, NEW)
    assert _container(lab) == before


def test_incident_11_a_rollback_that_pulls_has_no_way_back_when_refused(lab: Lab) -> None:
    assert _run(lab, NEW, "deploy").returncode == 0
    lab.set_flaws("rollback-pulls")
    lab.gateway.switch(revoke="good")
    done = _run(lab, NEW, "rollback")
    assert done.returncode == 1
    assert f"error: pull failed: {lab.image}:{OLD}" in done.stderr.decode()
    assert _running(lab) == (f"observer:{NEW}", NEW)


def test_incident_12_a_release_is_started_without_the_folder_that_it_keeps_data_in(lab: Lab) -> None:
    assert _bound(lab) == b"/data"
    lab.set_flaws("lose-mounts")
    assert _run(lab, NEW, "deploy").returncode == 0
    assert (_bound(lab), _running(lab)) == (b"", (f"observer:{NEW}", NEW))


def test_a_deploy_leaves_the_other_containers_alone_unless_it_is_flawed(lab: Lab) -> None:
    before = _sidecars(lab)
    assert before.count(b"observer-") == 4
    assert _run(lab, NEW, "deploy").returncode == 0
    assert _sidecars(lab) == before
    lab.set_flaws("recreate-sidecars")
    assert _run(lab, NEW, "deploy").returncode == 0
    assert not set(_sidecars(lab).splitlines()) & set(before.splitlines())


@pytest.mark.parametrize(("flaw", "action"), [("hang", "deploy"), ("hang-rollback", "rollback")])
def test_a_script_that_hangs_has_changed_nothing_yet(lab: Lab, flaw: str, action: str) -> None:
    assert _run(lab, NEW, "deploy").returncode == 0
    before = _container(lab)
    lab.set_flaws(flaw)
    done = lab.ssh(f"timeout 1 observer/server_deploy.sh ~/observer compose.yml {NEW} {action}")
    assert done.returncode == 124
    assert _container(lab) == before


def test_a_process_that_a_deploy_left_behind_is_still_there_after_it(lab: Lab) -> None:
    lab.set_flaws("leave-child")
    try:
        assert _run(lab, NEW, "deploy").returncode == 0
        assert len(_left_behind(lab)) == 1
    finally:
        end(_left_behind(lab))
    assert _left_behind(lab) == []
