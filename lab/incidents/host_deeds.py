"""Incidents on the host: its deploy files, what was deployed by them, and what keeps docker or SSH from working."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

from lab.errors import LabError
from lab.incidents.repository_deeds import DISAGREEING, SICK, release_disagreeing, release_sick
from lab.lab import Lab
from lab.namespace import give
from lab.place import Place
from lab.processes import run_or_fail
from lab.state import PartName, read_state

LOCAL_IMAGE = "obs_deploy-observer:latest"
_HEALTH_WITHIN_S = 30.0
_FULL = "size=4k"
"""A file system of one page: full with the first file that is no empty one."""


def place_of(lab: Lab) -> Place:
    """Where the lab's files lie."""
    return Place(folder=lab.folder)


def add_flaws(lab: Lab, *words: str) -> None:
    """Flaws of the host's deploy script, besides those that it has."""
    file = lab.deploy_dir / "runtime" / "flaws"
    had = file.read_text(encoding="utf-8").split() if file.exists() else []
    lab.set_flaws(*dict.fromkeys((*had, *words)))


# --- deploy files, and what was deployed by them -------------------------------------------------------------------


def overwrite_last_good(lab: Lab) -> None:
    """Incident 10: a deploy that failed left its release behind as the last good one."""
    add_flaws(lab, "overwrite-last-good")
    lab.deploy(lab.releases.unpublished)


def pull_on_rollback(lab: Lab) -> None:
    """Incident 11."""
    add_flaws(lab, "rollback-pulls")


def lose_mounts(lab: Lab) -> None:
    """Incident 12: the release that runs, started once more from elsewhere."""
    add_flaws(lab, "lose-mounts")
    _done(lab.deploy(lab.releases.running))
    wait_for_health(lab, "healthy")


def deploy_the_local_image(lab: Lab) -> None:
    """Incident 3: the compose file names an image that was built on the host, and that was started."""
    _build_local_image(lab)
    edit(lab.deploy_dir / "compose.yml", "${LAB_REGISTRY:?}/acme/observer:${IMAGE_TAG:?}", LOCAL_IMAGE)
    _done(lab.ssh(f"cd {lab.deploy_dir} && IMAGE_TAG={lab.releases.running} docker compose -f compose.yml up -d"))
    wait_for_health(lab, "healthy")


def deploy_by_the_old_script(lab: Lab) -> None:
    """Incident 2: an older version of the script takes the tag for an archive, and starts the local image."""
    _build_local_image(lab)
    edit(lab.deploy_dir / "server_deploy.sh", "if flawed stale-tar; then", "if true; then")
    _done(lab.deploy(lab.releases.newest_published))
    wait_for_health(lab, "healthy")


def _build_local_image(lab: Lab) -> None:
    if lab.docker("image", "inspect", LOCAL_IMAGE).returncode != 0:
        _done(lab.docker("commit", "observer", LOCAL_IMAGE))


def damage_compose_file(lab: Lab) -> None:
    """Incident 9, in its own words: a key in the middle of a value."""
    edit(lab.deploy_dir / "compose.yml", "    network_mode: host\n", "    network_mode: host mode: bridge\n")


def deploy_disagreeing(lab: Lab) -> None:
    """Incident 4."""
    release_disagreeing(lab)
    _done(lab.deploy(DISAGREEING))
    wait_for_health(lab, "unhealthy")


def deploy_sick(lab: Lab) -> None:
    """A release that never becomes healthy; the script gives up on it after a moment."""
    release_sick(lab)
    script = f"HEALTH_TRIES=3 ./server_deploy.sh {lab.deploy_dir} compose.yml {SICK} deploy"
    lab.ssh(f"cd {lab.deploy_dir} && {script}", timeout_s=60)
    wait_for_health(lab, "unhealthy")


def remove_container(lab: Lab) -> None:
    """Nothing runs."""
    _done(lab.docker("rm", "--force", "observer"))


def edit(file: Path, right: str, wrong: str) -> None:
    """Change the first occurrence of a text; owner and mode stay."""
    text = file.read_text(encoding="utf-8")
    if right not in text:
        raise LabError(f"{file}: the text to break is not there: {right.strip()!r}")
    file.write_text(text.replace(right, wrong, 1), encoding="utf-8")


