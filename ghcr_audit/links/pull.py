"""Pull: the host's own docker fetches the release, and leaves every other local tag as it was."""

import re

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Mode, Observation, Outcome, Weight
from ghcr_audit.links.claim import claim_of

_claim = claim_of("pull")
_ASKS_FOR_LOGIN = "Login prior to pull"
"""Some clients prompt for ever instead of telling a refusal (docker 28.2 with an engine 28.5, for one)."""


def claims(audit: Audit) -> tuple[Claim, ...]:
    """Everything pull states; nothing where the mode does not pull."""
    if audit.mode is Mode.OBSERVE:
        return ()
    return (
        _pulled_claim(audit, "tag", audit.tag, Weight.REQUIRED),
        _pulled_claim(audit, "latest", "latest", Weight.ADVISORY),
        _tags_restored(audit),
    )


def pulled(audit: Audit, key: str) -> bool | None:
    """Whether the engine pulled: exit code 0 *and* a digest in the end; None when it was not tried."""
    observation = audit.newest(key)
    if observation is None or observation.failure is not None:
        return None
    return facts.pulled_digest(observation) is not None


def engine_words(observation: Observation) -> str:
    """The engine's own words for a failure: the last line it wrote, to standard error if there is any."""
    if _ASKS_FOR_LOGIN in observation.stdout:
        return "docker asks for a login instead of answering: its client and engine do not fit each other"
    lines = [line.strip() for line in (observation.stderr or observation.stdout).splitlines() if line.strip()]
    return lines[-1][:500] if lines else f"exit code {observation.exit_code}, no words"


def _pulled_claim(audit: Audit, name: str, tag: str, weight: Weight) -> Claim:
    key = f"pull.{name}"
    observation, done = audit.newest(key), pulled(audit, key)
    outcome, told = Outcome.UNKNOWN, "not tried"
    if done:
        status = re.search(r"^Status: (.{1,200})$", observation.stdout if observation else "", re.MULTILINE)
        outcome, told = Outcome.HOLDS, f"{facts.pulled_digest(observation)} ({status[1] if status else 'pulled'})"
    elif observation is not None and done is not None:
        outcome, told = Outcome.BROKEN, engine_words(observation)
    elif observation is not None:
        told = observation.failure_text
    image = audit.target.image_ref.with_tag(tag)
    return _claim(audit, name, f"The host's docker pulls {image}", outcome, told, weight=weight, evidence=(key,))


def _tags_restored(audit: Audit) -> Claim:
    seen = [audit.newest(f"pull.{name}_restored") for name in ("tag", "latest")]
    outcome, told = Outcome.UNKNOWN, "not seen"
    if all(observation is not None for observation in seen):
        words = [observation.stdout.strip() for observation in seen if observation is not None]
        good = all(observation.ok for observation in seen if observation is not None)
        outcome = Outcome.HOLDS if good else Outcome.BROKEN
        told = "; ".join(
            f"{name} {word or 'could not be put back'}" for name, word in zip((audit.tag, "latest"), words, strict=True)
        )
    return _claim(
        audit,
        "local_tags_kept",
        "Local tags that stood before the pull stand where they stood",
        outcome,
        told,
        evidence=("pull.tag_restored", "pull.latest_restored"),
    )
