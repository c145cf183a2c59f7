"""What strikes a drill from outside: its process, its network, its engine, its registry, its disks, its journal."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

from ghcr_audit.drill.journal import Step
from lab.bring_up import IMAGE_NAME
from lab.errors import LabError
from lab.faults.drilling import drill_process, ended, told_by
from lab.faults.scene import Act, Scene
from lab.faults.site import NEW, OLD, site_of
from lab.images import publish_alias, publish_release, tags_of
from lab.incidents.host_deeds import wait_for_health
from lab.lab import Lab

CRASHES, SICK = "20260601-080000", "20260602-080000"
"""Releases that end at once, and that never become healthy."""
SCRIPT = "odd_deploy.sh"
"""What deploys in place of the host's own script, where a fault needs another one."""
DAY_S = 86400


# --- the drill's own process --------------------------------------------------------------------------------------


def kill(scene: Scene) -> None:
    """No word of farewell."""
    scene.signal(signal.SIGKILL)


def terminate(scene: Scene) -> None:
    """As a worker does that is told to end."""
    scene.signal(signal.SIGTERM)


def stop(scene: Scene) -> None:
    """A laptop that is closed."""
    scene.signal(signal.SIGSTOP)


def wake(scene: Scene) -> None:
    """And opened again."""
    scene.signal(signal.SIGCONT)


def kill_for_good(scene: Scene) -> None:
    """The controller is gone with all that it wrote down."""
    kill(scene)
    shutil.rmtree(scene.site.folder)


def jump_ahead(scene: Scene) -> None:
    """The controller's clock is suddenly a day ahead."""
    scene.clock_file.write_text(str(DAY_S), encoding="ascii")


def clock_behind(scene: Scene) -> None:
    """It was a day behind from the beginning."""
    scene.clock_file.write_text(str(-DAY_S), encoding="ascii")


def fill_controllers_disk(scene: Scene) -> None:
    """No room for a journal any more: what is written beside it, to take its place, meets a full device."""
    if scene.process is not None:
        _controllers_new(scene, scene.process.pid).symlink_to("/dev/full")


def empty_controllers_disk(scene: Scene) -> None:
    """Room again."""
    if scene.process is not None:
        _controllers_new(scene, scene.process.pid).unlink(missing_ok=True)


def _controllers_new(scene: Scene, pid: int) -> Path:
    copy = scene.site.controllers_copy
    return copy.with_name(f"{copy.name}.{pid}.new")


def second_drill(scene: Scene) -> None:
    """Another controller begins a drill of the same host."""
    folder = scene.folder / "second"
    folder.mkdir()
    other = site_of(scene.lab, folder, deploy__lease_s=5, deploy__limit_s=20)
    with drill_process(other, other.audit(NEW), rollback=False) as process:
        output = ended(process)
    told = told_by(output)
    if told is None and not scene.mixed:
        raise LabError(f"the second drill: came to no end: {output[-300:]}")
    how = "struck by another fault" if told is None else ", ".join(told.refused) or told.verdict
    scene.told.append(f"the second drill: {how}")


# --- the way to the host, its engine, its registry ----------------------------------------------------------------


def cut_sessions(scene: Scene) -> None:
    """Connections and what runs in them end."""
    scene.lab.cut_sessions()


def cut_connections(scene: Scene) -> None:
    """Connections break; what runs in them goes on."""
    scene.lab.cut_connections()


def stop_sshd(scene: Scene) -> None:
    """The host is away."""
    scene.lab.stop_sshd()


def start_sshd(scene: Scene) -> None:
    """It is back."""
    scene.lab.start_sshd()


def stop_engine(scene: Scene) -> None:
    """Orderly: its containers end first."""
    scene.lab.stop_engine()


def kill_engine(scene: Scene) -> None:
    """Not orderly."""
    scene.lab.kill_engine()


def start_engine(scene: Scene) -> None:
    """Containers that restart by themselves come back."""
    scene.lab.start_engine()


def stop_gateway(scene: Scene) -> None:
    """Nobody listens at the registry's address."""
    scene.lab.stop_gateway()


def start_gateway(scene: Scene) -> None:
    """Somebody does again."""
    scene.lab.start_gateway()


def switched(**switches: object) -> Act:
    """The registry's switches, as `lab.gateway` has them."""
    return lambda scene: scene.lab.gateway.switch(**switches)


