"""What is asked of a host at rest about its deploy files; they only read, and only where the target has [deploy]."""

from dataclasses import replace

from ghcr_audit.commands import Command, program
from ghcr_audit.drill.questions import Drill
from ghcr_audit.drill.snapshot import Phase
from ghcr_audit.targets import Target

HOST_FILES = "host.deploy_files"
HOST_COMPOSE = "host.compose"
HOST_STATE = "host.state"
COMPOSE_VERSION = "host.compose_version"
"""Keys of the observations."""

_SUMS = """\
for file in "$@"; do
  if [ ! -e "$file" ]; then echo "absent $file"
  elif [ -f "$file" ] && [ -r "$file" ] && sum=$(sha256sum <"$file"); then echo "file ${sum%% *} $file"
  else echo "unreadable $file"; fi
done
"""


def delivery_questions(target: Target, tag: str) -> tuple[Command, ...]:
    """Deploy files by SHA-256, what compose makes of its file at this tag, and the small state files."""
    if target.deploy is None:
        return ()
    deploy, drill = target.deploy, Drill(target=target, run="")
    state = next(one for one in drill.snapshot(Phase.BEFORE, tag) if one.key == f"{Phase.BEFORE.value}.state")
    paths = (deploy.absolute(deploy.script), deploy.absolute(deploy.compose_file))
    return (
        program(HOST_FILES, _SUMS, "SHA-256 of", *paths),
        replace(drill.compose(Phase.BEFORE, tag), key=HOST_COMPOSE),
        replace(state, key=HOST_STATE),
        Command(key=COMPOSE_VERSION, argv=(*target.host.docker_command, "compose", "version", "--short")),
    )
