"""What one vantage point sees of a registry, and the text form in which a host and the controller tell it.

One answer a line, so that a POSIX shell probe can write it and nothing in it can break it:

    challenge 401                        | challenge error dns_failure
    token 200                            | token 403 DENIED denied | token - refused-realm | token error CAUSE
    manifest REFERENCE 200 DIGEST MEDIA_TYPE
    manifest REFERENCE 403 - DENIED permission_denied: read_package
    manifest REFERENCE error CAUSE
    platform REFERENCE linux/arm64/v8
    tags 200 complete                    | tags 200 partial | tags 403 DENIED denied | tags error CAUSE
    tag NAME

Who is stopped at the challenge or at the token endpoint asks nothing further: the lines behind it are missing,
and `view.challenge` or `view.token` says why.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ghcr_audit.causes import Cause
from ghcr_audit.images import is_digest, is_tag
from ghcr_audit.registry.answers import (
    HTTP_OK,
    REFUSED_REALM,
    EndpointAnswer,
    ImagePlatform,
    ManifestAnswer,
    Platform,
    RegistryView,
    TagList,
)

__all__ = [
    "REFUSED_REALM",
    "EndpointAnswer",
    "ImagePlatform",
    "ManifestAnswer",
    "Platform",
    "RegistryView",
    "TagList",
    "clean_code",
    "clean_media_type",
    "clean_message",
    "parse_platform",
    "parse_view",
    "render_view",
]

MAX_TAGS = 10_000
MAX_MANIFESTS = 200
MAX_PLATFORMS = 200
MAX_LINE_CHARS = 2_000
MAX_MESSAGE_CHARS = 300

_STATUS = re.compile(r"[1-5][0-9]{2}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MEDIA_WORD = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_MEDIA_WORD}/{_MEDIA_WORD}")
_PLATFORM_WORD = r"[A-Za-z0-9._-]{1,64}"
_PLATFORM = re.compile(rf"({_PLATFORM_WORD})/({_PLATFORM_WORD})(?:/({_PLATFORM_WORD}))?")


def clean_message(text: str) -> str:
    """A foreign text on one line, without control or format characters, at most 300 characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MAX_MESSAGE_CHARS].rstrip()


def clean_code(text: str) -> str | None:
    """A registry's error code (`DENIED`), None if this is no such word."""
    return text if _CODE.fullmatch(text) else None


def clean_media_type(text: str) -> str | None:
    """A media type without parameters, None if this is none."""
    bare = text.partition(";")[0].strip()
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def parse_platform(text: str) -> Platform | None:
    """Read `os/architecture[/variant]`, None if it is not that."""
    found = _PLATFORM.fullmatch(text)
    return None if found is None else Platform(os=found[1], architecture=found[2], variant=found[3])


def render_view(view: RegistryView) -> str:
    """The view as text, one answer a line; `parse_view` reads it back unchanged within its limits."""
    return "".join(f"{line}\n" for line in _lines(view))


def parse_view(text: str, *, truncated: bool = False) -> RegistryView:
    """Read a view from untrusted text; never raises, ignores what it does not know.

    Limits: 10,000 tags, 200 manifests, 200 platforms, 2,000 characters a line; of two challenges, tokens or
    tag lists the first counts. `truncated`: the text was cut on its way, its tag list proves no absence.
    """
    draft = _Draft(truncated=truncated)
    whole = text.rpartition("\n")[0] if truncated else text  # half a tag would read as another tag
    for line in whole.split("\n"):
        keyword, _, rest = line.strip().partition(" ")
        read = _READERS.get(keyword)
        if read is not None and len(line) <= MAX_LINE_CHARS:
            read(draft, rest)
    return draft.view()


def _lines(view: RegistryView) -> Iterator[str]:
    if view.challenge is not None:
        yield f"challenge {_endpoint_fields(view.challenge)}"
    if view.token is not None:
        yield f"token {_endpoint_fields(view.token)}"
    yield from (f"manifest {_word(answer.reference)} {_manifest_fields(answer)}" for answer in view.manifests)
    yield from (f"platform {_word(line.reference)} {_word(str(line.platform))}" for line in view.platforms)
    if view.tags is not None:
        yield f"tags {_tags_fields(view.tags)}"
        yield from (f"tag {_word(tag)}" for tag in view.tags.tags)


def _endpoint_fields(answer: EndpointAnswer) -> str:
    if answer.status is None and answer.failure is not None:
        return f"error {answer.failure}"
    return f"{_word(answer.status)} {_reason_fields(answer.error_code, answer.message)}".rstrip(" ")


def _manifest_fields(answer: ManifestAnswer) -> str:
    if answer.status is None:
        return f"error {answer.failure or Cause.OTHER}"
    if answer.status == HTTP_OK:
        return f"200 {_word(answer.digest)} {_word(answer.media_type)}"
    return f"{answer.status} {_word(answer.digest)} {_reason_fields(answer.error_code, answer.message)}".rstrip(" ")