def pull_on_rollback(scene: Scene) -> None:
    """The target's rollback asks the registry, too: there is something for the registry to spoil."""
    scene.lab.set_flaws("rollback-pulls")


def push_again(scene: Scene) -> None:
    """Another image under the tag that is drilled."""
    lab = scene.lab
    (scene.folder / "pushed").write_text(tags_of(lab.upstream, IMAGE_NAME)[NEW], encoding="ascii")
    publish_release(
        lab.upstream, IMAGE_NAME, NEW, busybox=lab.busybox, port=lab.health_port, salt="pushed again by a fault"
    )


def push_as_before(scene: Scene) -> None:
    """The tag names its own image again."""
    file = scene.folder / "pushed"
    if file.exists():
        publish_alias(scene.lab.upstream, IMAGE_NAME, file.read_text(encoding="ascii"), NEW)


# --- what the target deploys, and by what -------------------------------------------------------------------------


def write_script(lab: Lab, text: str) -> None:
    """The script of the target's own; it belongs to the deploy user."""
    file = lab.deploy_dir / SCRIPT
    file.write_text(f"#!/bin/sh\n{textwrap.dedent(text)}\n", encoding="utf-8")
    file.chmod(0o755)
    owner = (lab.deploy_dir / "compose.yml").stat()
    os.chown(file, owner.st_uid, owner.st_gid)


def remove_script(scene: Scene) -> None:
    """The host has its own script alone."""
    (scene.lab.deploy_dir / SCRIPT).unlink(missing_ok=True)


def hanging(scene: Scene) -> None:
    """The deploy script hangs, or its rollback does."""
    scene.lab.set_flaws("hang-rollback" if scene.step is Step.ROLLING_BACK else "hang")


def without_effect(scene: Scene) -> None:
    """It says that all is well, and has done nothing."""
    write_script(scene.lab, f'[ "$4" != {_action(scene)} ] || exit 0\nexec ./server_deploy.sh "$@"')


def leaving_a_child(scene: Scene) -> None:
    """A process of a session of its own takes the service away later, whoever has put it back meanwhile."""
    child = "setsid sh -c 'sleep 8; docker rm --force observer' </dev/null >/dev/null 2>&1 &"
    write_script(scene.lab, f'[ "$4" != {_action(scene)} ] || {child}\nexec ./server_deploy.sh "$@"')


def _action(scene: Scene) -> str:
    return "rollback" if scene.step is Step.ROLLING_BACK else "deploy"


def publish_crashing(scene: Scene) -> None:
    """A release that ends at once lies on the host, ready to be deployed."""
    _publish(scene.lab, CRASHES, crash=True)


def publish_sick(scene: Scene) -> None:
    """A release that never becomes healthy."""
    _publish(scene.lab, SICK, sick=True)


def _publish(lab: Lab, tag: str, *, crash: bool = False, sick: bool = False) -> None:
    publish_release(lab.upstream, IMAGE_NAME, tag, busybox=lab.busybox, port=lab.health_port, crash=crash, sick=sick)
    lab.ssh(f"docker pull --quiet {lab.image}:{tag}")


def deployed_by_hand(scene: Scene) -> None:
    """Somebody deploys the new release, as it is done every day."""
    scene.lab.deploy(NEW)
    wait_for_health(scene.lab, "healthy")


# --- the journal on the host --------------------------------------------------------------------------------------


def truncate(journal: Path) -> None:
    """Half of it is gone."""
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text[: len(text) // 2], encoding="utf-8")


def forge(journal: Path) -> None:
    """Another image to go back to, in lines and JSON alike; another state file."""
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text.replace(OLD, NEW).replace("last_good_tag", "forged_tag"), encoding="utf-8")


def link(journal: Path) -> None:
    """To a file that a careless writer would overwrite."""
    journal.unlink()
    journal.symlink_to(journal.parents[4] / "observer" / ".env")


def spoiled(spoil: Callable[[Path], None], *, then: Act) -> Act:
    """The journal on the host, where there still is one; then something else."""

    def act(scene: Scene) -> None:
        try:
            spoil(scene.site.place / "journal")
        except FileNotFoundError:
            scene.told.append("the journal was gone already")
        then(scene)

    return act


def fill(folder: Path) -> None:
    """Until the device has no room left; of a small one."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def empty(folder: Path) -> None:
    """Room again."""
    (folder / "filler").unlink(missing_ok=True)
