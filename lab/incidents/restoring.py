"""Putting a lab back: only what changed is touched, so that most incidents are over within a second."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from lab.bring_up import IMAGE_NAME
from lab.errors import LabError
from lab.host import HOST_FILES
from lab.images import delete_tag, move_tag, tags_of
from lab.incidents.host_deeds import (
    compose_plugin,
    fetching_folders,
    health_of,
    in_namespace,
    place_of,
    rc_file,
    wait_for_health,
)
from lab.incidents.memory import Memory, container_of, images_of, refs_of
from lab.lab import Lab
from lab.processes import run, run_or_fail


def restore_way(lab: Lab) -> None:
    """SSH server, engine and their keys, sockets and rooms; the gateway's switches and docker's configuration."""
    lab.gateway.switch(reset=True)
    _restore_keys(lab)
    _restore_engine(lab)
    rc_file(lab).unlink(missing_ok=True)
    aside = compose_plugin(lab).with_name("docker-compose.aside")
    if aside.is_symlink():
        aside.rename(compose_plugin(lab))
    lab.store_credential(lab.tokens.good)


def _restore_keys(lab: Lab) -> None:
    etc = place_of(lab).etc
    known = lab.client_key.with_name(f"{lab.client_key.name}.pub").read_bytes()
    if (etc / "authorized_keys").read_bytes() != known:
        (etc / "authorized_keys").write_bytes(known)
    changed = (etc / "host_key.aside").exists()
    for name in ("host_key", "host_key.pub") if changed else ():
        (etc / f"{name}.aside").rename(etc / name)
    if changed:
        lab.stop_sshd()
    if changed or not _answers(lab, "sshd"):
        lab.start_sshd()


def _restore_engine(lab: Lab) -> None:
    if not _answers(lab, "engine"):
        lab.start_engine()
    lab.docker_socket.chmod(0o660)
    for folder in fetching_folders(lab):
        with contextlib.suppress(LabError):  # it is no mount
            in_namespace(lab, "engine", "sh", "-c", f"[ ! -e {folder}/full ] || umount {folder}")


def _answers(lab: Lab, name: str) -> bool:
    return any(part.name == name and part.answering for part in lab.status().parts)


def restore_repository(lab: Lab, memory: Memory) -> None:
    """Branches and tags stand where they stood, and the work tree is main's."""
    now, git = refs_of(lab.repository), ("git", "-C", str(lab.repository))
    gone = [f"delete {name}" for name in now if name not in memory.refs]
    moved = [f"update {name} {commit}" for name, commit in memory.refs.items() if now.get(name) != commit]
    if lines := [*gone, *moved]:
        done = run((*git, "update-ref", "--stdin"), timeout_s=20, stdin="\n".join([*lines, ""]).encode())
        if done.returncode != 0:
            raise LabError(f"{lab.repository}: put back: {done.stderr.decode(errors='replace').strip()[:300]}")
    run_or_fail((*git, "reset", "--quiet", "--hard", "main"), timeout_s=20)
    run_or_fail((*git, "clean", "--quiet", "--force", "-d"), timeout_s=20)


def restore_published(lab: Lab, memory: Memory) -> None:
    """Every tag names the image that it named; what was pushed under a new tag goes."""
    now = tags_of(lab.upstream, IMAGE_NAME)
    for tag, digest in now.items():
        if tag not in memory.published:
            delete_tag(lab.upstream, IMAGE_NAME, digest)
    for tag, digest in memory.published.items():
        if now.get(tag) != digest:
            move_tag(lab.upstream, IMAGE_NAME, tag, digest)


def restore_files(lab: Lab) -> None:
    """The deploy directory as it was rolled out; owners and modes stay, since only contents are written."""
    lab.set_flaws()
    for name in ("server_deploy.sh", "compose.yml"):
        file, right = lab.deploy_dir / name, (HOST_FILES / name).read_text(encoding="utf-8")
        if file.read_text(encoding="utf-8") != right:
            file.write_text(right, encoding="utf-8")
    for left in (*lab.deploy_dir.glob("runtime/*.yml"), lab.deploy_dir / "runtime/state/previous_good_tag"):
        left.unlink(missing_ok=True)
    _note_last_good(lab)


def restore_container(lab: Lab, memory: Memory) -> None:
    """The same container, or the release that ran at first, deployed anew; the engine's names of images as before."""
    _restore_images(lab, dict(_moved_images(lab, memory)))
    if container_of(lab) != memory.container:
        done = lab.deploy(lab.releases.running)
        if done.returncode != 0:
            words = (done.stdout + done.stderr).decode(errors="replace")[-500:]
            raise LabError(f"lab {lab.name}: put back: the deploy of {lab.releases.running} failed: {words}")
    if health_of(lab) != "healthy":
        wait_for_health(lab, "healthy")
    for name in images_of(lab):
        if name not in memory.images:
            lab.docker("image", "rm", "--no-prune", name)


def _moved_images(lab: Lab, memory: Memory) -> Iterator[tuple[str, str]]:
    now = images_of(lab)
    return ((name, image) for name, image in memory.images.items() if now.get(name) != image)


def _restore_images(lab: Lab, wanted: dict[str, str]) -> None:
    """By their ids; an image that is gone is fetched again by the deploy."""
    for name, image in wanted.items():
        lab.docker("tag", image, name)


def _note_last_good(lab: Lab) -> None:
    """As the first deploy left it, owned by the deploy user."""
    file = lab.deploy_dir / "runtime" / "state" / "last_good_tag"
    if file.read_text(encoding="utf-8").strip() != lab.releases.running:
        file.write_text(f"{lab.releases.running}\n", encoding="utf-8")
    owner = (lab.deploy_dir / "runtime").stat()
    os.chown(file, owner.st_uid, owner.st_gid)
