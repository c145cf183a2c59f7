"""Pulling with the host's own docker. Changes the host: the image store gains the release, no local tag moves.

Each reference: pin what it names now, pull, look at what came, put the name back where it stood, unpin. A lock on
the host keeps two audits of one login apart, also a try whose connection was cut from its retry (see pull.sh).
"""

import hashlib
from collections.abc import Callable

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.commands import Command, Progress
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.framing import host_script
from ghcr_audit.questions import image_inspect
from ghcr_audit.targets import Target

PULL_LIMIT_S = 600
_PIN_LIMIT_S = 120
"""The lock is waited for up to 60 s; then what an ended run left is put back."""
_PUT_BACK_LIMIT_S = 60
_DONE = "Pull complete|Already exists|Download complete"
_TOTAL = "Pulling fs layer|Already exists"


def pull(
    host: Host,
    target: Target,
    *,
    name: str,
    tag: str,
    run: str,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Observation, ...]:
    """Pull one tag of the target's image; `name` (`tag`, `latest`) keys its observations `pull.NAME…`.

    Raises:
        HostError: the host was lost on the way. What the script began it ends there all the same.
    """
    reference = str(target.image_ref.with_tag(tag))
    args = (reference, _mark(reference), run[:36], *target.host.docker_command)
    commands = (
        Command(key=f"pull.{name}_pinned", argv=_step("pin", "pin what stands under", *args), limit_s=_PIN_LIMIT_S),
        Command(
            key=f"pull.{name}",
            argv=_step("pull_pinned", "docker pull, once that is pinned:", *args),
            limit_s=PULL_LIMIT_S,
            progress=(_DONE, _TOTAL),
        ),
        image_inspect(target, f"pull.{name}_after", reference),
        Command(key=f"pull.{name}_restored", argv=_step("put_back", "put back", *args), limit_s=_PUT_BACK_LIMIT_S),
    )
    return observe_host(host, Asked(link=Link.PULL, commands=commands), on_progress=on_progress)


def _step(step: str, name: str, *args: str) -> tuple[str, ...]:
    return ("sh", "-c", f'{host_script("pull.sh")}{step} "$@"\n', name, *args)


def _mark(reference: str) -> str:
    """What stands for the reference in the names of its lock and pin, where its own characters may not."""
    return hashlib.sha256(reference.encode()).hexdigest()[:24]
