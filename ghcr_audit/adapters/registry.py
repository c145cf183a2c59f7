"""A registry seen from the controller: manifests, platforms and tags, as data whatever it answers.

Endpoints: the distribution specification of the OCI. Nothing here changes anything in a registry.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

from ghcr_audit.adapters.registry_auth import RegistryAuth, reason_of, registry_origin
from ghcr_audit.adapters.registry_http import (
    KIB,
    MAX_TRIES,
    HttpAnswer,
    HttpRequest,
    HttpTransport,
    Mask,
    origin_of,
)
from ghcr_audit.adapters.registry_tags import list_tags
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential
from ghcr_audit.errors import ConfigurationError, RegistryError
from ghcr_audit.images import check_repository, check_tag, is_digest
from ghcr_audit.registry.documents import ACCEPTED_MANIFESTS, read_config_platform, read_manifest
from ghcr_audit.registry.view import (
    MAX_MANIFESTS,
    MAX_PLATFORMS,
    EndpointAnswer,
    ImagePlatform,
    ManifestAnswer,
    Platform,
    RegistryView,
    TagList,
    clean_media_type,
)

_MANIFEST_BYTES = 4 * KIB * KIB  # the limit that the specification lets registries set
_CONFIG_BYTES = 1 * KIB * KIB
_OK = 200
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedManifest:
    """A manifest's answer and, where it is readable, its bytes, which have that digest."""

    answer: ManifestAnswer
    body: bytes = b""


