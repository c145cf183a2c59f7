"""The language of what is being told now. A context variable, as `decimal` has one for its precision.

A parameter through every function that makes a line of a report would say nothing in any of them. Whoever begins to
tell something says in which language: `with speaking(Language.KOREAN): ...`. It is English where nobody said so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ghcr_audit.language.choice import Language
from ghcr_audit.language.compiled import load
from ghcr_audit.language.telling import told

_spoken: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Tell everything in this language meanwhile; not for generators that are read later."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> Language:
    """The language that is spoken now."""
    return _spoken.get()


def tell(text: str) -> str:
    """A sentence of the product in the language that is spoken; anything else as it is."""
    return text if _spoken.get() is Language.ENGLISH else told(load(_spoken.get()), text)


def told_as(text: str) -> str:
    """The same of a word that stands alone, as a state or the name of a link: only where all of it is known."""
    return text if _spoken.get() is Language.ENGLISH else load(_spoken.get()).exact.get(text, text)


def phrase(template: str, **values: object) -> str:
    """A sentence of the presentation in the language that is spoken, with these values as they are."""
    return load(_spoken.get()).filled(template, {name: str(value) for name, value in values.items()})
