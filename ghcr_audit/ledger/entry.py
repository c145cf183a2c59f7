"""One entry of a ledger, and what may stand in it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from ghcr_audit.evidence import Attempt, Link, Mode, Value
from ghcr_audit.ledger.canonical import canonical, sha256
from ghcr_audit.ledger.outputs import Recorded
from ghcr_audit.targets import Target
from ghcr_audit.verdicts import Verdict

SCHEMA_VERSION = 1
FIRST_PREVIOUS = "0" * 64
"""What the first entry names as the hash of the one before."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Kind(StrEnum):
    """What an entry tells."""

    BEGIN = "begin"
    LINK = "link"
    ATTEMPT = "attempt"
    REPORT = "report"
    END = "end"


class Begin(Value):
    """A pass begins: what is asked, and by which release of this program."""

    kind: Literal[Kind.BEGIN] = Kind.BEGIN
    schema_version: int = SCHEMA_VERSION
    version: str
    target: Target
    tag: str
    mode: Mode
    started_at: AwareDatetime
    """Of the run: its first pass."""
    rollback_to: str | None = None
    forced: str = ""
    history: tuple[str, ...] = ()


class Seen(Value):
    """A link was walked: what was observed since the entry before."""

    kind: Literal[Kind.LINK] = Kind.LINK
    link: Link
    observations: tuple[Recorded, ...]
    by: str = ""
    """Who looked, where it was not the run itself: `recover`, a hook."""


class Tried(Value):
    """A credential was handed over and tried; a later entry with the same number corrects this one."""

    kind: Literal[Kind.ATTEMPT] = Kind.ATTEMPT
    attempt: Attempt
    observations: tuple[Recorded, ...] = ()


class Reported(Value):
    """A report was made: what it is judged from, and what its two forms hash to."""

    kind: Literal[Kind.REPORT] = Kind.REPORT
    verdict: Verdict
    observations: tuple[Digest, ...]
    """Hashes (`Recorded.digest`) of those that it is judged from, in order; what was seen before a wait is not."""
    waited_s: float
    report_json: Digest
    report_markdown: Digest


class End(Value):
    """A pass ended, or began to wait: its bundle is stored. Of several passes each later bundle holds this."""

    kind: Literal[Kind.END] = Kind.END
    verdict: Verdict
    bundle: str
    bundle_sha256: Digest


Body = Annotated[Begin | Seen | Tried | Reported | End, Field(discriminator="kind")]


class Entry(Value):
    """One line of a ledger. `hash` is the SHA-256 of the canonical entry without it."""

    number: int = Field(ge=1)
    at: AwareDatetime
    """By the controller's clock."""
    run: str
    pass_: int = Field(alias="pass", ge=1)
    """A suspended run walks the chain again from its first link: one pass more."""
    cut_bytes: int = Field(default=0, ge=0)
    """Of a line before this one that was never finished, since its writer was killed."""
    body: Body
    previous: Digest
    hash: Digest


def entry(
    body: Begin | Seen | Tried | Reported | End,
    *,
    number: int,
    at: AwareDatetime,
    run: str,
    pass_: int,
    previous: str,
    cut_bytes: int = 0,
) -> Entry:
    """A new entry, with its hash."""
    made = Entry(
        number=number,
        at=at,
        run=run,
        **{"pass": pass_},
        cut_bytes=cut_bytes,
        body=body,
        previous=previous,
        hash=FIRST_PREVIOUS,
    )
    fields = made.model_dump(mode="json", by_alias=True, exclude={"hash"})
    return made.model_copy(update={"hash": sha256(canonical(fields))})


def render(made: Entry) -> bytes:
    """The entry as a line, without its line end."""
    return canonical(made.model_dump(mode="json", by_alias=True))
