"""Pull: the host's own docker fetches the release, and leaves every other local tag as it was."""

import re

from ghcr_audit import facts
from ghcr_audit.audit import Audit
from ghcr_audit.evidence import Claim, Mode, Observation, Outcome, Weight
from ghcr_audit.links.claim import claim_of

_claim = claim_of("pull")
_ASKS_FOR_LOGIN = "Login prior to pull"
"""Some clients prompt for ever instead of telling a refusal (docker 28.2 with an engine 28.5, for one)."""


_NOT_TRIED_EXIT = 75
"""How host_scripts/pull.sh refuses: nothing was pulled, and why is its last word."""
_KEPT = {
    "stood before": ("did not move", "was moved by the pull and put back"),
    "was not there before": ("was not there before",),
}
"""What a put back may say after what the pin said."""


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
    if observation is None or observation.failure is not None or observation.exit_code == _NOT_TRIED_EXIT:
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
        told = observation.failure_text or engine_words(observation)
    image = audit.target.image_ref.with_tag(tag)
    return _claim(audit, name, f"The host's docker pulls {image}", outcome, told, weight=weight, evidence=(key,))


def _tags_restored(audit: Audit) -> Claim:
    kept = [_kept(audit, name, tag) for name, tag in (("tag", audit.tag), ("latest", "latest"))]
    outcomes = [outcome for outcome, _ in kept]
    worst = next((one for one in (Outcome.BROKEN, Outcome.UNKNOWN) if one in outcomes), Outcome.HOLDS)
    return _claim(
        audit,
        "local_tags_kept",
        "Local tags that stood before the pull stand where they stood",
        worst,
        "; ".join(told for _, told in kept),
        weight=Weight.RESTORE,
        evidence=tuple(f"pull.{name}_{step}" for name in ("tag", "latest") for step in ("pinned", "restored")),
    )


def _kept(audit: Audit, name: str, tag: str) -> tuple[Outcome, str]:
    """What became of one local tag, told from what its pin and its put back said together."""
    pinned, restored = audit.newest(f"pull.{name}_pinned"), audit.newest(f"pull.{name}_restored")
    if pinned is None or restored is None or pinned.failure is not None or restored.failure is not None:
        return Outcome.UNKNOWN, f"{tag} not seen"
    if pinned.exit_code == _NOT_TRIED_EXIT:
        return Outcome.UNKNOWN, f"{tag} {engine_words(pinned)}"
    *left_behind, before = pinned.stdout.strip().splitlines() or [""]
    after = restored.stdout.strip()
    if not pinned.ok:
        return Outcome.UNKNOWN, f"{tag} could not be pinned, so nothing was pulled"
    if not restored.ok:
        return Outcome.BROKEN, f"{tag} {after or 'could not be put back'}"
    if after not in _KEPT.get(before, ()):
        return Outcome.BROKEN, f"{tag} {before or 'not seen before'}, then {after or 'not seen'}"
    return Outcome.HOLDS, ", ".join((f"{tag} {after}", *left_behind))
