"""What the answers say: pure parsers of command outputs into small values. Anything unreadable is None.

Outputs are untrusted: they are parsed, bounded, and never executed or rendered as they are.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ghcr_audit.evidence import Observation
from ghcr_audit.images import is_digest
from ghcr_audit.tags import GitTag

_MAX_TAGS = 20_000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_NOT_FOUND_EXIT = 127
_PULLED = re.compile(r"^Digest: (sha256:[0-9a-f]{64})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Docker's client and server on the host (Engine API `GET /version`); server fields None when it is silent."""

    client: str | None
    server: str | None
    api: str | None
    os: str | None
    architecture: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container (Engine API `GET /containers/{id}/json`, the fields that matter)."""

    id: str
    name: str
    image_text: str
    """What it was started from, as written (`Config.Image`)."""
    image_id: str
    status: str
    health: str | None
    restarts: int
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """One image in the engine's store (Engine API `GET /images/{name}/json`).

    `id` is a config digest on the classic store and a manifest digest on the containerd store: compare
    `digests` (of RepoDigests), never ids, with the registry.
    """

    id: str
    tags: tuple[str, ...]
    repo_digests: tuple[str, ...]
    os: str
    architecture: str

    def digests_of(self, name: str) -> tuple[str, ...]:
        """The manifest digests under which this image is known as `name` (registry/repository), each once."""
        pairs = (text.rpartition("@") for text in self.repo_digests)
        found = (digest for repository, _, digest in pairs if repository == name and is_digest(digest))
        return tuple(dict.fromkeys(found))

    @property
    def platform(self) -> str:
        """`os/architecture`."""
        return f"{self.os}/{self.architecture}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """What the host's docker client holds for the registry. Never its value."""

    config: str
    state: str
    """present, absent, unreadable or damaged."""
    source: str
    """auths, helper:NAME, helper-missing:NAME, helper-failed:NAME, identitytoken, none …"""
    user: str
    kind: str
    """gho_, ghp_, … , other, empty; '' when there is none."""
    elsewhere: str = ""
    """Another config of the same login that has an entry for the registry, where this one has none."""

    @property
    def there(self) -> bool:
        """A value was found that docker would send."""
        return self.kind not in ("", "empty")

    @property
    def told(self) -> str:
        """In one phrase, for a report."""
        if self.there:
            kind = f"{self.kind}… token" if self.kind not in ("other",) else "a password or token of unknown kind"
            return f"user {self.user}, {kind}, from {self.source} of {self.config}"
        if self.state in ("unreadable", "damaged"):
            return f"{self.config} is {self.state}"
        if self.source.startswith("helper-"):
            problem, _, helper = self.source.removeprefix("helper-").partition(":")
            return (
                f"{self.config} names the credential helper {helper or '?'}: {_HELPER_PROBLEMS.get(problem, problem)}"
            )
        if self.source == "identitytoken":
            return f"an identity token in {self.config}, which is not looked into"
        return f"no credential ({self.config} {'holds none' if self.state == 'present' else 'is ' + self.state})"


_HELPER_PROBLEMS = {
    "missing": "there is no such program",
    "failed": "it failed",
    "name-invalid": "that is no program's name",
}


def engine(observation: Observation | None) -> Engine | None:
    """From `docker version --format '{{json .}}'`: it answers for the client even when the engine is silent."""
    data = json_object(observation)
    if data is None:
        return None
    client, server = _dict(data.get("Client")), _dict(data.get("Server"))
    return Engine(
        client=_text(client.get("Version")) or None,
        server=_text(server.get("Version")) or None,
        api=_text(server.get("ApiVersion")) or None,
        os=_text(server.get("Os")) or None,
        architecture=_text(server.get("Arch")) or None,
    )


def container(observation: Observation | None) -> Container | None:
    """From `docker inspect` with CONTAINER_FORMAT."""
    data = json_object(observation)
    if data is None or not data.get("id"):
        return None
    state = _dict(data.get("state"))
    return Container(
        id=_text(data.get("id")),
        name=_text(data.get("name")).lstrip("/"),
        image_text=_text(data.get("config_image")),
        image_id=_text(data.get("image")),
        status=_text(state.get("Status")),
        health=_text(_dict(state.get("Health")).get("Status")) or None,
        restarts=_number(data.get("restarts")),
        started_at=_text(state.get("StartedAt")),
    )


def local_image(observation: Observation | None) -> LocalImage | None:
    """From `docker image inspect` with IMAGE_FORMAT; None when the image is not there or was not looked for."""
    data = json_object(observation)
    if data is None or not data.get("id"):
        return None
    return LocalImage(
        id=_text(data.get("id")),
        tags=_texts(data.get("tags")),
        repo_digests=_texts(data.get("digests")),
        os=_text(data.get("os")),
        architecture=_text(data.get("arch")),
    )


