"""Which language is spoken: the one that was asked for, else the target's, else the locale's, else English."""

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """The languages there are, by their BCP 47 tags."""

    ENGLISH = "en"
    KOREAN = "ko"


_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX (Base Definitions, 8.2): the first that is set and not empty counts."""


def language_named(text: str | None) -> Language | None:
    """The language with this tag, or of this locale (`ko_KR.UTF-8`); None when it is none of ours."""
    tag = (text or "").replace("-", "_").partition(".")[0].partition("_")[0].lower()
    return next((language for language in Language if language.value == tag), None)


def preferred(*wishes: str | None, environment: Mapping[str, str]) -> Language:
    """The first wish that is given, else what the locale says; English where that is no language of ours."""
    wish = next((wish for wish in wishes if wish), None)
    locale = next((environment[name] for name in _LOCALE_VARIABLES if environment.get(name)), None)
    return language_named(wish or locale) or Language.ENGLISH
