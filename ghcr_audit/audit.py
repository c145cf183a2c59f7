"""One audit as it grows: what is asked (target, tag, mode) and everything observed so far.

Links add observations; claims, findings and verdict follow from them by pure functions, at any time. So a later
and better observation (the tag list, once a credential works) also corrects what an earlier link could not tell.
"""

from pydantic import AwareDatetime

from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Attempt, Link, Mode, Observation, Value, Vantage, newest
from ghcr_audit.targets import Target

HOST_REACHED = "host.reached"
"""Key of the observation that says whether the host could be looked at."""


class Audit(Value):
    """A frozen value: each step returns a new one with more in it."""

    target: Target
    tag: str
    mode: Mode
    run: str
    started_at: AwareDatetime
    observations: tuple[Observation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    waited_s: float = 0
    rollback_to: str | None = None
    """The release that the operator wants the drill to roll back to."""
    forced: str = ""
    """Why the operator forces a drill on a host that is not as it should be; '' when nothing is forced."""
    history: tuple[str, ...] = ()
    """Releases that earlier audits saw healthy on this target, the newest first."""

    @property
    def image(self) -> str:
        """The audited image with its tag."""
        return str(self.target.image_ref.with_tag(self.tag))

    def seeing(self, *observations: Observation) -> "Audit":
        """This audit with these observations added."""
        return self.model_copy(update={"observations": (*self.observations, *observations)})

    def anew(self) -> "Audit":
        """The same audit with nothing observed: what was seen before a wait does not count after it."""
        return self.model_copy(update={"observations": ()})

    def forgetting(self, *keys: str) -> "Audit":
        """This audit without what was observed under these keys: it is to be looked at again."""
        kept = tuple(observation for observation in self.observations if observation.key not in keys)
        return self.model_copy(update={"observations": kept})

    def after(self, attempt: Attempt) -> "Audit":
        """This audit with one more credential attempt on record."""
        return self.model_copy(update={"attempts": (*self.attempts, attempt)})

    def newest(self, key: str) -> Observation | None:
        """The newest observation with this key."""
        return newest(self.observations, key)

    def keys(self, *keys: str) -> tuple[str, ...]:
        """Those of `keys` that were observed: what a claim may cite."""
        return tuple(key for key in keys if self.newest(key) is not None)

    @property
    def host_failure(self) -> Observation | None:
        """Why the host cannot be looked at, or None when it can (as far as is known)."""
        reached = self.newest(HOST_REACHED)
        return reached if reached is not None and reached.failure is not None else None


def failed(
    key: str, link: Link, *, vantage: Vantage, where: str, asked: str, at: AwareDatetime, cause: Cause, text: str
) -> Observation:
    """The observation that a question could not be asked."""
    return Observation(
        key=key,
        link=link,
        vantage=vantage,
        where=where,
        asked=asked,
        observed_at=at,
        duration_ms=0,
        failure=cause,
        failure_text=text,
    )
