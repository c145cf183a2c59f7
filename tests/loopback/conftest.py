"""Hosts and registries that several test files here share."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ghcr_audit.adapters.local import LocalHost
from lab.images import publish_release
from lab.loopback import LoopbackGateway, loopback_gateway, loopback_registry
from tests.loopback.host_tools import REGISTRY, TOOLS, Cell, applets, bring, cached_busybox, stand_in_front
from tests.loopback.host_views import INDEXED, NAME, SINGLE, program
from tests.loopback.scripted_registry import ScriptedRegistry, serve


@pytest.fixture(scope="session")
def programs() -> None:
    """The lab's programs, found before a test changes HOME."""
    cached_busybox()


@pytest.fixture(scope="module")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The key that this module's bundles are signed with; its public half lies beside it."""
    path = tmp_path_factory.mktemp("key") / "signing.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GHCR_AUDIT_SIGNING_KEY", str(path))
        yield path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any credential; the machine's own is not looked at."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return tmp_path


@pytest.fixture(params=TOOLS, ids=str)
def host(request: pytest.FixtureRequest, programs: None, home: Path, monkeypatch: pytest.MonkeyPatch) -> LocalHost:
    """This machine, with another shell and awk first on its PATH."""
    folder = home / "tools"
    folder.mkdir()
    stand_in_front(folder, request.param)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return LocalHost(REGISTRY)


@pytest.fixture
def local(home: Path) -> LocalHost:
    """This machine with its own shell."""
    return LocalHost(REGISTRY)


@pytest.fixture
def make_cell(programs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cell]:
    """Makes a root folder with busybox alone; only root may enter one."""
    if os.geteuid() != 0 or shutil.which("chroot") is None:
        pytest.skip("only root may chroot")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    def make(*without: str) -> Cell:
        root = tmp_path / "root"
        for folder in ("bin", "dev", "tmp"):
            (root / folder).mkdir(parents=True)
        applets(root / "bin", without=without)
        if without:  # busybox' own shell finds its programs wherever they are
            bring(root, "dash")
        os.mknod(root / "dev/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        return Cell(root=root)

    return make


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    busybox = tmp_path_factory.mktemp("program") / "busybox"
    busybox.write_bytes(bytes(range(256)) * 200)
    with loopback_registry() as address:
        publish_release(address, NAME, SINGLE, busybox=busybox)
        publish_release(address, NAME, INDEXED, busybox=busybox, as_index=True)
        yield address


@pytest.fixture
def gateway(upstream: str, tmp_path: Path) -> Iterator[LoopbackGateway]:
    with loopback_gateway(tmp_path, upstream=upstream) as running:
        yield running


@pytest.fixture
def scripted() -> Iterator[ScriptedRegistry]:
    with serve() as running:
        yield running


@pytest.fixture
def docker_home(programs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, with a docker that knows no container."""
    folder = tmp_path / "home"
    (folder / "bin").mkdir(parents=True)
    program(folder, "docker", "exit 1")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return folder
