"""The dead-man timer of a drill: the commands that arm and ask it, and what it says. The timer is dead_man.sh.

It is armed with the first journal and ended with the last lock, on hosts whose target says `dead_man = true`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ghcr_audit.commands import Command, program
from ghcr_audit.evidence import Observation
from ghcr_audit.framing import host_script
from ghcr_audit.targets import Target

ARMED = "before.armed"
"""The observation of its arming; absent where the target wants no timer."""
ASKED = "restored.dead_man"
"""The observation of what it says to a run that is about to restore its own drill."""
LATELY = "host.dead_man"
"""Preflight's observation of what a timer last did on this host, for whatever drill."""
LEASES = 2
"""So many leases after a lease has expired the timer takes over; dead_man.sh has the same number."""
RESTORE_SLACK_S = 180
"""So much longer than one command of the target's own a restore may take."""
_LINE = re.compile(r"dead-man (\d{1,12}) \S{1,128} ([0-9a-f-]{8,36}) ([a-z_]{1,20})(?: ([ -~]{0,200}))?")


class State(StrEnum):
    """How a drill's timer stands."""

    BUSY = "busy"
    """It holds the lease, and restores."""
    OVER = "over"
    """It restored the host, and closed the drill."""
    IDLE = "idle"
    """Neither: it waits, it failed, it has never done anything, or there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSaid:
    """What a timer said last. `at`, `run` and `word` are those of its log's last line; None and '' without a line."""

    state: State
    at: datetime | None = None
    """By the host's clock."""
    run: str = ""
    """The run whose drill it watched."""
    word: str = ""
    """`restoring`, `restored`, `failed` or `given_up`."""
    why: str = ""

    @property
    def told(self) -> str:
        """In one line."""
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC (the host's clock)" if self.at is not None else ""
        match self.word:
            case "restored":
                return f"the host's dead-man timer restored it{when}"
            case "restoring":
                return f"the host's dead-man timer began to restore it{when}"
            case "failed" | "given_up":
                return f"the host's dead-man timer could not restore it: {self.why or 'it did not say why'}{when}"
        return "the host's dead-man timer did nothing"


def arm(target: Target, run: str) -> tuple[Command, ...]:
    """The timer laid beside the journal and started; nothing where the target wants none."""
    deploy = target.deploy
    if deploy is None or not deploy.dead_man:
        return ()
    limits = (deploy.lease_s, deploy.limit_s + RESTORE_SLACK_S, deploy.healthy_within_s, deploy.settle_s)
    words = (*map(str, limits), target.health_url or "", *target.host.docker_command)
    text = _text("arm", "lease.sh", "drill.sh", "dead_man.sh")
    return (program(ARMED, text, "drill arm", target.container, run, timer_program(), *words, limit_s=40),)


def timer_program() -> str:
    """The program that lies on the host while a drill is open; its first word is what it does."""
    scripts = ("lease.sh", "drill.sh", "restore.sh", "compose.sh", "dead_man.sh")
    return f'{"".join(map(host_script, scripts))}"$@"\n'


def ask(target: Target, key: str, run: str = "") -> tuple[Command, ...]:
    """What the timer of this run's drill says, or the one that did something last; nothing without a timer."""
    if target.deploy is None or not target.deploy.dead_man:
        return ()
    text = _text("said", "lease.sh", "dead_man.sh")
    return (program(key, text, "dead-man timer of", target.container, *([run] if run else [])),)


def said(observation: Observation | None) -> TimerSaid | None:
    """What a timer said; None when it was not asked, or the answer is none. Untrusted: parsed, bounded."""
    if observation is None or not observation.ok:
        return None
    first, _, rest = observation.stdout.partition("\n")
    if first not in {one.value for one in State}:
        return None
    line = _LINE.fullmatch(rest.strip("\n"))
    if line is None:
        return TimerSaid(state=State(first))
    at = datetime.fromtimestamp(int(line[1]), UTC)
    return TimerSaid(state=State(first), at=at, run=line[2], word=line[3], why=line[4] or "")


def _text(step: str, *scripts: str) -> str:
    return f'{"".join(map(host_script, scripts))}{step} "$@"\n'
