"""A catalogue of translations: English templates, and what each of them is in another language."""

from collections.abc import Mapping
from dataclasses import dataclass

from ghcr_audit.language.template import ANY, Template, parse_template

_FEW_LETTERS = 5
"""A template with no more of its own (`mode {mode}`) fits single values and lists of them only, no other sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A template and what it is in the other language.

    What stands in a place that is not marked is one value: not sentences or clauses of ours behind one another, each of
    which is found by itself.
    """

    source: Template
    target: Template

    def values_in(self, text: str) -> Mapping[str, str] | None:
        """The values of a text that is of this form; None for any other."""
        values = self.source.values_in(text)
        if values is None or any("\n" in value for value in values.values()):
            return None
        foreign = [values[place.name] for place in self.target.places if not place.mark]
        return None if any("; " in value or ". " in value for value in foreign) else values


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The entry whose form a text has, and the values in it."""

    entry: Entry
    values: Mapping[str, str]

    @property
    def bound(self) -> tuple[str, ...]:
        """The values that may not be just any words."""
        return tuple(self.values[place.name] for place in self.entry.target.places if place.mark != ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All sentences of one language."""

    exact: Mapping[str, str]
    """Those without places, by their text."""
    telling: tuple[Entry, ...]
    """Those with places, the ones that say most first."""
    weak: tuple[Entry, ...]
    """Those that say so little that they would fit sentences of others, too."""
    by_texts: Mapping[tuple[str, ...], Entry]
    """All by their literal texts: places may be named otherwise where the same sentence is made elsewhere."""

    def form_of(self, text: str) -> Form | None:
        """The form that this text has, if it has one of ours. Its time grows with the text and with the catalogue."""
        found = _first(self.telling, text)
        if found is not None:
            return found
        found = _first(self.weak, text)
        if found is None or any(map(self._unknown, found.bound)):
            return None
        return found

    def filled(self, template: str, values: Mapping[str, str]) -> str:
        """The translation of a template with these values as they are; the template where there is no translation."""
        asked = parse_template(template)
        entry = self.by_texts.get(asked.texts)
        if entry is None:
            return asked.filled(values, str)
        names = zip(entry.source.names, asked.names, strict=True)
        return entry.target.filled({known: values[name] for known, name in names}, str)

    def _unknown(self, value: str) -> bool:
        """Several words that are none of ours, nor a list of single ones and of ours."""
        if self._is_ours(value):
            return False
        return any(" " in part and not self._is_ours(part) for part in value.split(", "))

    def _is_ours(self, text: str) -> bool:
        return text in self.exact or _first((*self.telling, *self.weak), text) is not None


def _first(entries: tuple[Entry, ...], text: str) -> Form | None:
    found = ((entry, entry.values_in(text)) for entry in entries)
    return next((Form(entry=entry, values=values) for entry, values in found if values is not None), None)


def catalogue_of(translations: Mapping[str, str]) -> Catalogue:
    """A catalogue from templates and their translations.

    Raises:
        TemplateError: one of them is no template.
    """
    entries = [Entry(source=parse_template(key), target=parse_template(text)) for key, text in translations.items()]
    placed = [entry for entry in entries if entry.source.places and entry.source.letters]
    placed.sort(key=lambda entry: (-entry.source.letters, len(entry.source.places)))
    return Catalogue(
        exact={entry.source.texts[0]: entry.target.texts[0] for entry in entries if not entry.source.places},
        telling=tuple(entry for entry in placed if entry.source.letters > _FEW_LETTERS),
        weak=tuple(entry for entry in placed if entry.source.letters <= _FEW_LETTERS),
        by_texts={entry.source.texts: entry for entry in entries},
    )
