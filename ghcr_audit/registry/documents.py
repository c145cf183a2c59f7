"""The documents that registries send, read defensively: any bytes give a value or None, never an exception.

Sources: the distribution specification of the OCI (error bodies, tag lists), its image specification (index,
manifest, config), RFC 9110 section 11 (challenges) and RFC 8288 (Link).
"""

import json
import re
from dataclasses import dataclass

from ghcr_audit.images import is_digest, is_tag
from ghcr_audit.registry.view import Platform, parse_platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPTED_MANIFESTS = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST))
"""All four, since a registry answers 404 for an image whose kind of manifest was not asked for."""

_PARAMETER = re.compile(r'([A-Za-z_]{1,32})="([^"]{0,2048})"')
_BEARER = re.compile(r"[\x21-\x7e]{1,16384}")
_NEXT_LINK = re.compile(r'<([^>]{1,4096})>\s*;\s*rel="?next"?', re.IGNORECASE)
_SERVICE = re.compile(r"[A-Za-z0-9.:_/-]{1,255}")
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReason:
    """Why a registry refused, in its own words: foreign text, not yet masked, cleaned or capped."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a 401 asks for. Its scope is left out on purpose: ghcr.io's is the literal text `user/image`."""

    bearer: bool
    realm: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsPage:
    """One page of a tag list; `sound` is False when entries had to be left out."""

    tags: tuple[str, ...]
    sound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestContent:
    """What a manifest leads to: an index to platforms, a single manifest to its config."""

    platforms: tuple[Platform, ...] = ()
    config_digest: str | None = None


def read_error(body: bytes) -> ErrorReason:
    """Code and message of an error body: the registry's form, OAuth's, or whatever text it is."""
    document = _object(body)
    if document is None:
        return ErrorReason(code="", message=body.decode("utf-8", "replace"))
    errors = _list(document.get("errors"))
    first = errors[0] if errors and isinstance(errors[0], dict) else document
    code = _text(first.get("code")) or _text(first.get("error"))
    message = _text(first.get("message")) or _text(first.get("error_description")) or _text(first.get("details"))
    return ErrorReason(code=code, message=message)


def read_challenge(header: str) -> Challenge | None:
    """The Bearer challenge of a `WWW-Authenticate` header, else Basic, else None."""
    start = re.search(r"(?:^|,)\s*Bearer\s", header, re.IGNORECASE)
    if start is None:
        return Challenge(bearer=False) if re.search(r"(?:^|,)\s*Basic\b", header, re.IGNORECASE) else None
    parameters = {found[1].lower(): found[2] for found in _PARAMETER.finditer(header, start.start())}
    service = parameters.get("service", "")
    return Challenge(
        bearer=True,
        realm=parameters.get("realm", ""),
        service=service if _SERVICE.fullmatch(service) else "",
    )


def read_bearer(body: bytes) -> str | None:
    """The token of a token answer: opaque (not always a JWT), printable ASCII, at most 16 KiB."""
    document = _object(body) or {}
    token = _text(document.get("token")) or _text(document.get("access_token"))
    return token if _BEARER.fullmatch(token) else None


def read_tags(body: bytes) -> TagsPage | None:
    """One page of `tags/list`; a repository without tags says null."""
    document = _object(body)
    if document is None or "tags" not in document:
        return None
    entries = [] if document["tags"] is None else document["tags"]
    if not isinstance(entries, list):
        return None
    tags = tuple(entry for entry in entries if isinstance(entry, str) and is_tag(entry))
    return TagsPage(tags=tags, sound=len(tags) == len(entries))


def read_next_link(header: str) -> str | None:
    """The address of the next page, absolute or relative, None on the last one."""
    found = _NEXT_LINK.search(header)
    return None if found is None else found[1]


def read_manifest(body: bytes) -> ManifestContent | None:
    """An index's platforms (attestations, `unknown/unknown`, are none) or a manifest's config digest."""
    document = _object(body)
    if document is None:
        return None
    if isinstance(document.get("manifests"), list):
        return ManifestContent(platforms=_index_platforms(document))
    config = document.get("config")
    digest = _text(config.get("digest")) if isinstance(config, dict) else ""
    return ManifestContent(config_digest=digest if is_digest(digest) else None)


def read_config_platform(body: bytes) -> Platform | None:
    """The platform that an image's config names."""
    document = _object(body)
    return None if document is None else _platform(document)


def _index_platforms(document: dict[str, object]) -> tuple[Platform, ...]:
    entries = (entry.get("platform") for entry in _list(document.get("manifests")) if isinstance(entry, dict))
    read = (_platform(entry) for entry in entries if isinstance(entry, dict))
    return tuple(dict.fromkeys(platform for platform in read if platform is not None))


def _platform(document: dict[str, object]) -> Platform | None:
    names = [_text(document.get(name)) for name in ("os", "architecture", "variant")]
    platform = parse_platform("/".join(name for name in names if name))
    if not (names[0] and names[1]) or platform is None or platform.os == _UNKNOWN:
        return None
    return platform


def _object(body: bytes) -> dict[str, object] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, a number of 5,000 digits, 10,000 brackets
        return None
    return document if isinstance(document, dict) else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