def wait_for_health(lab: Lab, expected: str) -> None:
    """Until Docker says so of the service.

    Raises:
        LabError: it does not within 30 s.
    """
    deadline = time.monotonic() + _HEALTH_WITHIN_S
    while (seen := health_of(lab)) != expected:
        if time.monotonic() > deadline:
            raise LabError(f"container observer: health: {seen or 'none'} after 30 s (expected {expected})")
        time.sleep(0.1)


def health_of(lab: Lab) -> str:
    """Docker's word; empty when there is no such container."""
    return lab.docker("inspect", "--format", "{{.State.Health.Status}}", "observer").stdout.decode().strip()


# --- docker's own configuration -----------------------------------------------------------------------------------


def damage_config(lab: Lab) -> None:
    """A config.json that was cut while it was written."""
    place_of(lab).docker_config.write_text(lab.stored_config()[:-8], encoding="utf-8")


def name_missing_helper(lab: Lab) -> None:
    """A config.json from a desktop machine: its credential helper is not on this host."""
    _write(lab, place_of(lab).docker_config, json.dumps({"credsStore": "desktop"}))


def read_another_config(lab: Lab) -> None:
    """The login is there, and a variable of the session leads docker past it."""
    _write(lab, rc_file(lab), "export DOCKER_CONFIG=$HOME/.config/docker\n")


def pin_api_version(lab: Lab) -> None:
    """A variable of the session asks for an API that the engine does not have."""
    _write(lab, rc_file(lab), "export DOCKER_API_VERSION=1.99\n")


def rc_file(lab: Lab) -> Path:
    """What bash reads for a command over SSH, too (its manual, INVOCATION: "run by the remote shell daemon")."""
    return place_of(lab).home / ".bashrc"


def remove_compose(lab: Lab) -> None:
    """Docker without its compose plugin."""
    compose_plugin(lab).rename(compose_plugin(lab).with_name("docker-compose.aside"))


def compose_plugin(lab: Lab) -> Path:
    """The deploy user's own plugin."""
    return place_of(lab).docker_config.parent / "cli-plugins" / "docker-compose"


def _write(lab: Lab, file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    state = read_state(place_of(lab))
    if state is not None:
        give(file, state.user_id)


# --- engine, disk, SSH --------------------------------------------------------------------------------------------


def forbid_socket(lab: Lab) -> None:
    """The deploy user is not in the group that may use the engine."""
    lab.docker_socket.chmod(0o600)


def fill_disk(lab: Lab) -> None:
    """No room where the engine keeps what it is fetching; the rest of its data stays as it is."""
    for folder in fetching_folders(lab):
        in_namespace(lab, "engine", "mount", "-t", "tmpfs", "-o", _FULL, "tmpfs", str(folder))
        in_namespace(lab, "engine", "sh", "-c", f"echo full >{folder}/full")


def fetching_folders(lab: Lab) -> list[Path]:
    """Where either image store writes first what it fetches."""
    data = place_of(lab).engine / "data"
    ingest = data / "containerd" / "daemon" / "io.containerd.content.v1.content" / "ingest"
    return [folder for folder in (ingest, data / "tmp") if folder.is_dir()]


def in_namespace(lab: Lab, part: PartName, *argv: str) -> None:
    """Run a command in the private mount namespace of one of the lab's servers."""
    state = read_state(place_of(lab))
    process = state.process_of(part) if state is not None else None
    if process is None or not process.alive:
        raise LabError(f"{part}: does not run")
    run_or_fail(("nsenter", f"--mount=/proc/{process.pid}/ns/mnt", *argv), timeout_s=10)


def refuse_key(lab: Lab) -> None:
    """The host knows another key only."""
    key = new_key(place_of(lab).etc / "another_client")
    (place_of(lab).etc / "authorized_keys").write_bytes(key.with_name("another_client.pub").read_bytes())


def change_host_key(lab: Lab) -> None:
    """The host was set up anew: its SSH server shows another key."""
    key = place_of(lab).etc / "host_key"
    for file in (key, key.with_name("host_key.pub")):
        file.rename(file.with_name(f"{file.name}.aside"))
    new_key(key)
    lab.stop_sshd()
    lab.start_sshd()


def new_key(path: Path) -> Path:
    """A key pair of its own under this path."""
    if not path.exists():
        run_or_fail(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(path)), timeout_s=10)
    return path


def _done(ended: subprocess.CompletedProcess[bytes]) -> None:
    if ended.returncode != 0:
        words = re.sub(r"\s+", " ", (ended.stdout + ended.stderr).decode(errors="replace")).strip()
        raise LabError(f"incident: a step failed with exit code {ended.returncode}: {words[-500:]}")
