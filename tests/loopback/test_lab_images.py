"""Images without an engine are deterministic and whole; the repository's tags tell their order badly."""

import gzip
import hashlib
import http.client
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lab.images
from lab.images import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    publish_alias,
    publish_release,
    publish_sidecar,
    this_architecture,
)
from lab.loopback import loopback_registry
from lab.repository import (
    RELEASES,
    WORKFLOWS,
    WorkflowFlaw,
    break_workflow,
    create_repository,
    next_release,
)

pytestmark = pytest.mark.loopback

NAME = "acme/observer"
START = Path(lab.images.__file__).parent / "repository_files" / "start.sh"
TAG = "20260120-083000"


@pytest.fixture
def registry() -> Iterator[str]:
    with loopback_registry() as address:
        yield address


@pytest.fixture
def busybox(tmp_path: Path) -> Path:
    """Any bytes will do: nothing is run here."""
    program = tmp_path / "busybox"
    program.write_bytes(b"\x7fELF" + bytes(range(256)) * 64)
    return program


def _fetch(registry: str, kind: str, reference: str) -> tuple[str, bytes]:
    connection = http.client.HTTPConnection(registry, timeout=5)
    connection.request("GET", f"/v2/{NAME}/{kind}/{reference}")
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.status == 200, f"{kind}/{reference}"
    return response.headers["Content-Type"], content


def _json(registry: str, kind: str, reference: str) -> dict[str, Any]:
    """An object of the registry, parsed; its shape is what the test is about."""
    parsed: dict[str, Any] = json.loads(_fetch(registry, kind, reference)[1])
    return parsed


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_same_release_has_the_same_digest_everywhere(registry: str, busybox: Path) -> None:
    first = publish_release(registry, NAME, TAG, busybox=busybox)
    again = publish_release(registry, NAME, TAG, busybox=busybox)
    with loopback_registry() as other:
        assert first == again == publish_release(other, NAME, TAG, busybox=busybox)


def test_salt_gives_another_digest_under_the_same_tag(registry: str, busybox: Path) -> None:
    before = publish_release(registry, NAME, TAG, busybox=busybox)
    after = publish_release(registry, NAME, TAG, busybox=busybox, salt="rebuilt")
    assert before != after
    assert _digest(_fetch(registry, "manifests", TAG)[1]) == after


def test_the_returned_digest_names_the_manifest_that_is_served(registry: str, busybox: Path) -> None:
    digest = publish_release(registry, NAME, TAG, busybox=busybox)
    media_type, content = _fetch(registry, "manifests", TAG)
    assert (_digest(content), media_type) == (digest, DOCKER_MANIFEST)
    assert _fetch(registry, "manifests", digest)[1] == content


def test_diff_ids_name_the_unpacked_layers_and_every_size_is_right(registry: str, busybox: Path) -> None:
    publish_release(registry, NAME, TAG, busybox=busybox)
    manifest = _json(registry, "manifests", TAG)
    packed = [_fetch(registry, "blobs", layer["digest"])[1] for layer in manifest["layers"]]
    config = _json(registry, "blobs", manifest["config"]["digest"])
    assert config["rootfs"]["diff_ids"] == [_digest(gzip.decompress(layer)) for layer in packed]
    assert [layer["size"] for layer in manifest["layers"]] == [len(layer) for layer in packed]


def test_the_layers_hold_the_program_its_names_and_the_start_script(registry: str, busybox: Path) -> None:
    publish_release(registry, NAME, TAG, busybox=busybox)
    entries: dict[str, tarfile.TarInfo] = {}
    for layer in _json(registry, "manifests", TAG)["layers"]:
        content = gzip.decompress(_fetch(registry, "blobs", layer["digest"])[1])
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            entries |= {entry.name: entry for entry in archive}
    assert entries["bin/busybox"].size == busybox.stat().st_size
    assert (entries["bin/sh"].issym(), entries["bin/sh"].linkname) == (True, "busybox")
    assert entries["start.sh"].mode == 0o755


