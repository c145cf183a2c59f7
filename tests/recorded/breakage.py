"""Tools for breaking a lab: images, tags, containers, programs, keys. Each raises when it could not do its work."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.bring_up import IMAGE_NAME
from lab.images import publish_release
from lab.lab import Lab
from lab.repository import next_release


def publish_newest(lab: Lab) -> None:
    """Push the image that no workflow built; pushing it again changes nothing."""
    publish(lab, lab.releases.unpublished)


@contextmanager
def tagged(lab: Lab, tag: str) -> Iterator[None]:
    next_release(lab.repository, tag)
    yield
    for words in (("tag", "--delete", tag), ("reset", "--quiet", "--hard", "HEAD~1")):
        run("git", "-C", str(lab.repository), *words)


@contextmanager
def without_program(lab: Lab, program: str) -> Iterator[None]:
    """A host without one program: in the SSH server's own mount namespace, other folders lie over its folders."""
    places = [
        place
        for place in (lab.folder / "bin", *_SYSTEM_PATH)
        if (place / program).is_symlink() or (place / program).exists()
    ]
    covers = [_cover(lab.folder / f"without-{program}-{number}", place, program) for number, place in enumerate(places)]
    for cover, place in zip(covers, places, strict=True):
        _on_host(lab, "mount", "--bind", str(place), str(cover / "whole"))
        _on_host(lab, "mount", "--bind", str(cover / "fewer"), str(place))
    yield
    for cover, place in zip(covers, places, strict=True):
        _on_host(lab, "umount", str(place))
        _on_host(lab, "umount", str(cover / "whole"))
        shutil.rmtree(cover)


def _cover(folder: Path, place: Path, program: str) -> Path:
    """`fewer`: links to all programs but one in `whole`, where the covered folder will be seen."""
    for name in ("whole", "fewer"):
        (folder / name).mkdir(parents=True)
    for found in place.iterdir():
        if found.name != program:
            (folder / "fewer" / found.name).symlink_to(folder / "whole" / found.name)
    return folder


def _on_host(lab: Lab, *argv: str) -> None:
    server = next(part.pid for part in lab.status().parts if part.name == "sshd")
    run("nsenter", f"--mount=/proc/{server}/ns/mnt", *argv)


_SYSTEM_PATH = (Path("/usr/local/bin"), Path("/usr/bin"))


def publish(lab: Lab, tag: str, *, salt: str = "", architecture: str = "", as_index: bool = False) -> None:
    publish_release(
        lab.upstream,
        IMAGE_NAME,
        tag,
        busybox=lab.busybox,
        port=lab.health_port,
        salt=salt,
        architecture=architecture,
        as_index=as_index,
    )


def redeploy(lab: Lab) -> None:
    """Back to the release that ran at first."""
    checked(lab.deploy(lab.releases.running))
    wait_for_health(lab, "healthy")


def wait_for_health(lab: Lab, expected: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        seen = lab.docker("inspect", "--format", "{{.State.Health.Status}}", "observer").stdout.decode().strip()
        if seen == expected:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"observer: health: {seen!r} after 30 s (expected {expected!r})")
        time.sleep(0.2)


def new_key(path: Path) -> Path:
    if not path.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    return path


def run(*argv: str) -> None:
    checked(subprocess.run(argv, capture_output=True, check=False, timeout=20))


def checked(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode != 0:
        raise RuntimeError(f"{done.args}: exit code {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
