"""The credentials of one lab: valid in form, worthless anywhere else.

Every value carries the word `lab` and its kind in the clear, so that a leaked one is recognised at sight.
The checksum is written here a second time, independently of the product's: each is a test of the other.
"""

import json
import secrets
import string
import zlib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Self

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""Base62 in GitHub's order. Source: gist coolaj86/eb8cddfd3e4251258712dfed03e1f86d."""

_BODY_LENGTH = 30
_CHECKSUM_LENGTH = 6
_FINE_GRAINED_LENGTHS = (22, 59)


class TokenKind(StrEnum):
    """What a token may do; the values are the field names of `LabTokens`."""

    GOOD = "good"
    WRITER = "writer"
    EXPIRED = "expired"
    NO_SCOPE = "no_scope"
    NO_ACCESS = "no_access"
    FINE_GRAINED = "fine_grained"
    GH_OAUTH = "gh_oauth"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LabTokens:
    """One token of each kind. Prints as `[hidden]`: only `to_json` and the fields give values away.

    good: classic, read:packages. writer: classic, write:packages. expired: classic, refused at the token
    endpoint. no_scope: classic without a package scope. no_access: classic, right scope, another
    organisation. fine_grained: the newer form. gh_oauth: what the `gh` tool stores (incident 5).
    """

    good: str
    writer: str
    expired: str
    no_scope: str
    no_access: str
    fine_grained: str
    gh_oauth: str

    @classmethod
    def generate(cls) -> Self:
        """A new set; no two labs share a token."""
        return cls(
            good=_classic("ghp_", "labGood"),
            writer=_classic("ghp_", "labWriter"),
            expired=_classic("ghp_", "labExpired"),
            no_scope=_classic("ghp_", "labNoScope"),
            no_access=_classic("ghp_", "labNoAccess"),
            fine_grained=_fine_grained("labFineGrained"),
            gh_oauth=_classic("gho_", "labGhOauth"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: not an object with exactly these fields as strings; the message holds no value.
        """
        read = json.loads(text)
        names = [field.name for field in fields(cls)]
        if not isinstance(read, dict) or sorted(read) != sorted(names):
            raise ValueError(f"lab tokens: not an object with the fields {', '.join(names)}")
        if not all(isinstance(value, str) for value in read.values()):
            raise ValueError("lab tokens: a value is not a string")
        return cls(**read)

    def to_json(self) -> str:
        """The values in the clear: for a file with mode 0600, nothing else."""
        return json.dumps(asdict(self))

    def value_of(self, kind: TokenKind) -> str:
        """The token of that kind."""
        value: str = getattr(self, kind.value)
        return value

    def kind_of(self, presented: str) -> TokenKind | None:
        """Which of these tokens was presented; None for a stranger's."""
        for kind in TokenKind:
            if secrets.compare_digest(self.value_of(kind).encode(), presented.encode()):
                return kind
        return None

    def __repr__(self) -> str:
        return f"LabTokens({', '.join(f'{field.name}=[hidden]' for field in fields(self))})"


def checksum(body: str) -> str:
    """The last six characters of a classic token: CRC32 of its 30 body characters, in base62, zero-padded."""
    remainder = zlib.crc32(body.encode("ascii"))
    digits = ""
    while remainder:
        remainder, digit = divmod(remainder, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits.rjust(_CHECKSUM_LENGTH, "0")


def _classic(prefix: str, mark: str) -> str:
    body = _filled(mark, _BODY_LENGTH)
    return prefix + body + checksum(body)


def _fine_grained(mark: str) -> str:
    first, second = _FINE_GRAINED_LENGTHS
    return f"github_pat_{_filled(mark, first)}_{_filled('', second)}"


def _filled(mark: str, length: int) -> str:
    return mark + "".join(secrets.choice(ALPHABET) for _ in range(length - len(mark)))
