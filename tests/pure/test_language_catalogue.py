"""The catalogues against the source: nothing missing, nothing left over, and the compiled ones are what is written."""

import re

import pytest
from babel.messages.catalog import Catalog

from ghcr_audit.language import Language
from ghcr_audit.language.compiled import read_mo
from ghcr_audit.language.template import parse_template
from tests.catalogue import po
from tests.catalogue.modules import gone, sources
from tests.catalogue.sentences import sentences

pytestmark = pytest.mark.parametrize("language", [one.value for one in Language if one is not Language.ENGLISH])
_HOW = "run `python -m tests.catalogue`, then write what it lists into ko.po"
_HANGUL = re.compile(r"[가-힣]")
_NAMES_ALONE = re.compile(r"[A-Z]|`|:|\{|\bdocker\b")
"""What a translation without any word of its language is about: names, menus, commands, places."""


def test_every_sentence_of_the_source_is_translated_and_no_other(language: str) -> None:
    told = {template for template, text in po.translations(po.read(language)).items() if text}
    wanted = set(sources())
    assert wanted - told == set(), _HOW
    assert told - wanted == set(), _HOW
    assert gone() == set(), "take it out of tests/catalogue/for_programs.json"


def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    for template, text in _told(language):
        assert sorted(parse_template(template).names) == sorted(parse_template(text).names), template


def test_a_place_that_is_called_otherwise_keeps_its_translation(language: str) -> None:
    catalog = Catalog(locale=language)
    catalog.add("{a} on {b}, {{c}}", "{b} {a:own} {{c}}")
    fresh = po.brought_in(catalog, {"{x} on {y}, {{c}}": ("a.py",), "new": ("b.py",)})
    assert po.translations(fresh) == {"{x} on {y}, {{c}}": "{y} {x:own} {{c}}", "new": ""}


def test_a_translation_is_one(language: str) -> None:
    for template, text in _told(language):
        assert _HANGUL.search(text) or _NAMES_ALONE.search(text), template
        assert text == text.strip() or template != template.strip(), template


def test_commands_and_names_in_backquotes_stay(language: str) -> None:
    for template, text in _told(language):
        assert set(re.findall(r"`[^`]+`", template)) == set(re.findall(r"`[^`]+`", text)), template


def test_the_compiled_catalogue_is_what_is_written(language: str) -> None:
    compiled = (po.FOLDER / f"{language}.mo").read_bytes()
    assert read_mo(compiled) == {key: text for key, text in po.translations(po.read(language)).items() if text}
    assert compiled == po.mo_text(po.read(language))


def _told(language: str) -> list[tuple[str, str]]:
    return [(template, text) for template, text in po.translations(po.read(language)).items() if text]


_SOURCE = '''
"""Not this docstring."""
import re
_SAME = "The host is as before"
_KEY = re.compile("not this pattern")
def told(audit, found):
    "Nor this one."
    how = " without any" if found else ""
    if found == "not this value":
        return f"{_SAME}: {found.told}"
    claim("key", f"served{how}, {audit.tag!r}", evidence=("nor these keys",))
    return phrase("{number} s", number="1 2")
'''


def test_sentences_are_read_from_source_with_their_alternatives(language: str) -> None:
    del language
    assert list(sentences(_SOURCE)) == [
        "The host is as before",
        "The host is as before: {found_told}",
        "served without any, {audit_tag}",
        "served, {audit_tag}",
        "{number} s",
    ]


_PARTICLES = re.compile(r"\}(?:을|를|은|는|와|과|가|으로|로|이\(가\)|\((?:으|이|은|을)\))(?=[ .,;:)]|$)")
"""Their form depends on the last sound before them, which a value's is not known."""


def test_no_particle_follows_a_value_whose_sound_is_not_known(language: str) -> None:
    assert [text for _, text in _told(language) if _PARTICLES.search(text)] == []