def stored_credential(observation: Observation | None) -> StoredCredential | None:
    """From host_scripts/show_credential.sh."""
    if observation is None or not observation.ok:
        return None
    found = dict(line.partition(" ")[::2] for line in observation.stdout.splitlines()[:20])
    if "state" not in found:
        return None
    return StoredCredential(
        config=found.get("config", ""),
        state=found["state"],
        source=found.get("source", "none"),
        user=found.get("user", ""),
        kind=found.get("kind", ""),
        elsewhere=found.get("elsewhere", ""),
    )


def git_tags(observation: Observation | None) -> tuple[GitTag, ...] | None:
    """From `git for-each-ref` with TAG_FORMAT; None when git gave no answer."""
    if observation is None or not observation.ok:
        return None
    found = []
    for line in observation.stdout.splitlines()[:_MAX_TAGS]:
        name, _, rest = line.partition(" ")
        commit, _, created = rest.partition(" ")
        created_s = _whole_number(created)
        if name and created_s is not None:
            found.append(GitTag(name=name, commit=commit, created_s=created_s))
    return tuple(found)


def free_space(observation: Observation | None) -> tuple[int, int] | None:
    """From `df -Pk`: (free bytes, use in percent) of the engine's file system."""
    if observation is None or not observation.ok:
        return None
    last = "".join(observation.stdout.splitlines()[-1:])
    found = re.search(r"\s(\d{1,15})\s+(\d{1,3})%\s", f"{last} ")
    return (int(found[1]) * 1024, int(found[2])) if found else None


CLOCK_LIMIT_S = 30
"""Beyond this, tokens and certificates begin to fail."""


def clock_offset_s(observation: Observation | None) -> float | None:
    """From `date -u +%s`: how far the host's clock is ahead of ours, in seconds (the whole second rounds it)."""
    if observation is None or not observation.ok:
        return None
    there_s = _whole_number(observation.stdout.strip())
    return None if there_s is None else there_s + 0.5 - observation.observed_at.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpHealth:
    """What the health URL answered on the host: HTTP status, and the version it reports, if it reports one."""

    status: int
    version: str | None

    @property
    def healthy(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004


def http_health(observation: Observation | None) -> HttpHealth | None:
    r"""From curl with `--write-out '\n%{http_code}'`; None when it was not asked; status 0: no whole answer came.

    curl tells the status also of an answer that then hangs (exit code 28): only exit code 0 is an answer.
    """
    if observation is None or observation.failure is not None or observation.exit_code == _NOT_FOUND_EXIT:
        return None
    body, _, status = observation.stdout.rpartition("\n")
    if not re.fullmatch(r"[0-9]{3}", status):
        return None
    if observation.exit_code != 0:
        return HttpHealth(status=0, version=None)
    return HttpHealth(status=int(status), version=_version_in(body))


def pulled_digest(observation: Observation | None) -> str | None:
    """The manifest digest that a `docker pull` which succeeded printed; None when it failed or was not tried."""
    if observation is None or not observation.ok:
        return None
    found = _PULLED.search(observation.stdout)
    return found[1] if found else None


def _version_in(body: str) -> str | None:
    data = _loaded(body)
    version = data.get("version") if isinstance(data, dict) else None
    return version if isinstance(version, str) and 0 < len(version) <= 128 else None  # noqa: PLR2004


def moment(text: str) -> datetime | None:
    """An RFC 3339 time as engines write it (nanoseconds, `Z`), in microseconds; None when it is none."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}{(found[2] or '')[:7]}{found[3].replace('Z', '+00:00')}")
    except ValueError:
        return None


def json_object(observation: Observation | None) -> dict[str, Any] | None:
    """The JSON object an observation printed, or None. Exit codes do not matter: docker prints and then fails."""
    if observation is None or observation.failure is not None:
        return None
    data = _loaded(observation.stdout)
    return data if isinstance(data, dict) else None


def json_lines(observation: Observation | None) -> tuple[dict[str, Any], ...] | None:
    """The JSON objects an observation printed, one a line; None when it failed."""
    if observation is None or not observation.ok:
        return None
    loaded = (_loaded(line) for line in observation.stdout.splitlines()[:1000])
    return tuple(item for item in loaded if isinstance(item, dict))


def _loaded(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in value[:200]) if isinstance(value, list) else ()


def _whole_number(text: str) -> int | None:
    """Seconds since 1970 and the like: ASCII digits, at most 12 (`isdigit` also takes what `int` refuses)."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
