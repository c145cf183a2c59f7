"""What can be wrong with a ledger, in words that say exactly what was done to it."""

from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """One kind of damage."""

    ALTERED = "altered"
    MISSING = "missing"
    REPEATED = "repeated"
    REORDERED = "re-ordered"
    TRUNCATED = "truncated"
    BLOB_ALTERED = "blob altered"
    BLOB_MISSING = "blob missing"
    BLOB_UNKNOWN = "blob that no entry names"
    NOT_CANONICAL = "not canonical"
    UNKNOWN_FORM = "of a form that this version does not know"
    """Whole, but not to be understood: nothing is said against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. `entry` is the number of the entry that it is about; None: of no single one."""

    what: What
    told: str
    entry: int | None = None

    def __str__(self) -> str:
        subject = "ledger" if self.entry is None else f"ledger entry {self.entry}"
        return f"{subject}: {self.what.value}: {self.told}"
