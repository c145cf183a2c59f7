"""A sentence with places for values, such as `Compose refuses {path} on the host: {claim_is}.` in the catalogue.

The grammar is that of `str.format` with names alone; `{{` and `}}` are braces. In a translation a place may be marked
`{claim_is:own}`: what stands there is a sentence of ours again, which is translated before it is put in. One that is
marked `{names:each}` holds several, with commas between; `{said:any}` holds any words of others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter

OWN, EACH, ANY = "own", "each", "any"


class TemplateError(ValueError):
    """A text that is no template: a brace without its other one, a conversion, an unknown mark, a name twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands; `mark`: OWN, EACH, ANY, or '' where one value stays as it is."""

    name: str
    mark: str = ""

    def told(self, value: str, tell: Callable[[str], str]) -> str:
        """The value as it is put in."""
        if self.mark == EACH:
            return ", ".join(tell(one) for one in value.split(", "))
        return tell(value) if self.mark == OWN else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Literal texts and the places between them: always one text more than places."""

    texts: tuple[str, ...]
    places: tuple[Place, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the places, in order."""
        return tuple(place.name for place in self.places)

    @property
    def letters(self) -> int:
        """How much of it is ours: of two templates that fit a text, the one with more says more about it."""
        return sum(character.isalpha() for text in self.texts for character in text)

    def values_in(self, text: str) -> Mapping[str, str] | None:
        """The values that stand in the places, when the whole text is of this form; None when it is not.

        Each literal text is taken where it first occurs, so the time is linear in the text's length.
        """
        first, last = self.texts[0], self.texts[-1]
        end = len(text) - len(last)
        if not self.places or end < len(first) or not (text.startswith(first) and text.endswith(last)):
            return None
        found, since = [], len(first)
        for literal in self.texts[1:-1]:
            at = text.find(literal, since, end)
            if at < 0:
                return None
            found.append(text[since:at])
            since = at + len(literal)
        return dict(zip(self.names, [*found, text[since:end]], strict=True))

    def filled(self, values: Mapping[str, str], tell: Callable[[str], str]) -> str:
        """The sentence with these values; those of marked places go through `tell` first."""
        shown = [place.told(values[place.name], tell) for place in self.places]
        return "".join(part for pair in zip(self.texts, [*shown, ""], strict=True) for part in pair)


@cache
def parse_template(text: str) -> Template:
    """The template that a catalogue's line means.

    Raises:
        TemplateError: it means none.
    """
    texts, places = [""], []
    try:
        for literal, name, mark, conversion in Formatter().parse(text):
            texts[-1] += literal
            if name is None:
                continue
            if not name.isidentifier() or mark not in ("", OWN, EACH, ANY) or conversion:
                raise TemplateError(f"not a place of a template: {name!r}, {mark!r}, {conversion!r}")
            places.append(Place(name=name, mark=mark or ""))
            texts.append("")
    except ValueError as error:
        raise TemplateError(f"no template: {error}") from None
    return Template(texts=tuple(texts), places=tuple(places))
