"""`ghcr-audit init`: looks at a host and writes a target file for it, with a comment on every key."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ghcr_audit.adapters import survey
from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.causes import Cause
from ghcr_audit.cli.live import is_lively
from ghcr_audit.cli.printing import say
from ghcr_audit.errors import ConfigurationError, HostError, shown
from ghcr_audit.images import is_tag
from ghcr_audit.targets import NAME_PATTERN, Target, read_target
from ghcr_audit.targets.candidates import (
    Choice,
    ComposePlace,
    SeenContainer,
    choose,
    deploy_of,
    health_candidates,
    tag_pattern,
    target_name,
)
from ghcr_audit.targets.new_file import Draft, render_target_file
from ghcr_audit.targets.tables import HostAccess
from ghcr_audit.text.terminal import one_line

if TYPE_CHECKING:
    from ghcr_audit.adapters.local import LocalHost
    from ghcr_audit.adapters.ssh import SshHost

_PLACE = re.compile(r"(?:([^@:/\s]+)@)?(\[[0-9A-Fa-f:]+\]|[^@:/\s\[\]]+)(?::(.+))?")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.$+_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What the command line names: how the host is reached, and where on it the service was started from."""

    access: HostAccess
    compose: ComposePlace | None


def run(options: argparse.Namespace) -> int:
    """Look, write, and print the new file's path and the next command; an existing file is never touched."""
    place = _place(options)
    if options.out or options.name:
        _absent(_path(options, options.name or ""))
    if is_lively():
        say(one_line(f"looking at {options.place}"))
    try:
        with survey.reached(place.access) as host:
            draft = _look(host, place, options)
    except HostError as error:
        raise _with_pin(error, place.access) from None
    path = _path(options, draft.target.name)
    _write(path, render_target_file(draft))
    _tell(draft)
    print(path)
    print(_next_command(path, draft))
    return 0


def _place(options: argparse.Namespace) -> _Place:
    found = _PLACE.fullmatch(options.place)
    if found is None or options.place.startswith("-"):
        raise ConfigurationError(
            f"init: not a host (got {shown(options.place)}, expected USER@HOST[:/path/compose.yml] or local)",
            hint="An SSH port is given by --port, an IPv6 address stands in brackets.",
        )
    user, address, path = found.groups()
    given = {
        "address": None if address == "local" else address.strip("[]"),
        "user": user,
        "port": options.port,
        "identity_file": _absolute(options.identity_file),
        "known_hosts": _absolute(options.known_hosts),
        "host_key": options.host_key,
    }
    if options.host_key and options.known_hosts:
        raise ConfigurationError(
            "init: --host-key and --known-hosts are both given", hint="Pin the host's key by one of them."
        )
    return _Place(access=_access(given), compose=_compose(path))


def _access(given: dict[str, object]) -> HostAccess:
    try:
        return HostAccess.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])).replace("_", "-")
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"init: {key}: {said} (got {shown(first['input'])})",
            hint="`ghcr-audit init --help` tells what is expected.",
        ) from None


def _absolute(text: str | None) -> str | None:
    if text is None:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ConfigurationError(f"init: {path}: no such file", hint="Name a file of this machine, not of the host.")
    return str(path)


def _compose(text: str | None) -> ComposePlace | None:
    if text is None:
        return None
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts:
        hint = f"An SSH port is given by --port {text}." if text.isdigit() else ""
        raise ConfigurationError(
            f"init: not a path on the host (got {shown(text)}, expected e.g. /srv/shop/compose.yml)", hint=hint
        )
    if path.suffix in (".yml", ".yaml"):
        return ComposePlace(directory=str(path.parent), file=path.name)
    return ComposePlace(directory=str(path))


def _look(host: "LocalHost | SshHost", place: _Place, options: argparse.Namespace) -> Draft:
    around = survey.look_around(host)
    choice = choose(around.containers, named=options.container, place=place.compose)
    where = place.compose or _started_from(choice.container)
    sketch = _target(choice, place.access.model_copy(update={"docker_command": around.docker_command}), where, options)
    urls = health_candidates(choice.container)
    return _draft(choice, sketch, where, survey.look_closer(host, sketch, urls), urls)


