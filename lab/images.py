"""Small real images, made and pushed without an engine: one static busybox and two layers.

The same input gives the same digest (on one machine: compression depends on the zlib in use, so tests
compute digests and never hard-code them). Everything is pushed straight to the registry behind the gateway.
"""

import http.client
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lab.layers import Archive, Blob, Layer

DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"

DEFAULT_PORT: Final = 8000
_CREATED: Final = "2026-01-01T00:00:00Z"
_SECOND_NS: Final = 1_000_000_000
_SAID_BYTES: Final = 500  # of what the registry says to a refusal
_TIMEOUT_S: Final = 20.0
_ARCHITECTURES: Final[Mapping[str, str]] = MappingProxyType(
    {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
)
_APPLETS: Final = ("sh", "httpd", "wget", "sleep", "cat", "echo", "printf", "rm")

_START: Final = Path(__file__).parent / "repository_files" / "start.sh"
_CHECK: Final = 'wget -q -O /dev/null "http://127.0.0.1:$HEALTH_PORT/health"'
_IDLE: Final = "while :; do sleep 3600; done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One platform's image, ready to be pushed."""

    manifest: Blob
    config: Blob
    layers: tuple[Layer, ...]
    media_type: str
    architecture: str


def this_architecture() -> str:
    """The registry's name for this machine's processor.

    Raises:
        ValueError: a processor that the lab has no name for.
    """
    machine = platform.machine().lower()
    if machine not in _ARCHITECTURES:
        raise ValueError(f"this machine's processor: no image name known (got {machine!r})")
    return _ARCHITECTURES[machine]


def publish_release(
    registry: str,
    repository: str,
    tag: str,
    *,
    busybox: Path,
    port: int = DEFAULT_PORT,
    sick: bool = False,
    crash: bool = False,
    disagree: bool = False,
    salt: str = "",
    architecture: str = "",
    as_index: bool = False,
    second_architecture: str = "",
) -> str:
    """Push one release of `observer`; returns the digest that the tag then names.

    sick: `/health` answers 404. crash: exits with 3 at the start. disagree: `/health` answers ok while the
    health check inside says unhealthy (incident 4). salt: another digest under the same tag. port: the
    default of HEALTH_PORT. architecture: this machine's unless named; a foreign one is a label only, the
    program stays the same. as_index: an OCI index over one platform, or two with `second_architecture`.

    Raises:
        OSError, http.client.HTTPException: the registry refuses or does not answer.
    """
    environment = (f"HEALTH_PORT={port}", *_flag("LAB_SICK", sick), *_flag("LAB_CRASH", crash))
    check = "exit 1" if disagree else _CHECK
    layers = (_program_layer(busybox), _release_layer(tag, salt))
    first = architecture or this_architecture()
    images = tuple(
        _image(
            layers,
            settings=_observer_settings(tag, environment=environment, check=check, is_well=not (sick or disagree)),
            architecture=name,
            is_oci=as_index,
        )
        for name in (first, second_architecture)
        if name
    )
    return _publish(registry, repository, tag, images=images, as_index=as_index)


def publish_sidecar(registry: str, repository: str, tag: str, *, busybox: Path) -> str:
    """Push an image that runs and does nothing, such as `acme/observer-postgres`; returns its digest."""
    settings = {
        "Cmd": ["sh", "-c", _IDLE],
        "Env": ["PATH=/bin"],
        "Labels": {"org.opencontainers.image.title": repository},
        "StopSignal": "SIGKILL",
    }
    image = _image((_program_layer(busybox),), settings=settings, architecture=this_architecture(), is_oci=False)
    return _publish(registry, repository, tag, images=(image,), as_index=False)


def publish_artifact(registry: str, repository: str, tag: str) -> str:
    """Push what is no image at all, a Helm chart as `helm push` makes it; returns its digest."""
    config, chart = _json_blob({"name": "observer", "version": tag}), Blob(content=b"no chart either")
    described = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(config, "application/vnd.cncf.helm.config.v1+json"),
        "layers": [_descriptor(chart, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
    }
    for blob in (config, chart):
        _put_blob(registry, repository, blob)
    return _put_manifest(registry, repository, tag, _json_blob(described), OCI_MANIFEST)


def publish_alias(registry: str, repository: str, tag: str, alias: str) -> str:
    """Let `alias` (such as `latest`) name what `tag` names; returns the digest."""
    headers = {"Accept": ", ".join((DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST))}
    response, content = _ask(registry, "GET", f"/v2/{repository}/manifests/{tag}", headers=headers)
    _expect(response, 200, f"{repository}:{tag}")
    media_type = response.getheader("Content-Type") or DOCKER_MANIFEST
    return _put_manifest(registry, repository, alias, Blob(content=content), media_type)


def tags_of(registry: str, repository: str) -> dict[str, str]:
    """Every tag of a repository with the digest that it names."""
    response, content = _ask(registry, "GET", f"/v2/{repository}/tags/list")
    _expect(response, 200, f"{repository}: tags")
    return {tag: _digest_of(registry, repository, tag) for tag in json.loads(content)["tags"] or ()}


def move_tag(registry: str, repository: str, tag: str, digest: str) -> None:
    """Let a tag name an image that the repository has (again)."""
    publish_alias(registry, repository, digest, tag)


def delete_tag(registry: str, repository: str, digest: str) -> None:
    """Remove an image with every tag that names it."""
    response, _ = _ask(registry, "DELETE", f"/v2/{repository}/manifests/{digest}")
    _expect(response, 202, f"{repository}@{digest}")


def _digest_of(registry: str, repository: str, tag: str) -> str:
    headers = {"Accept": ", ".join((DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST))}
    response, _ = _ask(registry, "HEAD", f"/v2/{repository}/manifests/{tag}", headers=headers)
    _expect(response, 200, f"{repository}:{tag}")
    return response.getheader("Docker-Content-Digest") or ""


def _flag(name: str, is_set: bool) -> tuple[str, ...]:
    return (f"{name}=1",) if is_set else ()


def _observer_settings(tag: str, *, environment: tuple[str, ...], check: str, is_well: bool) -> dict[str, object]:
    """The `config` part of the image: a JSON object at the border to the engine.

    A service that is well is asked seldom: each question starts a process in its container, in every lab.
    """
    return {
        "Entrypoint": ["/start.sh"],
        "Env": ["PATH=/bin", f"APP_VERSION={tag}", *environment],
        "Healthcheck": {
            "Test": ["CMD-SHELL", check],
            "Interval": 5 * _SECOND_NS if is_well else _SECOND_NS,
            # Without these the first question comes after an interval: in every deploy of every test.
            "StartPeriod": 5 * _SECOND_NS if is_well else _SECOND_NS,
            "StartInterval": _SECOND_NS // 10,
            "Timeout": 2 * _SECOND_NS,
            "Retries": 3,
        },
        "Labels": {
            "org.opencontainers.image.source": "https://github.com/acme/observer",
            "org.opencontainers.image.version": tag,
        },
        # busybox as process 1 ignores TERM: every recreation would wait ten seconds for it.
        "StopSignal": "SIGKILL",
    }


@lru_cache(maxsize=4)
def _program_layer(busybox: Path) -> Layer:
    """The program and its names; packed once per process, since that takes most of the time."""
    with Archive() as archive:
        for folder in ("bin", "data", "tmp", "www"):
            archive.add_folder(folder)
        archive.add_file("bin/busybox", busybox.read_bytes(), mode=0o755)
        for applet in _APPLETS:
            archive.add_link(f"bin/{applet}", "busybox")
    return archive.layer()


def _release_layer(tag: str, salt: str) -> Layer:
    with Archive() as archive:
        archive.add_file("start.sh", _START.read_bytes(), mode=0o755)
        archive.add_file("www/version", f"{tag}\n{salt}".encode(), mode=0o644)
    return archive.layer()


def _image(layers: tuple[Layer, ...], *, settings: Mapping[str, object], architecture: str, is_oci: bool) -> Image:
    config = _json_blob(
        {
            "architecture": architecture,
            "os": "linux",
            "created": _CREATED,
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created": _CREATED, "created_by": "lab"} for _ in layers],
        }
    )
    media_type = OCI_MANIFEST if is_oci else DOCKER_MANIFEST
    manifest = _json_blob(
        {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": _descriptor(config, OCI_CONFIG if is_oci else DOCKER_CONFIG),
            "layers": [_descriptor(layer.packed, OCI_LAYER if is_oci else DOCKER_LAYER) for layer in layers],
        }
    )
    return Image(manifest=manifest, config=config, layers=layers, media_type=media_type, architecture=architecture)


def _index(images: tuple[Image, ...]) -> Blob:
    entries = [
        _descriptor(image.manifest, image.media_type)
        | {"platform": {"architecture": image.architecture, "os": "linux"}}
        for image in images
    ]
    return _json_blob({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def _json_blob(content: object) -> Blob:
    return Blob(content=json.dumps(content, sort_keys=True).encode())


def _descriptor(blob: Blob, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": blob.digest, "size": len(blob.content)}


def _publish(registry: str, repository: str, tag: str, *, images: tuple[Image, ...], as_index: bool) -> str:
    for blob in {blob.digest: blob for image in images for blob in _blobs(image)}.values():
        _put_blob(registry, repository, blob)
    if not as_index:
        return _put_manifest(registry, repository, tag, images[0].manifest, images[0].media_type)
    for image in images:
        _put_manifest(registry, repository, image.manifest.digest, image.manifest, image.media_type)
    return _put_manifest(registry, repository, tag, _index(images), OCI_INDEX)


def _blobs(image: Image) -> tuple[Blob, ...]:
    return (image.config, *(layer.packed for layer in image.layers))


def _put_blob(registry: str, repository: str, blob: Blob) -> None:
    """Upload a blob, unless the registry has it."""
    response, _ = _ask(registry, "HEAD", f"/v2/{repository}/blobs/{blob.digest}")
    if response.status == http.client.OK:
        return
    response, _ = _ask(registry, "POST", f"/v2/{repository}/blobs/uploads/")
    _expect(response, 202, f"{repository}: upload")
    location = (response.getheader("Location") or "").removeprefix(f"http://{registry}")
    separator = "&" if "?" in location else "?"
    target = f"{location}{separator}digest={blob.digest}"
    response, said = _ask(registry, "PUT", target, body=blob.content)
    _expect(response, 201, f"{repository}: {blob.digest}", said)


def _put_manifest(registry: str, repository: str, reference: str, manifest: Blob, media_type: str) -> str:
    target = f"/v2/{repository}/manifests/{reference}"
    response, said = _ask(registry, "PUT", target, body=manifest.content, headers={"Content-Type": media_type})
    _expect(response, 201, f"{repository}:{reference}", said)
    return manifest.digest


def _ask(
    registry: str,
    method: str,
    target: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[http.client.HTTPResponse, bytes]:
    """One exchange; the response and its body, read whole."""
    host, _, port = registry.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_S)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def _expect(response: http.client.HTTPResponse, status: int, subject: str, said: bytes = b"") -> None:
    if response.status != status:
        text = f"{subject}: the registry refused (got HTTP {response.status}, expected {status})"
        raise OSError(f"{text}: {said[:_SAID_BYTES]!r}" if said else text)
