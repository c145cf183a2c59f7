"""What was seen, what it is held to prove, and what explains it: observation, claim, finding.

Everything here crosses process borders (report, artifact, recorded test), so it is pydantic and frozen.
"""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty as Certainty  # noqa: PLC0414 - told to mypy as exported from here, too


class Value(BaseModel):
    """A value that crosses a process border: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Link(StrEnum):
    """One step of the chain, in the order in which it is walked."""

    PREFLIGHT = "preflight"
    AUTH = "auth"
    PULL = "pull"
    DIGEST = "digest"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"


class Mode(StrEnum):
    """How far an audit may go. Each mode may do what the one before may, and more."""

    OBSERVE = "observe"
    PULL = "pull"
    DRILL = "drill"


class Vantage(StrEnum):
    """From where something was seen. Differences between vantage points are the diagnosis."""

    HOST = "host"
    """The host, with its stored credential where one is used."""
    HOST_ANONYMOUS = "host without credential"
    CONTROLLER = "controller without credential"
    CONTROLLER_CREDENTIAL = "controller with its own credential"
    OPERATOR_CREDENTIAL = "controller with the operator's new credential"


class Outcome(StrEnum):
    """The answer to a claim. What could not be seen is UNKNOWN, never fine."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class Weight(StrEnum):
    """What a claim that does not hold means for the verdict."""

    REQUIRED = "required"
    ADVISORY = "advisory"
    """Not holding (or not being known) is a warning."""
    GATE = "gate"
    """Broken, it blocks the chain until a person acts: the host's registry credential."""
    RESTORE = "restore"
    """Broken, something that the audit moved on the host could not be put back."""


class Observation(Value):
    """One thing that was run or asked, and its redacted answer.

    `key` names it within one pass (`host.whoami`, `registry.controller`); a later observation with the same
    key replaces the earlier one as the newest word. `exit_code` is None where nothing exits (HTTP, git read).
    `failure` is set when the question could not be asked at all: then there is no answer, only a reason.
    """

    key: str
    link: Link
    vantage: Vantage
    where: str
    asked: str
    observed_at: AwareDatetime
    duration_ms: int = Field(ge=0)
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    cut: bool = False
    """True when an output was longer than its byte cap."""
    failure: Cause | None = None
    failure_text: str = ""

    @property
    def ok(self) -> bool:
        """It was asked, and it ended with exit code 0 (or had none to give)."""
        return self.failure is None and self.exit_code in (0, None)


class Claim(Value):
    """A statement about the chain, judged from observations (`evidence` holds their keys)."""

    key: str
    link: Link
    statement: str
    outcome: Outcome
    is_: str = Field(alias="is", default="")
    """What was found, in one sentence."""
    weight: Weight = Weight.REQUIRED
    evidence: tuple[str, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Remedy(Value):
    """What a person does next: one sentence, then exact commands (never a secret in them)."""

    text: str
    commands: tuple[str, ...] = ()


class Finding(Value):
    """Why something is as it is: a cause, how sure that is, and what speaks for and against it."""

    cause: Cause
    certainty: Certainty
    subject: str
    """What it is about: a tag, a file, a credential (`credential of labdeploy for ghcr.io`)."""
    summary: str
    evidence_for: tuple[str, ...] = ()
    evidence_against: tuple[str, ...] = ()
    remedy: Remedy | None = None


class Attempt(Value):
    """How one handed-over credential fared. No secret, ever: this is persisted."""

    number: int = Field(ge=1)
    outcome: str
    """`accepted`, or why it was not, in one sentence."""
    accepted: bool = False
    judged: bool = False
    """The credential itself was looked at and found good or bad: it need not be kept for another try."""
    answered_by: str = ""
    way: str = ""
    """`secret block NAME`, `sealed`, or `prompt`."""
    asked_because: Cause | None = None
    """What blocked the chain when it was asked for; with `asked_summary`, the sentence that explains it."""
    asked_summary: str = ""
    asked_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None


def newest(observations: Iterable[Observation], key: str) -> Observation | None:
    """The newest observation with this key, or None when nobody looked."""
    found = None
    for observation in observations:
        if observation.key == key:
            found = observation
    return found
