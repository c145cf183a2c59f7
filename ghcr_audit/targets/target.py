"""A target: one service on one host, reached in one way. Read from TOML, with errors that name file and key."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Value
from ghcr_audit.images import ImageRef, check_registry, is_loopback, parse_image
from ghcr_audit.language import Language
from ghcr_audit.targets.tables import Deploy, HostAccess, Word

NAME_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""Grammar of a target's name: it also is part of Prefect artifact keys."""


GITHUB_API = "https://api.github.com"


class Target(Value):
    """One audited chain. `name` is the stem of its file."""

    name: str = Field(pattern=NAME_PATTERN, max_length=60)
    image: str
    registry_user: Word
    tag_pattern: str = r"^\d{8}-\d{6}$"
    repository: Word | None = None
    """Path of the git repository whose tags are released; without it git is not asked."""
    token_host: Word | None = None
    """Another host that the registry's token endpoint may stand on (`auth.docker.io`)."""
    controller_credential_file: Word | None = None
    """A file on the machine that audits: the first line is its own read-only token, `~` its home folder."""
    controller_user: Word | None = None
    """Whose token that is; the registry user's when nothing is said."""
    github_api: str | None = None
    """GitHub's API, asked on the host what it knows of the stored token; `""` or `"none"`: it is not asked."""
    container: Word
    drill: Literal["allowed", "forbidden"] = "forbidden"
    wait_for_tag_s: int = Field(default=0, ge=0, le=7200, strict=True)
    health_url: str | None = Field(default=None, pattern=r"^https?://[!-~]+$")
    lang: Language | None = None
    """In which language its reports, its artifacts and the form of a waiting run are told."""
    host: HostAccess = HostAccess()
    deploy: Deploy | None = None

    @field_validator("image")
    @classmethod
    def _image_without_tag(cls, text: str) -> str:
        try:
            image = parse_image(text)
        except ConfigurationError as error:
            raise ValueError(error.message) from None
        if image.tag or image.digest:
            raise ValueError("names a tag or digest; a target names the image alone")
        return text

    @field_validator("container")
    @classmethod
    def _container_name(cls, text: str) -> str:
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}", text):
            raise ValueError("not a container's name (letters, digits and _ . -)")
        return text

    @field_validator("health_url", mode="before")
    @classmethod
    def _no_password(cls, text: object) -> object:
        if isinstance(text, str) and re.match(r"[^/?#]*//[^/?#]*@", text):
            raise ValueError("holds a user or password, and the address stands in reports (got one that is not shown)")
        return text

    @field_validator("token_host")
    @classmethod
    def _host_and_port_alone(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            return check_registry(text)
        except ConfigurationError:
            raise ValueError("not a host; a token host is named without https:// and path") from None

    @field_validator("controller_credential_file")
    @classmethod
    def _anchored(cls, text: str | None) -> str | None:
        """Workers start in folders of their own."""
        if text is not None and not text.startswith(("/", "~")):
            raise ValueError("not an absolute path, nor one that begins with ~")
        return text

    @field_validator("controller_user")
    @classmethod
    def _name_alone(cls, text: str | None) -> str | None:
        if text is not None and (":" in text or not text.isprintable()):
            raise ValueError("not a user's name: it holds ':' or a character that does not print")
        return text

    @field_validator("github_api")
    @classmethod
    def _api_address(cls, text: str | None) -> str | None:
        """A token is sent there: https, and http on loopback alone."""
        if text in (None, "", "none"):
            return text
        found = re.fullmatch(r"(https?)://([A-Za-z0-9.:\[\]-]+)((?:/[A-Za-z0-9._~-]+)*)/?", text)
        if found is None:
            raise ValueError("not the address of an API; expected https://HOST, with a path if need be")
        try:
            host = check_registry(found[2])
        except ConfigurationError:
            raise ValueError("not the address of an API: the host is none") from None
        if found[1] == "http" and not is_loopback(host):
            raise ValueError("a token would be sent there; expected https (http on a loopback address alone)")
        return f"{found[1]}://{host}{found[3]}"

    @field_validator("tag_pattern")
    @classmethod
    def _pattern_compiles(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return text

    @model_validator(mode="after")
    def _user_for_a_remote_host(self) -> "Target":
        if self.host.host_key and self.host.known_hosts:
            raise ValueError("host.host_key and host.known_hosts are both given; pin by one of them")
        if self.host.identity_file and self.host.identity_block:
            raise ValueError("host.identity_file and host.identity_block are both given; log in by one of them")
        return self

    @model_validator(mode="after")
    def _controllers_user_has_a_token(self) -> "Target":
        if self.controller_user and not self.controller_credential_file:
            raise ValueError("controller_user needs a controller_credential_file: there is no token of that user")
        return self

    @model_validator(mode="after")
    def _drill_needs_deploy(self) -> "Target":
        if self.drill == "allowed" and self.deploy is None:
            raise ValueError('drill = "allowed" needs a table [deploy]: what would be deployed, and where')
        return self

    @property
    def image_ref(self) -> ImageRef:
        """The image, parsed."""
        return parse_image(self.image)

    @property
    def token_api(self) -> str:
        """GitHub's API, where it is to be asked about the stored token; '' where it is not."""
        if self.github_api is None:
            return GITHUB_API if self.image_ref.registry == "ghcr.io" else ""
        return "" if self.github_api == "none" else self.github_api

    @property
    def login(self) -> str:
        """Whose credential its host uses, and where: `user at registry`."""
        return f"{self.registry_user} at {self.image_ref.registry}"

    @property
    def controller_login(self) -> str:
        """The registry user of the controller's own token."""
        return self.controller_user or self.registry_user

    @property
    def where(self) -> str:
        """The host as evidence names it: `user@address:port`, or `this machine`."""
        host = self.host
        if host.address is None:
            return "this machine"
        return f"{host.user + '@' if host.user else ''}{host.address}:{host.port}"


def load_target(name: str, folder: Path) -> Target:
    """The target NAME of a folder of target files, or the one in the file that NAME is a path of.

    Raises:
        ConfigurationError: unknown target, unreadable file, malformed TOML, or a key that cannot be meant.
    """
    if name.endswith(".toml"):
        return read_target(Path(name))
    if not re.fullmatch(NAME_PATTERN, name):
        raise ConfigurationError(
            f"target: {shown(name)} is no target name",
            hint="A name has small letters, digits and single dashes; or give the path of a .toml file.",
        )
    path = folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(target_names(folder)) or "none"
        raise ConfigurationError(
            f"target: {shown(name)} is not known (known in {folder}: {known})",
            hint="`ghcr-audit init user@host` looks at a host and writes a target file.",
        )
    return read_target(path)


def target_names(folder: Path) -> list[str]:
    """Names of all target files of a folder, in order."""
    return sorted(path.stem for path in folder.glob("*.toml"))


_DESCRIBED = "docs/targets.md describes every key; `ghcr-audit init` writes a file with a comment on each."


def read_target(path: Path) -> Target:
    """The target of one TOML file.

    Raises:
        ConfigurationError: with the grammar `FILE: KEY: what is wrong (got X)`.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8", hint=_DESCRIBED) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: malformed TOML: {error}", hint=_DESCRIBED) from None
    if "name" in data:
        raise ConfigurationError(f"{path}: name: is not a key of a target: its file's name is its name")
    try:
        return Target.model_validate({**data, "name": path.stem})
    except ValidationError as error:
        raise ConfigurationError(_told(path, error), hint=_DESCRIBED) from None


def _told(path: Path, error: ValidationError) -> str:
    return "\n".join(f"{path}: {_key(item['loc'])}: {_problem(item)}" for item in error.errors()[:5])


def _key(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the file"


_EXPECTED = {
    "name": "small letters, digits and single dashes; unless it is given, it is the file's name",
    "drill": '"allowed" or "forbidden"',
    "wait_for_tag_s": "whole seconds, 0-7200",
    "health_url": "an http:// or https:// address without blanks",
    "lang": '"en" or "ko"',
    "port": "1-65535",
    "identity_block": "the name of a Prefect block: small letters, digits and single dashes",
    "host_key": "SHA256: and 43 characters, as ssh-keygen -l prints it",
    "docker_command": '["docker"] or ["sudo", "-n", "docker"]',
    "method": '"script" or "compose"',
    "directory": "an absolute path without ..",
    "last_good_file": "a path with a folder",
    "arguments": "a list of words",
    "tag_variable": "the name of an environment variable",
    "limit_s": "whole seconds, 5-3600",
    "healthy_within_s": "whole seconds, 2-900",
    "settle_s": "whole seconds, 1-300",
    "lease_s": "whole seconds, 5-120",
    "dead_man": "true or false",
    "host": "a table [host]",
    "deploy": "a table [deploy]",
}


def _problem(item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails has no stable public type
    kind, location = item["type"], item["loc"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not a key of a target"
    text = str(item["msg"]).removeprefix("Value error, ")
    if not location or "(got " in text:
        return text
    if kind == "value_error":
        return f"{text} (got {shown(item['input'])})"
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    what = "not a port" if key == "port" else "cannot be meant"
    return f"{what} (got {shown(item['input'])}, expected {_EXPECTED.get(key, 'text')})"
