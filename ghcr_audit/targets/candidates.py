"""What a host runs, and which of it is the service: its container, health address and way of deploying.

Pure. Nothing is guessed without evidence, and where several could be meant, a person is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.images import DEFAULT_REGISTRY, ImageRef, parse_image
from ghcr_audit.targets.tables import Deploy, DeployMethod
from ghcr_audit.text.terminal import one_line

PREFERRED_REGISTRY = "ghcr.io"
RELEASE_PATTERNS = (r"^\d{8}-\d{6}$", r"^v\d+\.\d+\.\d+$", r"^\d+\.\d+\.\d+$")
"""What a release's tag may look like: a timestamp, or three numbers. The first is the default."""
COMPOSE_NAMES = ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")
"""Where compose itself looks, our preference first."""

_LISTED = 20
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~/?=&%+-]*)?")
_ITSELF = ("localhost", "127.0.0.1", "0.0.0.0", "::1")  # noqa: S104 - compared with, never bound
_SCRIPT = "server_deploy.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A TCP port of a container and where the host serves it."""

    container_port: int
    host_address: str
    host_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenContainer:
    """One container as the engine describes it; compose's own labels say where it was started from."""

    name: str
    image_text: str
    running: bool
    project_directory: str = ""
    compose_files: tuple[str, ...] = ()
    on_host_network: bool = False
    ports: tuple[PublishedPort, ...] = ()
    health_test: str = ""
    """The health check's command, as text; '' when there is none."""

    @property
    def image(self) -> ImageRef | None:
        """The image it was started from; None when that is a bare id."""
        try:
            return parse_image(self.image_text)
        except ConfigurationError:
            return None

    @property
    def released(self) -> bool:
        """Its tag looks like a release's."""
        image = self.image
        return image is not None and any(re.fullmatch(pattern, image.tag or "") for pattern in RELEASE_PATTERNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposePlace:
    """The deploy directory on the host, and the compose file in it where one is known."""

    directory: str
    file: str | None = None

    def holds(self, container: SeenContainer) -> bool:
        """The container was started by compose from here."""
        if self.file is None:
            return container.project_directory.rstrip("/") == self.directory.rstrip("/")
        return f"{self.directory.rstrip('/')}/{self.file}" in container.compose_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The container of the service, and why it is this one."""

    container: SeenContainer
    image: ImageRef
    why: str


def choose(containers: Sequence[SeenContainer], *, named: str | None, place: ComposePlace | None) -> Choice:
    """The service's container: the named one, else the only one that can be meant.

    Preferred is an image of ghcr.io, then one of any registry that the image names; among several the only one
    whose tag is a release's.

    Raises:
        ConfigurationError: none or several could be meant; the text lists them.
    """
    if named is not None:
        found = [container for container in containers if container.name == named]
        return _chosen(found, containers, f"no container {shown(named)} there", "named by --container")
    here = [container for container in containers if place is None or place.holds(container)]
    if place is not None and not here:
        raise _ask(f"no container was started from {place.directory}/{place.file or ''}", containers)
    best = _of_preferred(here)
    problem = "no container's image names a registry" if not best else "several containers could be meant"
    if len(best) > 1 and len(tagged := [one for one in best if one.released]) == 1:
        return _chosen(tagged, here, problem, "the only one whose tag is a release's")
    return _chosen(best, here, problem, "the only one whose image names a registry")


def _of_preferred(containers: Sequence[SeenContainer]) -> list[SeenContainer]:
    named = [(one.image.registry, one) for one in containers if one.image and one.image.registry != DEFAULT_REGISTRY]
    preferred = [one for registry, one in named if registry == PREFERRED_REGISTRY]
    return preferred or [one for _, one in named]


def _chosen(found: Sequence[SeenContainer], listed: Sequence[SeenContainer], problem: str, why: str) -> Choice:
    if len(found) != 1:
        raise _ask(problem, listed)
    image = found[0].image
    if image is None:
        raise ConfigurationError(
            f"init: container {found[0].name}: its image names no registry (got {shown(found[0].image_text)})",
            hint="It runs an image by its id. Start it from the registry's image first.",
        )
    return Choice(container=found[0], image=image, why=why)


def _ask(problem: str, containers: Sequence[SeenContainer]) -> ConfigurationError:
    rows = [one_line(f"{one.name} ({one.image_text[:200]})") for one in containers[:_LISTED]]
    more = f", and {len(containers) - _LISTED} more" if len(containers) > _LISTED else ""
    listed = ", ".join(rows) + more if rows else "there is no container"
    return ConfigurationError(
        f"init: choose the container: {problem} (containers: {listed})",
        hint="Name it: --container NAME." if containers else "Deploy the service once, then look again.",
    )


def target_name(text: str) -> str:
    """A target's name made of a container's: small letters, digits, single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-")


def tag_pattern(running_tag: str) -> str:
    """The pattern of releases that the running tag fits, else the default."""
    return next((one for one in RELEASE_PATTERNS if re.fullmatch(one, running_tag)), RELEASE_PATTERNS[0])


def health_candidates(container: SeenContainer) -> tuple[str, ...]:
    """Addresses on the host that may tell the service's health: its own health check's, else `/health` of its ports.

    Only what is written out counts: an address that holds a shell variable is none.
    """
    named = [
        url for text in _URL.findall(_without_variables(container.health_test)) if (url := _on_host(text, container))
    ]
    guessed = [f"http://{_address(port)}/health" for port in container.ports[:3]]
    return tuple(dict.fromkeys(named or guessed))[:3]


def _without_variables(text: str) -> str:
    return " ".join(word for word in re.split(r"[\s\"';|&]+", text) if "$" not in word and "@" not in word)


def _on_host(text: str, container: SeenContainer) -> str | None:
    """The URL of the inside as the host reaches it; None when it does not."""
    try:
        parts = urlsplit(text)
        inside_port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except ValueError:
        return None
    if parts.hostname not in _ITSELF:
        return None
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if container.on_host_network:
        return f"{parts.scheme}://127.0.0.1:{inside_port}{rest}"
    published = next((port for port in container.ports if port.container_port == inside_port), None)
    return f"{parts.scheme}://{_address(published)}{rest}" if published else None


def _address(port: PublishedPort) -> str:
    everywhere = port.host_address in ("", "::", *_ITSELF)
    address = "127.0.0.1" if everywhere else port.host_address
    return f"[{address}]:{port.host_port}" if ":" in address else f"{address}:{port.host_port}"


def deploy_of(place: ComposePlace, files: Sequence[str]) -> Deploy:
    """How releases get into `place`: by its deploy script, when the directory's `files` hold one, else by compose."""
    script = _SCRIPT if _SCRIPT in files else None
    if script is None and len(named := [name for name in files if name.endswith(".sh") and "deploy" in name]) == 1:
        script = named[0]
    compose_file = place.file or next((name for name in COMPOSE_NAMES if name in files), COMPOSE_NAMES[0])
    method = DeployMethod.SCRIPT if script else DeployMethod.COMPOSE
    return Deploy(method=method, directory=place.directory, compose_file=compose_file, script=script or _SCRIPT)
