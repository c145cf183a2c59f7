"""A registry's answers as values: challenge, token, manifests, platforms, tags, and what they prove."""

from dataclasses import dataclass

from ghcr_audit.causes import Cause

REFUSED_REALM = "refused-realm"
"""The registry named a foreign token host: nothing was asked there and no credential was sent."""

HTTP_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_SERVER_FAULT = 500
_REFUSALS = (401, 403)
_ABSENT_CODES = ("MANIFEST_", "NAME_UNKNOWN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One operating system and architecture, as an image index or a config names it."""

    os: str
    architecture: str
    variant: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAnswer:
    """The answer of `/v2/` or of the token endpoint; no `status`: no usable HTTP answer."""

    status: int | None = None
    error_code: str | None = None
    message: str = ""
    failure: Cause | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure", _failure_beside(self.status, self.failure))

    @property
    def realm_refused(self) -> bool:
        """Whether nothing was asked since the registry named a token host it may not name."""
        return self.status is None and self.error_code == REFUSED_REALM


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAnswer:
    """What a registry says about one tag or digest.

    Either `status` (an HTTP answer) or `failure` (none, or none that can be believed); for 429 and 5xx both,
    as they say nothing about the manifest. Neither `readable` nor `refused` nor `absent` means: not known.
    """

    reference: str
    status: int | None = None
    digest: str | None = None
    media_type: str | None = None
    error_code: str | None = None
    message: str = ""
    failure: Cause | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure", _failure_beside(self.status, self.failure))

    @property
    def readable(self) -> bool:
        """Whether the manifest is there and may be read."""
        return self.status == HTTP_OK and self.digest is not None

    @property
    def refused(self) -> bool:
        """Whether access was refused; the manifest may be there or not."""
        return self.status in _REFUSALS

    @property
    def absent(self) -> bool:
        """Whether the registry itself says that it is not there (a 404 of whoever else proves nothing).

        ghcr.io also answers MANIFEST_UNKNOWN when the index exists and the Accept header does not cover it.
        """
        known_code = (self.error_code or "").upper().startswith(_ABSENT_CODES)
        return self.status == _NOT_FOUND and known_code and "Accept header" not in self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class TagList:
    """The tags a registry lists. Only a `complete` list proves that a tag is missing."""

    status: int | None = None
    complete: bool = False
    tags: tuple[str, ...] = ()
    error_code: str | None = None
    message: str = ""
    failure: Cause | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "failure", _failure_beside(self.status, self.failure))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlatform:
    """One platform that the image under this reference runs on."""

    reference: str
    platform: Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryView:
    """All that one vantage point saw of one repository; what is None or missing was not seen."""

    challenge: EndpointAnswer | None = None
    token: EndpointAnswer | None = None
    manifests: tuple[ManifestAnswer, ...] = ()
    platforms: tuple[ImagePlatform, ...] = ()
    tags: TagList | None = None

    def manifest(self, reference: str) -> ManifestAnswer | None:
        """The answer about this tag or digest, None if it was not asked for."""
        return next((answer for answer in self.manifests if answer.reference == reference), None)

    def platforms_of(self, reference: str) -> tuple[Platform, ...]:
        """The platforms of the image under this reference, () when not seen."""
        return tuple(line.platform for line in self.platforms if line.reference == reference)

    def published(self, tag: str) -> bool | None:
        """Whether this tag lies in the registry, None when that cannot be told from here."""
        answer = self.manifest(tag)
        listed = self.tags is not None and tag in self.tags.tags
        if listed or (answer is not None and answer.readable):
            return True
        all_listed = self.tags is not None and self.tags.status == HTTP_OK and self.tags.complete
        if all_listed or (answer is not None and answer.absent):
            return False
        return None


def _failure_beside(status: int | None, failure: Cause | None) -> Cause | None:
    """The failure a status implies; beside a status, any other failure is a programming error."""
    implied = _implied_failure(status)
    if status is not None and failure is not None and failure is not implied:
        raise ValueError(f"status {status} and failure {failure}: an answer has one or the other")
    return failure or implied


def _implied_failure(status: int | None) -> Cause | None:
    if status == _TOO_MANY:
        return Cause.RATE_LIMITED
    if status is not None and status >= _SERVER_FAULT:
        return Cause.REGISTRY_UNAVAILABLE
    return None