class RegistryClient:
    """One registry, asked with one credential or none; a context manager that keeps its tokens while open.

    `registry`: `host[:port]`, over https, on loopback over http. `token_host`: the one other host that the
    credential may be sent to. `timeout_s` limits each wait and each body. Raises ConfigurationError for what is no
    host, and RegistryError from `platforms` alone: elsewhere refusals and failures are data.
    """

    def __init__(
        self,
        registry: str,
        *,
        credential: Credential | None = None,
        token_host: str | None = None,
        timeout_s: float = 10,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._origin = registry_origin(registry)
        self._mask = Mask(credential)
        self._http = HttpTransport(timeout_s=timeout_s, sleep=sleep)
        self._auth = RegistryAuth(
            origin=self._origin,
            credential=credential,
            token_host=token_host,
            http=self._http,
            mask=self._mask,
            clock=clock,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def view(
        self,
        repository: str,
        references: Sequence[str],
        *,
        list_tags: bool = True,
        with_platforms: str | None = None,
    ) -> RegistryView:
        """All that is seen of a repository: these tags or digests (at most 200), its tags, one image's platforms.

        Who is stopped at the challenge or the token endpoint sees those alone. Raises only ConfigurationError.
        """
        check_repository(repository)
        checked = _checked_references(references)
        challenge = self._auth.challenge()
        grant = self._auth.grant(repository)
        if grant.stopped is not None:
            return RegistryView(challenge=challenge, token=grant.token)
        manifests = tuple(self.manifest(repository, reference) for reference in checked)
        return RegistryView(
            challenge=challenge,
            token=grant.token,
            manifests=manifests,
            platforms=self._platform_lines(repository, with_platforms, manifests),
            tags=self.tags(repository) if list_tags else None,
        )

    def manifest(self, repository: str, reference: str) -> ManifestAnswer:
        """What the registry says about a tag or digest: by HEAD, by GET where that gives no digest or no reason.

        A refusal at the token endpoint is this answer, too.
        """
        answer = self._ask_manifest("HEAD", repository, reference)
        if isinstance(answer, ManifestAnswer):
            return answer
        head = _told(reference, answer, self._mask)
        if head.readable or head.failure is Cause.IMAGE_DIGEST_MISMATCH:
            return head
        told = self.fetch_manifest(repository, reference, tries=1).answer
        return head if told.status is None and head.status != _OK else told

    def fetch_manifest(self, repository: str, reference: str, *, tries: int = MAX_TRIES) -> FetchedManifest:
        """The manifest itself (at most 4 MiB), its sha256 compared with the asked and the announced one."""
        answer = self._ask_manifest("GET", repository, reference, tries=tries)
        if isinstance(answer, ManifestAnswer):
            return FetchedManifest(answer=answer)
        told = _told(reference, answer, self._mask)
        if told.status != _OK:
            return FetchedManifest(answer=told)
        verified = _verified(told, answer)
        return FetchedManifest(answer=verified, body=answer.body if verified.readable else b"")

    def platforms(self, repository: str, reference: str) -> tuple[Platform, ...]:
        """The platforms of an image: an index's entries, or the one in a single manifest's config.

        () means that the image names none. Raises RegistryError when it could not be read.
        """
        fetched = self.fetch_manifest(repository, reference)
        if not fetched.answer.readable:
            raise _unreadable(f"{repository}: manifest {reference}", fetched.answer.failure)
        content = read_manifest(fetched.body)
        if content is None or content.config_digest is None:
            return () if content is None else self._shareable(content.platforms)
        platform = read_config_platform(self._blob(repository, content.config_digest))
        return () if platform is None else self._shareable((platform,))

    def tags(self, repository: str) -> TagList:
        """The repository's tags: at most 20 pages and 10,000 tags; not read to the end, not `complete`."""
        return list_tags(self._auth, check_repository(repository))

    def _ask_manifest(
        self, method: str, repository: str, reference: str, *, tries: int = MAX_TRIES
    ) -> HttpAnswer | ManifestAnswer:
        path = f"{check_repository(repository)}/manifests/{_checked_reference(reference)}"
        request = HttpRequest(
            method=method,
            url=f"{self._origin.url}/v2/{path}",
            accept=ACCEPTED_MANIFESTS,
            limit_bytes=_MANIFEST_BYTES,
        )
        answer = self._auth.send(repository, request, tries=tries)
        return _carried(reference, answer) if isinstance(answer, EndpointAnswer) else answer

    def _blob(self, repository: str, digest: str) -> bytes:
        subject = f"{repository}: blob {digest}"
        url = f"{self._origin.url}/v2/{repository}/blobs/{digest}"
        answer = self._auth.send(repository, HttpRequest(url=url, accept="*/*", limit_bytes=_CONFIG_BYTES))
        if isinstance(answer, HttpAnswer) and answer.status in _REDIRECTS:
            answer = self._stored_elsewhere(subject, url, answer)
        if isinstance(answer, EndpointAnswer):
            raise _unreadable(subject, answer.failure)
        if answer.status != _OK or answer.cut:
            raise _unreadable(subject, EndpointAnswer(status=answer.status).failure)
        if _sha256(answer.body) != digest:
            raise _unreadable(subject, Cause.IMAGE_DIGEST_MISMATCH)
        return answer.body

    def _stored_elsewhere(self, subject: str, url: str, answer: HttpAnswer) -> HttpAnswer:
        """What a blob's redirect leads to: one step, without credential, https (or the same loopback lab)."""
        try:
            target = urljoin(url, answer.header("Location"))
        except ValueError:  # e.g. an IPv6 bracket that is never closed
            raise _unreadable(subject, None) from None
        place = origin_of(target)
        if place is None or not (self._origin.loopback if place.loopback else place.scheme == "https"):
            raise _unreadable(subject, None)
        return self._http.send(HttpRequest(url=target, accept="*/*", limit_bytes=_CONFIG_BYTES))

    def _platform_lines(
        self, repository: str, reference: str | None, asked: Sequence[ManifestAnswer]
    ) -> tuple[ImagePlatform, ...]:
        barred = any(answer.reference == reference and not answer.readable for answer in asked)
        if reference is None or barred:
            return ()
        try:
            found = self.platforms(repository, reference)
        except RegistryError:
            return ()  # not seen; where that matters, the manifest's own answer says why
        return tuple(ImagePlatform(reference=reference, platform=one) for one in found[:MAX_PLATFORMS])

    def _shareable(self, platforms: tuple[Platform, ...]) -> tuple[Platform, ...]:
        return tuple(platform for platform in platforms if self._mask.hide(str(platform)) == str(platform))


def _told(reference: str, answer: HttpAnswer, mask: Mask) -> ManifestAnswer:
    """What status and headers say; a digest that is none counts as not given."""
    if answer.status != _OK:
        return _carried(reference, reason_of(answer, mask))
    announced = answer.header("Docker-Content-Digest")
    digest = announced if is_digest(announced) else None
    if digest is not None and is_digest(reference) and digest != reference:
        return ManifestAnswer(reference=reference, failure=Cause.IMAGE_DIGEST_MISMATCH)
    media_type = clean_media_type(mask.hide(answer.header("Content-Type")))
    return ManifestAnswer(reference=reference, status=_OK, digest=digest, media_type=media_type)


def _verified(told: ManifestAnswer, answer: HttpAnswer) -> ManifestAnswer:
    """The answer with the digest of the bytes themselves; a page that is no manifest is no answer."""
    content = None if answer.cut else read_manifest(answer.body)
    if content is None:
        return ManifestAnswer(reference=told.reference, failure=Cause.OTHER)
    computed = _sha256(answer.body)
    asked = told.reference if is_digest(told.reference) else computed
    if computed != asked or told.digest not in (None, computed):
        return ManifestAnswer(reference=told.reference, failure=Cause.IMAGE_DIGEST_MISMATCH)
    return replace(told, digest=computed)


def _carried(reference: str, answer: EndpointAnswer) -> ManifestAnswer:
    """An answer met on the way to the manifest, as the manifest's own."""
    return ManifestAnswer(
        reference=reference,
        status=answer.status,
        error_code=None if answer.realm_refused else answer.error_code,
        message=answer.message,
        failure=Cause.OTHER if answer.realm_refused else answer.failure,
    )


def _checked_reference(reference: str) -> str:
    return reference if is_digest(reference) else check_tag(reference)


def _checked_references(references: Sequence[str]) -> tuple[str, ...]:
    if len(references) > MAX_MANIFESTS:
        raise ConfigurationError(
            f"registry: view: too many references (got {len(references)}, expected at most {MAX_MANIFESTS})"
        )
    return tuple(_checked_reference(reference) for reference in dict.fromkeys(references))


def _sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _unreadable(subject: str, failure: Cause | None) -> RegistryError:
    cause = failure or Cause.OTHER
    return RegistryError(f"{subject}: read: not readable ({cause})", cause=cause)
