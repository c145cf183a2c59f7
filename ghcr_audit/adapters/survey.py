"""What `init` looks at on a host it knows nothing of: the docker command, the containers, then one of them closer.

Two framed execs on one connection, since the second masks by what the first found: the registry whose credential is
asked for. Both only read; containers' environments and foreign labels, where secrets stand, are not asked for.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ghcr_audit import facts, questions
from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.causes import Cause
from ghcr_audit.commands import Command, program
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Observation, newest
from ghcr_audit.facts import StoredCredential
from ghcr_audit.targets import Target
from ghcr_audit.targets.candidates import PublishedPort, SeenContainer
from ghcr_audit.targets.tables import HostAccess
from ghcr_audit.text.terminal import one_line

if TYPE_CHECKING:
    from ghcr_audit.adapters.ssh import SshHost

DOCKER_COMMANDS = (("docker",), ("sudo", "-n", "docker"))
"""What is tried, in this order; sudo only where docker alone does not answer."""

_LABEL = "com.docker.compose.project"
_FORMAT = (
    '{"name":{{json .Name}},"image":{{json .Config.Image}},"status":{{json .State.Status}},'
    f'"directory":{{{{json (index .Config.Labels "{_LABEL}.working_dir")}}}},'
    f'"files":{{{{json (index .Config.Labels "{_LABEL}.config_files")}}}},'
    '"network":{{json .HostConfig.NetworkMode}},"ports":{{json .NetworkSettings.Ports}},'
    '"health":{{with .Config.Healthcheck}}{{json .Test}}{{else}}null{{end}}}'
)
_CONTAINERS = """\
format=$1; shift
for docker in "$@"; do
  if $docker version --format '{{.Server.Version}}' >/dev/null 2>"$GA_TMP/why"; then
    printf 'docker %s\\n' "$docker"
    ids=$($docker ps --all --quiet --no-trunc | head -n 300)
    [ -z "$ids" ] || $docker inspect --type container --format "$format" $ids
    exit 0
  fi
  printf '%s: %s\\n' "$docker" "$(tail -n 1 "$GA_TMP/why")" >&2
done
exit 1
"""
_FILES = 'cd "$1" || exit 1; for file in *; do [ ! -f "$file" ] || printf "%s\\n" "$file"; done | head -n 1000'
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,100}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How docker is called on a host, and every container there, running or not."""

    docker_command: tuple[str, ...]
    containers: tuple[SeenContainer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloserLook:
    """What belongs to one container: the stored credential (never its value), deploy files, and who said healthy."""

    credential: StoredCredential | None
    files: tuple[str, ...]
    """Plain files in the deploy directory; () when it cannot be listed."""
    healthy_url: str | None
    """The first of the asked addresses that answered 2xx on the host."""


@contextmanager
def reached(access: HostAccess) -> "Iterator[LocalHost | SshHost]":
    """The connected host; an unknown host key is never accepted.

    Raises:
        HostError: not reached, not trusted, or the key was refused.
    """
    if access.local:
        yield LocalHost()
        return
    from ghcr_audit.adapters.ssh import connect  # paramiko costs a third of a second

    port = f":{access.port}" if "port" in access.model_fields_set else ""
    host = connect(access, f"{access.user + '@' if access.user else ''}{access.address}{port}")
    try:
        yield host
    finally:
        host.close()


def look_around(host: "LocalHost | SshHost") -> Surroundings:
    """Which docker command works there, and what it shows.

    Raises:
        HostError: none works.
    """
    commands = map(" ".join, DOCKER_COMMANDS)
    asked = program("survey.containers", _CONTAINERS, "docker command and containers", _FORMAT, *commands, limit_s=30)
    seen = newest(_asked(host, asked), asked.key)
    first = (seen.stdout if seen else "").partition("\n")[0]
    if seen is None or not seen.ok or not first.startswith("docker "):
        raise _no_docker(host.where, seen)
    containers = tuple(map(_container, facts.json_lines(seen) or ()))
    return Surroundings(docker_command=tuple(first.removeprefix("docker ").split()), containers=containers)


def look_closer(host: "LocalHost | SshHost", target: Target, urls: Sequence[str]) -> CloserLook:
    """What is stored for the target's registry, which files lie in its deploy directory, which URL says healthy."""
    registry, sudo = target.image_ref.registry, target.host.sudo
    masked = LocalHost(registry, sudo) if isinstance(host, LocalHost) else host.masking(registry, sudo)
    health = {url: replace(_health(target, url), key=f"survey.health-{n}") for n, url in enumerate(urls)}
    seen = _asked(masked, questions.credential_question(target), *_files(target), *health.values())
    answers = {url: facts.http_health(newest(seen, command.key)) for url, command in health.items()}
    return CloserLook(
        credential=facts.stored_credential(newest(seen, "host.credential")),
        files=_listed(newest(seen, "survey.files")),
        healthy_url=next((url for url, answer in answers.items() if answer and answer.healthy), None),
    )


def _asked(host: "LocalHost | SshHost", *commands: Command) -> tuple[Observation, ...]:
    return observe_host(host, Asked(link=Link.PREFLIGHT, commands=commands))


def _health(target: Target, url: str) -> Command:
    (command,) = questions.health_question(target.model_copy(update={"health_url": url}))
    return command


def _files(target: Target) -> tuple[Command, ...]:
    if target.deploy is None:
        return ()
    return (program("survey.files", _FILES, "files of the deploy directory", target.deploy.directory),)


def _listed(seen: Observation | None) -> tuple[str, ...]:
    if seen is None or not seen.ok:
        return ()
    return tuple(name for name in seen.stdout.splitlines() if _FILE_NAME.fullmatch(name))


def _container(row: dict[str, Any]) -> SeenContainer:
    test = row.get("health")
    return SeenContainer(
        name=_text(row.get("name")).lstrip("/"),
        image_text=_text(row.get("image")),
        running=row.get("status") == "running",
        project_directory=_text(row.get("directory")),
        compose_files=tuple(filter(None, _text(row.get("files")).split(","))),
        on_host_network=row.get("network") == "host",
        ports=tuple(_ports(row.get("ports"))),
        health_test=" ".join(map(_text, test[1:])) if isinstance(test, list) else "",
    )


def _ports(bindings: object) -> Iterator[PublishedPort]:
    for inside, places in bindings.items() if isinstance(bindings, dict) else ():
        number, _, protocol = str(inside).partition("/")
        for place in places if isinstance(places, list) and protocol == "tcp" else ():
            address, port = _text(place.get("HostIp")), _text(place.get("HostPort"))
            if number.isdigit() and port.isdigit():
                yield PublishedPort(container_port=int(number), host_address=address, host_port=int(port))


def _text(value: object) -> str:
    return value[:4000] if isinstance(value, str) else ""


def _no_docker(where: str, seen: Observation | None) -> HostError:
    said = one_line("; ".join(seen.stderr.strip().splitlines()[-2:]))[:400] if seen else ""
    return HostError(
        f"{where}: look for docker: no docker command answers ({said or 'no answer'})",
        cause=Cause.OTHER,
        hint="Install and start Docker there, or let this user call it (its group, or sudo without a password).",
    )
