"""How a text of the product is told in another language: as a whole, or else sentence by sentence.

What is found in no catalogue stays as it is. What was put into a place of a sentence is put into its translation, and
is never read as a template itself; whoever shows the result escapes it, as all that may hold words of others.
"""

from collections.abc import Iterator

from ghcr_audit.language.catalogue import Catalogue

_MOST_CHARS = 4000
"""A longer text is no sentence of ours."""
_MOST_PIECES = 40
"""A text of more sentences or clauses is none of ours."""
_MOST_AT_ONCE = 8
"""So many sentences that stand together in the catalogue are found together."""
_DEEPEST = 6
"""So deep sentences of ours stand in sentences of ours."""
_SEPARATORS = ("\n", ". ", "; ")
"""What stands between sentences and clauses of ours that were put behind one another; the first that occurs counts."""


def told(catalogue: Catalogue, text: str) -> str:
    """The text in the catalogue's language; as it is where no sentence of ours is found in it."""
    if not text or len(text) > _MOST_CHARS:
        return text
    return _Teller(catalogue, _DEEPEST).told(text)


class _Teller:
    """Tells texts; `deeper` says how many more times a part of one may be told by itself."""

    def __init__(self, catalogue: Catalogue, deeper: int) -> None:
        self._catalogue = catalogue
        self._deeper = deeper

    def told(self, text: str) -> str:
        if not text or not self._deeper:
            return text
        return self._whole(text) or self._unended(text) or self._in_pieces(text) or text

    def _part(self, text: str) -> str:
        return _Teller(self._catalogue, self._deeper - 1).told(text)

    def _whole(self, text: str) -> str | None:
        if text in self._catalogue.exact:
            return self._catalogue.exact[text]
        found = self._catalogue.form_of(text)
        return found.entry.target.filled(found.values, self._part) if found is not None else None

    def _unended(self, text: str) -> str | None:
        """A sentence whose full stop was taken away, to be put behind another one; or a clause that was given one."""
        if text.endswith("."):
            clause = self._whole(text[:-1])
            return f"{clause}." if clause is not None else None
        sentence = self._catalogue.exact.get(f"{text}.")
        return sentence.removesuffix(".") if sentence is not None else None

    def _in_pieces(self, text: str) -> str | None:
        separator = next((one for one in _SEPARATORS if one in text), None)
        if separator is None:
            name, colon, rest = text.partition(": ")
            return f"{name}{colon}{self._part(rest)}" if colon and " " not in name else None
        if text.count(separator) >= _MOST_PIECES:
            return None
        if separator == ". ":
            return " ".join(self._sentences(text))
        return separator.join(map(self._part, text.split(separator)))

    def _sentences(self, text: str) -> Iterator[str]:
        """Sentence after sentence, as many at once as stand together in the catalogue."""
        *ended, last = text.split(". ")
        left = [*(f"{one}." for one in ended), last]
        while left:
            upto = (left[:count] for count in range(min(len(left), _MOST_AT_ONCE), 1, -1))
            known = next((some for some in upto if self._is_ours(" ".join(some))), left[:1])
            yield self._part(" ".join(known))
            del left[: len(known)]

    def _is_ours(self, text: str) -> bool:
        return text in self._catalogue.exact or self._catalogue.form_of(text) is not None
