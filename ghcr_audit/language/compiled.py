"""The packaged catalogues: GNU gettext's `.mo`, each made of the `.po` beside it (`python -m tests.catalogue`)."""

import pkgutil
import struct
from functools import cache

from ghcr_audit.language.catalogue import Catalogue, catalogue_of
from ghcr_audit.language.choice import Language

_MAGIC = bytes.fromhex("de120495")
"""What a little-endian `.mo` begins with."""


@cache
def load(language: Language) -> Catalogue:
    """The catalogue of a language; English has none: it is the language of the values."""
    if language is Language.ENGLISH:
        return catalogue_of({})
    data = pkgutil.get_data("ghcr_audit.language", f"{language.value}.mo")
    if data is None:
        raise FileNotFoundError(f"{language.value}.mo: the package gives out no files")
    return catalogue_of(read_mo(data))


def read_mo(data: bytes) -> dict[str, str]:
    """The translations in a `.mo` file (GNU gettext manual, 10.3), without its header and what has none.

    The standard library reads it, too, but hands out one translation at a time, never all of them.
    """
    order = "<" if data[:4] == _MAGIC else ">"
    count, sources, targets = struct.unpack_from(f"{order}3I", data, 8)

    def text(table: int, number: int) -> str:
        length, at = struct.unpack_from(f"{order}2I", data, table + 8 * number)
        return data[at : at + length].decode()

    pairs = ((text(sources, number), text(targets, number)) for number in range(count))
    return {source: target for source, target in pairs if source and target}