def test_a_release_says_its_version_and_how_to_check_it(registry: str, busybox: Path) -> None:
    publish_release(registry, NAME, TAG, busybox=busybox, port=8123)
    config = _json(registry, "blobs", _json(registry, "manifests", TAG)["config"]["digest"])
    settings = config["config"]
    assert settings["Labels"]["org.opencontainers.image.version"] == TAG
    assert {f"APP_VERSION={TAG}", "HEALTH_PORT=8123"} < set(settings["Env"])
    assert settings["Healthcheck"]["Interval"] == 5_000_000_000
    assert settings["StopSignal"] == "SIGKILL"
    assert config["architecture"] == this_architecture()


def _config_text(registry: str) -> str:
    config = _json(registry, "manifests", TAG)["config"]["digest"]
    return _fetch(registry, "blobs", config)[1].decode()


def test_each_flaw_is_in_the_image_that_asks_for_it_and_in_no_other(registry: str, busybox: Path) -> None:
    publish_release(registry, NAME, TAG, busybox=busybox)
    healthy = _config_text(registry)
    publish_release(registry, NAME, TAG, busybox=busybox, sick=True)
    sick = _config_text(registry)
    publish_release(registry, NAME, TAG, busybox=busybox, crash=True)
    crashing = _config_text(registry)
    publish_release(registry, NAME, TAG, busybox=busybox, disagree=True)
    disagreeing = _config_text(registry)
    for mark, image in (("LAB_SICK=1", sick), ("LAB_CRASH=1", crashing), ('"exit 1"', disagreeing)):
        having = [text for text in (healthy, sick, crashing, disagreeing) if mark in text]
        assert having == [image]


def _start(folder: Path, **environment: str) -> int:
    """Run the start script by this machine's shell, in `folder` for /www and with an httpd that only notes."""
    script = START.read_text().replace("/www", str(folder))
    httpd = folder / "httpd"
    httpd.write_text('#!/bin/sh\necho "$@" > "${0%/*}/started"\n')
    httpd.chmod(0o755)
    fixed = {"PATH": f"{folder}:/usr/bin:/bin", "APP_VERSION": TAG, "HEALTH_PORT": "8123"}
    done = subprocess.run(["/bin/sh", "-c", script], env=fixed | environment, timeout=10, check=False)
    return done.returncode


def test_a_started_release_tells_its_version_under_health(tmp_path: Path) -> None:
    assert _start(tmp_path) == 0
    assert json.loads((tmp_path / "health").read_text()) == {"status": "ok", "version": TAG}
    assert (tmp_path / "started").read_text() == f"-f -p 127.0.0.1:8123 -h {tmp_path}\n"


def test_a_sick_release_runs_without_health(tmp_path: Path) -> None:
    assert _start(tmp_path, LAB_SICK="1") == 0
    assert (tmp_path / "started").exists()
    assert not (tmp_path / "health").exists()


def test_a_crashing_release_ends_with_3_before_it_serves(tmp_path: Path) -> None:
    assert _start(tmp_path, LAB_CRASH="1") == 3
    assert not (tmp_path / "started").exists()


