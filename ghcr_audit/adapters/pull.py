"""Pulling with the host's own docker. Changes the host: the image store gains the release, no local tag moves.

Each reference: pin what it names now, pull, look at what came, put the name back where it stood, unpin.
"""

from collections.abc import Callable

from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.commands import Command, Progress, program
from ghcr_audit.evidence import Link, Observation
from ghcr_audit.questions import image_inspect
from ghcr_audit.targets import Target

PULL_LIMIT_S = 600
_DONE = "Pull complete|Already exists|Download complete"
_TOTAL = "Pulling fs layer|Already exists"

_PIN = """ref=$1 pin=$2; shift 2
if "$@" image inspect "$ref" >/dev/null 2>&1; then "$@" tag "$ref" "$pin" && echo "stood before"
else echo "was not there before"; fi"""

_PUT_BACK = """ref=$1 pin=$2; shift 2
id_of() { ref_or_pin=$1; shift; "$@" image inspect --format '{{.Id}}' "$ref_or_pin" 2>/dev/null; }
before=$(id_of "$pin" "$@")
if [ -z "$before" ]; then echo "was not there before"; exit 0; fi
if [ "$before" = "$(id_of "$ref" "$@")" ]; then echo "did not move"
else "$@" tag "$pin" "$ref" || exit 1; echo "was moved by the pull and put back"; fi
"$@" image rm --no-prune "$pin" >/dev/null"""


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
    reference, pin = str(target.image_ref.with_tag(tag)), f"ghcr-audit/pin:{name}-{run[:36]}"
    docker = target.host.docker_command
    commands = (
        program(f"pull.{name}_pinned", _PIN, "pin what stands under", reference, pin, *docker),
        Command(
            key=f"pull.{name}",
            argv=(*docker, "pull", reference),
            limit_s=PULL_LIMIT_S,
            progress=(_DONE, _TOTAL),
        ),
        image_inspect(target, f"pull.{name}_after", reference),
        program(f"pull.{name}_restored", _PUT_BACK, "put back", reference, pin, *docker),
    )
    return observe_host(host, Asked(link=Link.PULL, commands=commands), on_progress=on_progress)
