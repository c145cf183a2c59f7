"""Catalogues on the disk: reading `.po`, bringing the source's sentences in, compiling `.mo`. Babel does the format."""

import io
from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ghcr_audit.language.template import Template, parse_template

FOLDER = Path(__file__).parents[2] / "ghcr_audit" / "language"
_COMMENT = (
    "# Sentences of ghcr-audit: an English template, and what it is in this language.\n"
    "# {name:own} marks a place where a sentence of ours stands, {name:each} one with several and commas between;\n"
    "# those are translated before they are put in. `python -m tests.catalogue` keeps the keys."
)


def read(language: str) -> Catalog:
    """The catalogue of a language."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def translations(catalog: Catalog) -> dict[str, str]:
    """Its templates and what they are in the other language; '' where nobody said."""
    return {str(one.id): str(one.string or "") for one in catalog if one.id}


def brought_in(catalog: Catalog, sources: Mapping[str, tuple[str, ...]]) -> Catalog:
    """The catalogue with exactly the templates of `sources` (and the files that they stand in), in that order."""
    known = translations(catalog)
    by_texts = {parse_template(template).texts: template for template in known}
    fresh = Catalog(
        locale=catalog.locale,
        project="ghcr-audit",
        version="1",
        msgid_bugs_address="the project's issues",
        last_translator="the project",
        language_team=str(catalog.locale_identifier),
        header_comment=_COMMENT,
        creation_date=catalog.creation_date,
        revision_date=catalog.revision_date,
        fuzzy=False,
    )
    for template, places in sources.items():
        before = by_texts.get(parse_template(template).texts, template)
        fresh.add(template, _renamed(known.get(before, ""), before, template), locations=[(one, 0) for one in places])
    return fresh


def _renamed(translation: str, before: str, after: str) -> str:
    """The translation with its places called as the sentence calls them now."""
    if before == after or not translation:
        return translation
    names = dict(zip(parse_template(before).names, parse_template(after).names, strict=True))
    return _written(parse_template(translation), names)


def _written(template: Template, names: Mapping[str, str]) -> str:
    texts = (text.replace("{", "{{").replace("}", "}}") for text in template.texts)
    marks = (f":{place.mark}" if place.mark else "" for place in template.places)
    places = [f"{{{names[place.name]}{mark}}}" for place, mark in zip(template.places, marks, strict=True)]
    return "".join(part for pair in zip(texts, [*places, ""], strict=True) for part in pair)


def po_text(catalog: Catalog) -> bytes:
    """The catalogue as a `.po` file: no line numbers, since they change with every edit of the source."""
    written = io.BytesIO()
    write_po(written, catalog, width=110, include_lineno=False)
    return written.getvalue()


def mo_text(catalog: Catalog) -> bytes:
    """The catalogue as a `.mo` file, the same for the same translations."""
    written = io.BytesIO()
    write_mo(written, catalog)
    return written.getvalue()
