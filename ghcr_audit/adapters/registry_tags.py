"""A repository's tag list, read page by page. Only a list that was read to its end proves a tag missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ghcr_audit.adapters.registry_auth import RegistryAuth, reason_of
from ghcr_audit.adapters.registry_http import KIB, HttpAnswer, HttpRequest, origin_of
from ghcr_audit.causes import Cause
from ghcr_audit.registry.documents import read_next_link, read_tags
from ghcr_audit.registry.view import MAX_TAGS, EndpointAnswer, TagList

MAX_TAG_PAGES = 20
_TAGS_A_PAGE = 1000
_PAGE_BYTES = 1 * KIB * KIB
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One page: `next_url` is None on the last one; not `sound`, when something in it had to be left out."""

    tags: tuple[str, ...]
    next_url: str | None
    sound: bool


def list_tags(auth: RegistryAuth, repository: str) -> TagList:
    """Up to 20 pages and 10,000 tags, in the registry's order; whatever was left out makes it incomplete."""
    url = f"{auth.origin.url}/v2/{repository}/tags/list?n={_TAGS_A_PAGE}"
    pages: list[_Page] = []
    while len(pages) < MAX_TAG_PAGES:
        page = _page(auth, repository, url)
        if isinstance(page, TagList):
            return _listed(pages, ended=False) if pages else page
        pages.append(page)
        if page.next_url is None:
            return _listed(pages, ended=True)
        url = page.next_url
    return _listed(pages, ended=False)


def _page(auth: RegistryAuth, repository: str, url: str) -> _Page | TagList:
    answer = auth.send(repository, HttpRequest(url=url, limit_bytes=_PAGE_BYTES))
    if isinstance(answer, EndpointAnswer):
        return _refused(answer)
    if answer.status != _OK:
        return _refused(reason_of(answer, auth.mask))
    content = None if answer.cut else read_tags(answer.body)
    if content is None:
        return TagList(failure=Cause.OTHER)
    tags = tuple(tag for tag in content.tags if auth.mask.hide(tag) == tag)
    next_url, followed = _next(url, answer)
    sound = content.sound and followed and len(tags) == len(content.tags)
    return _Page(tags=tags, next_url=next_url, sound=sound)


def _next(url: str, answer: HttpAnswer) -> tuple[str | None, bool]:
    """The next page's address, and whether the link (if there is one) leads to this same list."""
    link = read_next_link(answer.header("Link"))
    if link is None:
        return None, True
    try:
        target = urljoin(url, link)
        same = origin_of(target) == origin_of(url) and urlsplit(target).path == urlsplit(url).path
    except ValueError:  # e.g. an IPv6 bracket that is never closed
        return None, False
    return (target, True) if same and target != url else (None, False)


def _listed(pages: Iterable[_Page], *, ended: bool) -> TagList:
    kept = tuple(pages)
    tags = tuple(dict.fromkeys(tag for page in kept for tag in page.tags))
    complete = ended and all(page.sound for page in kept) and len(tags) <= MAX_TAGS
    return TagList(status=_OK, complete=complete, tags=tags[:MAX_TAGS])


def _refused(answer: EndpointAnswer) -> TagList:
    failure = Cause.OTHER if answer.status is None and answer.failure is None else answer.failure
    return TagList(status=answer.status, error_code=answer.error_code, message=answer.message, failure=failure)
