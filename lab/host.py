"""The deploy user's home on the lab's host: the deploy directory and the stored registry credential."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

from lab.namespace import give
from lab.packages import Packages
from lab.place import Place
from lab.state import LabState, write_private

HOST_FILES = Path(__file__).resolve().parent / "host_files"


def make_home(place: Place, state: LabState, packages: Packages) -> None:
    """Everything that the deploy user needs: programs on the PATH, HOME, compose plugin, deploy directory."""
    seen = packages.seen_at(place.packages)
    place.bin.mkdir()
    (place.bin / "docker").symlink_to(seen.docker)
    if packages.brings_curl:
        (place.bin / "curl").symlink_to(seen.root / "usr/bin/curl")
    plugins = place.docker_config.parent / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(seen.compose)
    make_deploy_dir(place, state)
    give(place.home, state.user_id)
    place.home.chmod(0o750)


def make_deploy_dir(place: Place, state: LabState) -> None:
    """The script and compose file as they are rolled out, their settings, and an empty runtime state."""
    place.deploy_dir.mkdir()
    for name in ("server_deploy.sh", "compose.yml"):
        shutil.copyfile(HOST_FILES / name, place.deploy_dir / name)
    (place.deploy_dir / "server_deploy.sh").chmod(0o755)
    settings = {
        "LAB_REGISTRY": f"127.0.0.1:{state.ports.registry}",
        "HEALTH_PORT": str(state.ports.health),
        "LAB_PROJECT": f"lab-{place.name}",
    }
    (place.deploy_dir / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    for folder in ("runtime/state", "runtime/data"):
        (place.deploy_dir / folder).mkdir(parents=True)


def store_credential(place: Place, state: LabState, *, token: str, user: str) -> None:
    """Store a credential as `docker login` does, also one that a login would refuse."""
    auth = base64.b64encode(f"{user}:{token}".encode()).decode()
    config = {"auths": {f"127.0.0.1:{state.ports.registry}": {"auth": auth}}}
    write_private(place.docker_config, json.dumps(config, indent="\t"))
    give(place.docker_config, state.user_id)
