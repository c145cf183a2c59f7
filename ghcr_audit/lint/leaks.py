"""Every credential in a text, however it is written, each place once.

Four searches look at the same text: its source, what a reader sees, what stands there with lines joined, and
what Base64 in these decodes to. Where they find the same place, the surest find names it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from secrets import token_bytes

from ghcr_audit.lint.document import Document
from ghcr_audit.lint.encoded import credential_in, runs
from ghcr_audit.lint.identity import (
    Identity,
    identities_of,
    is_placeholder,
    is_plausible,
    kind_of,
    whole_tokens,
)
from ghcr_audit.lint.model import Container, Form
from ghcr_audit.lint.views import View, chunks, joined_views, shown_views
from ghcr_audit.redaction import Redactor
from ghcr_audit.redaction.overlaps import overlapping

_CODE = frozenset({Container.FENCE, Container.INDENTED_CODE, Container.FRONT_MATTER, Container.HTML_BLOCK})
_ALIGNMENTS = 8
"""So many line beginnings inside joined Base64 are tried: words before it shift its alignment."""
_BEFORE_CHARS = 300
_CLASSIC_CHARS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A credential in a source text: `text[start:end]`, and how it is written there."""

    start: int
    end: int
    identity: Identity
    form: Form

    steps: int = 0
    """How far the text was changed before it was found: 0 not at all, 1 shown, 2 joined."""

    @property
    def doubt(self) -> tuple[bool, bool, int, bool, int]:
        """The smaller, the surer: a right checksum, its own form, the fewest steps, decoded, its length."""
        plain = self.form is not Form.BASE64
        return (not self.identity.checksum_right, not self.identity.telling, self.steps, plain, self.start - self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """Gives equal credentials equal numbers, over all files of one call. It keeps keyed hashes, no values."""

    key: bytes = field(default_factory=lambda: token_bytes(32), repr=False)
    seen: dict[bytes, int] = field(default_factory=dict, repr=False)

    def number_of(self, identity: Identity) -> int:
        """The number of this credential; the next free one when it is new."""
        value = identity.value.encode("utf-8", "surrogatepass")
        digest = blake2b(value, key=self.key, digest_size=16).digest()
        return self.seen.setdefault(digest, len(self.seen) + 1)


def leaks_in(document: Document, redactor: Redactor) -> tuple[Found, ...]:
    """All credentials of a document in order; placeholders and ordinary words are none."""
    finds = (find for find in _finds(document.text, redactor) if _counts(find, document))
    return _apart(finds)


def _finds(text: str, redactor: Redactor) -> Iterator[Found]:
    plain = (View(text=text[start:end], starts=[0], sources=[start], joins=[]) for start, end in chunks(text))
    ways = ((Form.PLAIN, plain), (Form.ESCAPED, shown_views(text)), (Form.SPLIT, joined_views(text)))
    for steps, (form, views) in enumerate(ways):
        for view in views:
            for found in (*_shaped(view, redactor), *_encoded(view, redactor)):
                yield replace(found, steps=steps, form=found.form if found.form is Form.BASE64 else form)


def _shaped(view: View, redactor: Redactor) -> Iterator[Found]:
    """What the redactor finds, and every whole token."""
    for start, identity in whole_tokens(view.text):
        yield _found(view, start, start + len(identity.value), identity)
    for hit in redactor.find(view.text):
        for place, identity in identities_of(view.text[hit.start : hit.end], kind_of(hit)):
            start = hit.start + place
            end = start + len(identity.value)
            if not view.spans_join(start, end) or _whole(identity):
                yield _found(view, start, end, identity)


def _whole(identity: Identity) -> bool:
    """Joined lines hold a credential only where they make a whole one: else any word may have followed a prefix."""
    if not identity.telling:
        return False
    if identity.checksum_right is None:
        return any(character.isdigit() for character in identity.value)
    return identity.checksum_right or len(identity.value) == _CLASSIC_CHARS


def _encoded(view: View, redactor: Redactor) -> Iterator[Found]:
    for start, end in runs(view.text):
        for begin in (start, *view.line_starts_in(start, end, _ALIGNMENTS)):
            before = view.text[max(0, begin - _BEFORE_CHARS) : begin]
            identity = credential_in(view.text[begin:end], redactor, before=before)
            if identity is not None:
                yield _found(view, begin, end, identity, form=Form.BASE64)
                break


def _found(view: View, start: int, end: int, identity: Identity, *, form: Form = Form.PLAIN) -> Found:
    first, last = view.source_span(start, max(end, start + 1))
    return Found(start=first, end=last, identity=identity, form=form)


def _counts(find: Found, document: Document) -> bool:
    if is_placeholder(find.identity):
        return False
    if find.identity.telling:
        return True
    blocks = document.blocks_at(document.line_of(find.start))
    prose = not any(block.container in _CODE for block in blocks)
    return is_plausible(find.identity, prose=prose)


def _apart(finds: Iterable[Found]) -> tuple[Found, ...]:
    """The surest finds that do not overlap, in order of their place."""
    kept: list[Found] = []
    for group in overlapping(sorted(finds, key=lambda find: find.start)):
        chosen: list[Found] = []
        for find in sorted(group, key=lambda find: find.doubt):
            _place(find, chosen)
        kept += chosen
    return tuple(kept)


def _place(find: Found, chosen: list[Found]) -> None:
    """Put it among those already chosen, which do not overlap, unless its place is taken."""
    index = bisect_left(chosen, find.start, key=lambda other: other.start)
    free_before = index == 0 or chosen[index - 1].end <= find.start
    free_after = index == len(chosen) or find.end <= chosen[index].start
    if free_before and free_after:
        chosen.insert(index, find)