def _tags_fields(tags: TagList) -> str:
    if tags.status is None:
        return f"error {tags.failure or Cause.OTHER}"
    if tags.status == HTTP_OK:
        return f"200 {'complete' if tags.complete else 'partial'}"
    return f"{tags.status} {_reason_fields(tags.error_code, tags.message)}".rstrip(" ")


def _reason_fields(code: str | None, message: str) -> str:
    if code is None and not message:
        return ""
    return f"{_word(code)} {clean_message(message)}"


def _word(value: object) -> str:
    text = "" if value is None else str(value)
    return "-" if not text or any(not sign.isprintable() or sign.isspace() for sign in text) else text


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A view while its lines are read."""

    truncated: bool
    challenge: EndpointAnswer | None = None
    token: EndpointAnswer | None = None
    manifests: list[ManifestAnswer] = field(default_factory=list)
    platforms: list[ImagePlatform] = field(default_factory=list)
    tag_list: TagList | None = None
    tags: list[str] = field(default_factory=list)

    def view(self) -> RegistryView:
        return RegistryView(
            challenge=self.challenge,
            token=self.token,
            manifests=tuple(self.manifests),
            platforms=tuple(self.platforms),
            tags=self._finished_tags(),
        )

    def _finished_tags(self) -> TagList | None:
        found = self.tag_list
        if found is None or found.status != HTTP_OK:
            return found
        cut = self.truncated or len(self.tags) > MAX_TAGS
        return TagList(status=HTTP_OK, complete=found.complete and not cut, tags=tuple(self.tags[:MAX_TAGS]))


def _read_challenge(draft: _Draft, rest: str) -> None:
    draft.challenge = draft.challenge or _endpoint(rest)


def _read_token(draft: _Draft, rest: str) -> None:
    draft.token = draft.token or _endpoint(rest)


def _read_manifest(draft: _Draft, rest: str) -> None:
    reference, _, fields = rest.partition(" ")
    answer = _manifest(reference, fields) if is_tag(reference) or is_digest(reference) else None
    if answer is not None and len(draft.manifests) < MAX_MANIFESTS:
        draft.manifests.append(answer)


def _read_platform(draft: _Draft, rest: str) -> None:
    reference, _, text = rest.partition(" ")
    platform = parse_platform(text) if is_tag(reference) or is_digest(reference) else None
    if platform is not None and len(draft.platforms) < MAX_PLATFORMS:
        draft.platforms.append(ImagePlatform(reference=reference, platform=platform))


def _read_tags(draft: _Draft, rest: str) -> None:
    draft.tag_list = draft.tag_list or _tag_list(rest)


def _read_tag(draft: _Draft, rest: str) -> None:
    if is_tag(rest) and len(draft.tags) <= MAX_TAGS:  # one more than the limit, to notice that it was passed
        draft.tags.append(rest)


_READERS: dict[str, Callable[[_Draft, str], None]] = {
    "challenge": _read_challenge,
    "token": _read_token,
    "manifest": _read_manifest,
    "platform": _read_platform,
    "tags": _read_tags,
    "tag": _read_tag,
}


def _endpoint(fields: str) -> EndpointAnswer | None:
    first, _, rest = fields.partition(" ")
    if first == "-":
        return EndpointAnswer(error_code=REFUSED_REALM) if rest == REFUSED_REALM else None
    if first == "error":
        return EndpointAnswer(failure=_cause(rest))
    if not _STATUS.fullmatch(first):
        return None
    code, message = _reason(rest)
    return EndpointAnswer(status=int(first), error_code=code, message=message)


def _manifest(reference: str, fields: str) -> ManifestAnswer | None:
    first, _, rest = fields.partition(" ")
    if first == "error":
        return ManifestAnswer(reference=reference, failure=_cause(rest))
    if not _STATUS.fullmatch(first):
        return None
    status = int(first)
    digest_text, _, tail = rest.partition(" ")
    digest = digest_text if is_digest(digest_text) else None
    if status == HTTP_OK:
        return ManifestAnswer(reference=reference, status=status, digest=digest, media_type=clean_media_type(tail))
    code, message = _reason(tail)
    return ManifestAnswer(reference=reference, status=status, digest=digest, error_code=code, message=message)


def _tag_list(fields: str) -> TagList | None:
    first, _, rest = fields.partition(" ")
    if first == "error":
        return TagList(failure=_cause(rest))
    if not _STATUS.fullmatch(first):
        return None
    if int(first) == HTTP_OK:
        return TagList(status=HTTP_OK, complete=rest == "complete")
    code, message = _reason(rest)
    return TagList(status=int(first), error_code=code, message=message)


def _reason(text: str) -> tuple[str | None, str]:
    code, _, message = text.partition(" ")
    return clean_code(code), clean_message(message)


def _cause(text: str) -> Cause:
    return Cause(text) if text in {cause.value for cause in Cause} else Cause.OTHER