def test_an_index_lists_its_platforms_by_digest(registry: str, busybox: Path) -> None:
    digest = publish_release(
        registry, NAME, TAG, busybox=busybox, architecture="amd64", as_index=True, second_architecture="arm64"
    )
    media_type, content = _fetch(registry, "manifests", TAG)
    assert (media_type, _digest(content)) == (OCI_INDEX, digest)
    entries = json.loads(content)["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    for entry in entries:
        manifest = _json(registry, "manifests", entry["digest"])
        config = _json(registry, "blobs", manifest["config"]["digest"])
        assert config["architecture"] == entry["platform"]["architecture"]


def test_an_index_may_have_one_foreign_platform_only(registry: str, busybox: Path) -> None:
    """Incident 14: the server's own platform is missing."""
    publish_release(registry, NAME, TAG, busybox=busybox, architecture="arm64", as_index=True)
    entries = _json(registry, "manifests", TAG)["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["arm64"]


def test_an_alias_names_the_same_digest(registry: str, busybox: Path) -> None:
    digest = publish_release(registry, NAME, TAG, busybox=busybox)
    assert publish_alias(registry, NAME, TAG, "latest") == digest
    assert _fetch(registry, "manifests", "latest") == _fetch(registry, "manifests", TAG)


def test_a_sidecar_is_one_layer_that_idles(registry: str, busybox: Path) -> None:
    digest = publish_sidecar(registry, NAME, "1", busybox=busybox)
    manifest = _json(registry, "manifests", digest)
    config = _json(registry, "blobs", manifest["config"]["digest"])
    assert len(manifest["layers"]) == 1
    assert "sleep 3600" in config["config"]["Cmd"][-1]


def test_a_registry_that_refuses_is_named_with_its_status(busybox: Path, registry: str) -> None:
    with pytest.raises(OSError, match=r"acme/observer:absent: the registry refused \(got HTTP 404"):
        publish_alias(registry, NAME, "absent", "latest")


def _git(folder: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git this machine has
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "the repository"
    create_repository(folder)
    return folder


def test_git_orders_the_tied_tags_wrongly_and_their_names_tell_the_truth(repository: Path) -> None:
    """Incident 13."""
    by_date = _git(repository, "tag", "--sort=-creatordate")
    assert list(RELEASES.all_tags) == sorted(by_date)
    assert by_date[0] != RELEASES.all_tags[-1]
    assert by_date[by_date.index(RELEASES.newest_published) + 1] == RELEASES.unpublished


def test_three_lightweight_tags_share_one_commit_and_its_date(repository: Path) -> None:
    assert len(RELEASES.tied) == 3
    assert RELEASES.unpublished in RELEASES.tied
    shown = "--format=%(objecttype) %(objectname) %(creatordate:raw)"
    pointers = [_git(repository, "tag", "--list", shown, tag) for tag in RELEASES.tied]
    assert pointers[0] == pointers[1] == pointers[2]
    assert pointers[0][0].startswith("commit ")


def test_only_the_newest_tag_is_unpublished_and_an_older_one_runs(repository: Path) -> None:
    assert RELEASES.running < RELEASES.newest_published < RELEASES.unpublished
    assert RELEASES.published == RELEASES.all_tags[:-1]
    assert _git(repository, "tag", "--list") == list(RELEASES.all_tags)


def test_the_repository_is_the_same_every_time_and_clean(repository: Path, tmp_path: Path) -> None:
    create_repository(tmp_path / "again")
    assert _git(repository, "rev-parse", "HEAD") == _git(tmp_path / "again", "rev-parse", "HEAD")
    assert _git(repository, "status", "--porcelain") == []
    assert _git(repository, "branch", "--show-current") == ["main"]
    assert "100755" in _git(repository, "ls-files", "--stage", "server_deploy.sh")[0]


def test_a_folder_that_holds_something_is_refused(repository: Path) -> None:
    with pytest.raises(FileExistsError, match="not empty"):
        create_repository(repository)


def test_a_next_release_is_committed_at_its_own_time(repository: Path) -> None:
    commit = next_release(repository, "20260201-120000")
    assert _git(repository, "rev-parse", "20260201-120000") == [commit]
    assert _git(repository, "log", "-1", "--format=%cI") == ["2026-02-01T12:00:00+00:00"]


def test_a_next_release_needs_a_tag_of_the_right_form(repository: Path) -> None:
    with pytest.raises(ValueError, match=r"release '--all': not a tag of the form YYYYMMDD-HHMMSS"):
        next_release(repository, "--all")


@pytest.mark.parametrize(
    ("flaw", "file", "expected"),
    [
        (WorkflowFlaw.ARGUMENT_ORDER, "deploy.yml", "server_deploy.sh deploy observer compose.yml"),
        (WorkflowFlaw.PACKAGES_READ_ONLY, "image.yml", "packages: read"),
        (WorkflowFlaw.TAGS_IGNORED, "image.yml", "branches-ignore:"),
    ],
)
def test_a_workflow_is_broken_once_and_committed(
    repository: Path, flaw: WorkflowFlaw, file: str, expected: str
) -> None:
    path = repository / WORKFLOWS / file
    assert expected not in path.read_text()
    break_workflow(repository, flaw)
    assert expected in path.read_text()
    assert _git(repository, "status", "--porcelain") == []
    with pytest.raises(RuntimeError, match="the text to break is not there"):
        break_workflow(repository, flaw)


def test_the_deploy_workflow_can_stand_on_a_branch_that_is_not_the_default(repository: Path) -> None:
    break_workflow(repository, WorkflowFlaw.TRIGGER_BRANCH)
    path = f"{WORKFLOWS}/deploy.yml"
    assert _git(repository, "ls-tree", "--name-only", "main", path) == []
    assert _git(repository, "ls-tree", "--name-only", "release", path) == [path]
