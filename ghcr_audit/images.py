"""Image references: parsed once, by the registry's own grammar, into a value nothing has to parse again."""

import ipaddress
import re
from dataclasses import dataclass

from ghcr_audit.errors import ConfigurationError, shown

DEFAULT_REGISTRY = "docker.io"
"""Where a reference without a host points; with it, one-word names live under `library/`."""

MAX_REFERENCE_CHARS = 600
"""More than the longest reference the grammar allows (path 255, tag 128, a host, a digest)."""

_MAX_PATH_CHARS = 255
_DOMAIN_WORD = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"({_DOMAIN_WORD}(?:\.{_DOMAIN_WORD})*|\[[a-fA-F0-9:]+\])(?::([0-9]{{1,5}}))?")
_PATH_WORD = r"[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_WORD}(?:/{_PATH_WORD})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BARE_ID = re.compile(r"[0-9a-f]{64}")
_MAX_PORT = 65535
_LOOPBACK_V4 = ipaddress.ip_network("127.0.0.0/8")
_LOOPBACK_V6 = ipaddress.ip_address("::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """One image as a registry knows it; made by `parse_image`, always complete and lower-case.

    `registry` is `host` or `host:port` (`ghcr.io`, `127.0.0.1:5000`, `[::1]:5000`); `repository` has no host.
    Without tag and digest it names the repository alone; no `latest` is put in for it.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """`registry/repository`: what stays the same from release to release."""
        return f"{self.registry}/{self.repository}"

    def with_tag(self, tag: str) -> "ImageRef":
        """The same repository at this tag, without digest: a digest would win over the tag in every pull."""
        return ImageRef(registry=self.registry, repository=self.repository, tag=check_tag(tag))

    def with_digest(self, digest: str) -> "ImageRef":
        """The same repository at this digest, without tag: the form that an engine's RepoDigests have."""
        return ImageRef(registry=self.registry, repository=self.repository, digest=check_digest(digest))

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse_image(text: str) -> ImageRef:
    """Read `[host[:port]/]path[:tag][@digest]`, with Docker Hub's defaults filled in.

    Grammar: the reference package of the distribution project, with two differences: only sha256 digests, and
    a first word in capitals is a mistake here, not a host name. Raises ConfigurationError.
    """
    if not text or len(text) > MAX_REFERENCE_CHARS:
        raise _not_an_image(text, f"{len(text)} characters, expected 1-{MAX_REFERENCE_CHARS}")
    if text.startswith("-"):
        raise _not_an_image(text, "it begins with '-' and would be read as an option")
    if _BARE_ID.fullmatch(text):
        raise _not_an_image(text, "it is an image id; only references have a registry")
    named, at, digest = text.partition("@")
    remote, tag = _split_tag(named)
    registry, repository = _split_registry(remote)
    return ImageRef(
        registry=check_registry(registry),
        repository=check_repository(repository),
        tag=None if tag is None else check_tag(tag),
        digest=check_digest(digest) if at else None,
    )


def check_tag(text: str) -> str:
    """The tag itself, if the grammar allows it; it may then stand in commands. Raises ConfigurationError."""
    if _TAG.fullmatch(text):
        return text
    raise ConfigurationError(
        f"tag: read: not a tag (got {shown(text)}, expected 1-128 of A-Z a-z 0-9 _ . -, first none of . -)"
    )


def check_digest(text: str) -> str:
    """The digest itself, if it is `sha256:` and 64 lower-case hex digits. Raises ConfigurationError."""
    if _DIGEST.fullmatch(text):
        return text
    raise ConfigurationError(
        f"digest: read: not a digest (got {shown(text)}, expected sha256: and 64 lower-case hex digits)"
    )


def is_tag(text: str) -> bool:
    """Whether `check_tag` would let this text through."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `check_digest` would let this text through."""
    return _DIGEST.fullmatch(text) is not None


def check_registry(text: str) -> str:
    """`host` or `host:port` lower-case; host: a name, IPv4 or `[IPv6]`. Raises ConfigurationError."""
    found = _REGISTRY.fullmatch(text[:MAX_REFERENCE_CHARS])
    if found is None or not _host_is_sound(found[1]) or int(found[2] or 1) not in range(1, _MAX_PORT + 1):
        raise ConfigurationError(
            f"registry: read: not a host (got {shown(text)}, expected e.g. ghcr.io, host:5000 or [::1]:5000)"
        )
    return text.lower()


def check_repository(text: str) -> str:
    """A repository's path, without host, tag and digest. Raises ConfigurationError."""
    if len(text) <= _MAX_PATH_CHARS and _PATH.fullmatch(text):
        return text
    if text != text.lower() and _PATH.fullmatch(text.lower()):
        raise ConfigurationError(
            f"repository: read: must be lower-case (got {shown(text)})",
            hint="Registries know no capitals: write the owner and the name in lower case.",
        )
    raise ConfigurationError(
        f"repository: read: not a repository (got {shown(text)}, expected e.g. owner/name, "
        f"at most {_MAX_PATH_CHARS} characters)"
    )


def host_of(registry: str) -> str:
    """The host of `host` or `host:port`, lower-case, an IPv6 literal without its brackets."""
    if registry.startswith("["):
        return registry[1:].partition("]")[0].lower()
    return registry.partition(":")[0].lower()


def is_loopback(registry: str) -> bool:
    """Whether `host` or `host:port` is this machine (127.0.0.0/8, ::1, localhost), where http is allowed."""
    host = host_of(registry)
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address == _LOOPBACK_V6 or address in _LOOPBACK_V4


def _split_tag(named: str) -> tuple[str, str | None]:
    head, colon, tag = named.rpartition(":")
    if not colon or "/" in tag or tag.endswith("]"):
        return named, None
    return head, tag


def _split_registry(remote: str) -> tuple[str, str]:
    first, slash, rest = remote.partition("/")
    if slash and (first == "localhost" or any(mark in first for mark in ".:[")):
        registry, path = first, rest
    else:
        registry, path = DEFAULT_REGISTRY, remote
    if registry.lower() in (DEFAULT_REGISTRY, f"index.{DEFAULT_REGISTRY}"):
        return DEFAULT_REGISTRY, path if "/" in path else f"library/{path}"
    return registry, path


def _host_is_sound(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def _not_an_image(text: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"image: read: not an image reference: {why} (got {shown(text)})")
