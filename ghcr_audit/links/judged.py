"""What deploy and rollback judge alike: the target's own command, and the service's health over the settling window."""

import re
from collections.abc import Callable

from ghcr_audit.audit import Audit
from ghcr_audit.drill.settled import Sample, settled
from ghcr_audit.drill.snapshot import Phase, snapshot
from ghcr_audit.evidence import Claim, Observation, Outcome
from ghcr_audit.links.claim import claim_of
from ghcr_audit.links.conditions import REFUSED_EXIT, words_of
from ghcr_audit.links.pull import engine_words

LOST = "drill.lost"
"""Key of the observation that the drill lost its connection or its lease."""
_TIME_LIMIT_EXIT = 124
_REFUSAL = re.compile(
    r"denied|unauthorized|forbidden|authentication required|no basic auth|insufficient_scope|pull access", re.IGNORECASE
)


def why_not_seen(audit: Audit, *keys: str) -> str:
    """Why a part of the drill was not seen: the first of these steps that failed, or what ended the drill."""
    for key in (*keys, LOST):
        observation = audit.newest(key)
        if observation is not None and not observation.ok:
            return words_of(observation).removeprefix("refused: ")
    return "the drill ended before it"


def ran(audit: Audit, phase: Phase) -> Observation | None:
    """The target's own command of this phase, if it was begun: neither refused by the fence nor never asked."""
    action = audit.newest(f"{phase.value}.action")
    if action is None or (action.exit_code == REFUSED_EXIT and action.stderr.startswith("refused: ")):
        return None
    return action


def is_absent(audit: Audit, phase: Phase) -> bool:
    """The engine says that there is no such container."""
    asked = audit.newest(f"{phase.value}.container")
    return asked is not None and asked.failure is None and not asked.ok and "no such" in asked.stderr.lower()


def refused_by_registry(action: Observation | None) -> str:
    """The command's own words where it failed on a registry's refusal, else ''."""
    if action is None or action.ok or action.failure is not None:
        return ""
    lines = f"{action.stdout}\n{action.stderr}".splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if _REFUSAL.search(line)), "")


def succeeded(audit: Audit, phase: Phase, what: str) -> Claim:
    """The command ended, with exit code 0. What it did is judged by other claims: this one proves little."""
    action = ran(audit, phase)
    outcome, told = Outcome.UNKNOWN, ""
    if action is None:
        told = f"not run: {why_not_seen(audit, f'{phase.value}.action', f'{phase.value}.journal')}"
    elif action.failure is not None:
        told = words_of(action)
    elif action.ok:
        outcome, told = Outcome.HOLDS, "exit code 0"
    elif action.exit_code == _TIME_LIMIT_EXIT and audit.target.deploy is not None:
        outcome, told = Outcome.BROKEN, f"did not end within {audit.target.deploy.limit_s} s"
    else:
        outcome, told = Outcome.BROKEN, f"exit code {action.exit_code}: {engine_words(action)}"
    return claim_of(phase.link.value)(
        audit, "succeeded", f"{what} ends well", outcome, told, evidence=(f"{phase.value}.action",)
    )


def health(audit: Audit, phase: Phase) -> tuple[Claim, ...]:
    """Docker's health and the URL's, each for itself over the settling window; no URL where none is given."""
    docker = _watched(audit, phase, "docker_healthy", "Docker's health check says healthy", _docker)
    if audit.target.health_url is None:
        return (docker,)
    return (docker, _watched(audit, phase, "http_healthy", "The health URL answers well", _http))


def restarts(audit: Audit, phase: Phase) -> Claim:
    """Of the container as it is now: one that ran before the drill may have been restarted before it, too."""
    key, service = f"{phase.value}.settled", snapshot(audit, phase).service
    before, found = snapshot(audit, Phase.BEFORE).service, settled(audit.newest(key))
    outcome, told = Outcome.UNKNOWN, why_not_seen(audit, key, f"{phase.value}.action", f"{phase.value}.journal")
    if service is not None and found is not None:
        same = before is not None and before.id == service.id
        count = max(service.restarts - (before.restarts if same and before else 0), found.restarts)
        outcome = Outcome.BROKEN if count else Outcome.HOLDS
        told = f"restarted {count} times by the engine" if count else "none"
    evidence = (f"{phase.value}.container", key)
    claim = claim_of(phase.link.value)
    return claim(audit, "restarts", "The engine had to restart nothing", outcome, told, evidence=evidence)


_Judge = Callable[[Sample], tuple[Outcome, str]]


def _watched(audit: Audit, phase: Phase, name: str, statement: str, judge: _Judge) -> Claim:
    key, window_s = f"{phase.value}.settled", audit.target.deploy.settle_s if audit.target.deploy else 1
    found = settled(audit.newest(key))
    if found is None:
        outcome, told = Outcome.UNKNOWN, why_not_seen(audit, key, f"{phase.value}.action", f"{phase.value}.journal")
    else:
        outcome, told = _worst([judge(sample) for sample in found.during_last(window_s)])
        told = f"{told} ({found.verdict} after {found.ended_ms / 1000:.1f} s)"
    claim = claim_of(phase.link.value)
    return claim(audit, name, f"{statement}, for {window_s} s without a break", outcome, told, evidence=(key,))


def _worst(seen: list[tuple[Outcome, str]]) -> tuple[Outcome, str]:
    for outcome in (Outcome.BROKEN, Outcome.UNKNOWN):
        if found := [one for one in seen if one[0] is outcome]:
            return found[-1]
    return seen[-1]


def _docker(sample: Sample) -> tuple[Outcome, str]:
    if sample.status != "running":
        restarts = f", restarts {sample.restarts}" if sample.restarts else ""
        return Outcome.BROKEN, f"the container is {sample.status}{restarts}"
    if sample.health == "none":
        return Outcome.HOLDS, "running; it has no Docker health check"
    return (Outcome.HOLDS if sample.docker_healthy else Outcome.BROKEN), f"Docker says {sample.health}"


def _http(sample: Sample) -> tuple[Outcome, str]:
    if sample.http is None:
        return Outcome.UNKNOWN, "the URL was not asked (no curl on the host?)"
    told = f"the URL says {sample.http}" if sample.http else "nothing answers at the URL"
    return (Outcome.HOLDS if sample.http_healthy else Outcome.BROKEN), told