def _started_from(container: SeenContainer) -> ComposePlace | None:
    if not container.project_directory.startswith("/"):
        return None
    first = PurePosixPath(container.compose_files[0]) if container.compose_files else None
    beside = first is not None and str(first.parent) == container.project_directory.rstrip("/")
    return ComposePlace(directory=container.project_directory, file=first.name if first and beside else None)


def _target(choice: Choice, access: HostAccess, place: ComposePlace | None, options: argparse.Namespace) -> Target:
    try:
        return Target(
            name=Path(options.out).stem if options.out else options.name or target_name(choice.container.name),
            image=choice.image.name,
            registry_user=choice.image.repository.partition("/")[0],
            tag_pattern=tag_pattern(choice.image.tag or ""),
            repository=_repository(options.repository),
            container=choice.container.name,
            host=access,
            deploy=deploy_of(place, ()) if place else None,
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigurationError(
            f"init: {key}: {first['msg']} (got {shown(first['input'])})",
            hint="docs/targets.md describes every key; another container may be meant: --container NAME.",
        ) from None


def _repository(text: str | None) -> str | None:
    if text is None:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise ConfigurationError(
            f"init: repository: no such folder (got {shown(text)})", hint="Name a clone on this machine."
        )
    return str(path)


def _draft(
    choice: Choice, sketch: Target, place: ComposePlace | None, seen: survey.CloserLook, urls: tuple[str, ...]
) -> Draft:
    stored = seen.credential
    user = stored.user if stored and stored.there and _USER.fullmatch(stored.user) else None
    deploy = deploy_of(place, seen.files) if place else None
    missing = (deploy.compose_file,) if deploy and deploy.compose_file not in seen.files else ()
    changes = {"registry_user": user or sketch.registry_user, "deploy": deploy, "health_url": seen.healthy_url}
    return Draft(
        target=sketch.model_copy(update=changes),
        why=choice.why,
        running_tag=choice.image.tag or "",
        credential=stored.told if stored else "not seen",
        user_is_stored=user is not None,
        health=urls[0] if urls else "",
        missing=missing,
    )


def _path(options: argparse.Namespace, name: str) -> Path:
    path = Path(options.out) if options.out else targets_folder() / f"{name}.toml"
    if path.suffix != ".toml" or not re.fullmatch(NAME_PATTERN, path.stem):
        raise ConfigurationError(
            f"init: {shown(path.name)} is no name of a target file",
            hint="NAME.toml, of small letters, digits and single dashes: --name NAME, or --out FILE.",
        )
    return path


def _absent(path: Path) -> None:
    if path.exists():
        raise _exists(path)


def _exists(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"init: {path}: the file exists; it was not touched",
        hint="Choose another name (--name) or another file (--out), or remove it first.",
    )


def _write(path: Path, text: str) -> None:
    """Write a new file that surely reads back, or none at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise ConfigurationError(
            f"init: {path}: cannot be written: {error.strerror}", hint="Name another place: --out FILE."
        ) from None
    try:
        read_target(path)
    except ConfigurationError:
        path.unlink()
        raise


def _with_pin(error: HostError, access: HostAccess) -> HostError:
    """How to pin an unknown host key, where there is no target file yet to write it into."""
    if error.cause is not Cause.SSH_HOST_KEY_MISMATCH or access.host_key:
        return error
    hint = (
        "See on the host itself whether it is among `for key in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $key; done`,"
        " then pin it: --host-key SHA256:…"
    )
    return HostError(error.message, cause=error.cause, hint=hint)


def _tell(draft: Draft) -> None:
    target = draft.target
    say(one_line(f"container {target.container}: {draft.why}; image {target.image}, running {draft.running_tag}"))
    say(one_line(f"credential for {target.image_ref.registry}: {draft.credential}"))
    if target.health_url is None:
        say("health_url: no address answered; it stands in the file as a comment")
    if target.repository is None:
        say("repository: not given (--repository PATH), so git tags will not be compared")
    for name in draft.missing:
        say(one_line(f"deploy: {name} was not found in {target.deploy.directory if target.deploy else ''}"))


def _next_command(path: Path, draft: Draft) -> str:
    """What to type next: without a repository the newest release may be hidden, so the running one is named."""
    at_home = path.parent == targets_folder()
    words = ["ghcr-audit check", draft.target.name if at_home else str(path)]
    if draft.target.repository is None and is_tag(draft.running_tag):
        words.append(f"--tag {draft.running_tag}")
    return " ".join(words)
