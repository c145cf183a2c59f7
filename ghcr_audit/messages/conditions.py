"""What no list of words can tell: pure functions over a message, named by rules in their `holds`."""

import re

from ghcr_audit.messages.features import Message
from ghcr_audit.messages.hosts import Registry, mistyped

NO_CREDENTIAL = (
    "authentication required",
    "no basic auth credentials",
    "unauthorized",
    "access to the resource is denied",
)
"""How a request without a credential is refused."""

_PUBLIC = frozenset({Registry.GHCR, Registry.HUB, Registry.QUAY, Registry.GOOGLE, Registry.GITLAB, Registry.GITHUB})
_CDN = ("azureedge", "azurefd", "blob.core.windows.net", "fastly", "cloudfront", "akamai", "cloudflare", "githubassets")
_SUCCESSES = ("login succeeded", "status: downloaded newer image", "status: image is up to date")
_SERVICES = ("systemd[", ".service: ", "cron[", "watchtower", "docker_config=", "/snap/docker/")
_STATUS_TEXTS = frozenset(
    {
        "bad gateway",
        "bad request",
        "forbidden",
        "gateway timeout",
        "method not allowed",
        "policy denied",
        "proxy authentication required",
        "request denied",
        "service unavailable",
    }
)
_URL_ERROR = re.compile(r"(?:get|head|post|put) \"?https://[^\s\"]{1,600}\"?: ([^:]{3,60})$")
_TAIL_CHARS = 700
_PATH = re.compile(r"https://ghcr\.io/v2/([a-z0-9._/-]{1,255}?)/(?:manifests|tags|blobs)/")
_HUB_PATH = re.compile(r"https://(?:registry-1|index)\.docker\.io/v2/([a-z0-9._/-]{1,255}?)/(?:manifests|tags|blobs)/")
_NAMES = 2
_NOT_FOUND = re.compile(
    r"(?:^|[\s\"'])[a-z0-9][a-z0-9.:-]{1,253}/[a-z0-9._/-]{1,255}[:@][\w.:-]{1,140}[\"']?: not found[.\s]*$"
)
_V1_EXPRESSION = re.compile(
    r"invalid interpolation format for \"[^\"]{1,80}\" option in service \"[^\"]{1,80}\": "
    r"\"[^\"$]{0,200}\$\{[a-z_][a-z0-9_]{0,80}:?[-?][^{}]{0,200}\}[^\"$]{0,200}\""
)
_USERS_API = re.compile(r"api\.github\.com/user(?![a-z0-9_-])|/api/v4/projects\?|/api/v4/user\b")
_JOURNAL = re.compile(r"\bdocker\[[0-9]{1,8}\]: ")
_WITHOUT_SUDO = re.compile(r"(?<!sudo )\bdocker (?:login|pull|compose pull)\b")
_FOREIGN_HOME = re.compile(r"/(?:root|var/lib/[a-z0-9_.-]{1,60})/\.docker|/home/[a-z0-9_.-]{1,60}/snap/")


def public_registry(message: Message) -> bool:
    """The message speaks of a registry of the public internet."""
    return message.registry in _PUBLIC


def mistyped_host(message: Message) -> bool:
    """A host that was asked is nearly a well-known registry's."""
    return mistyped(message.flat)


def incomplete_path(message: Message) -> bool:
    """A path at ghcr.io of fewer than two names, or one of Docker Hub's `library/`."""
    return any(len(path.split("/")) < _NAMES or path.startswith("library/") for path in _PATH.findall(message.flat))


def overlong_path(message: Message) -> bool:
    """A path at Docker Hub of more than namespace and name, which it does not have."""
    return any(len(path.split("/")) > _NAMES for path in _HUB_PATH.findall(message.flat))


def bare_status_text(message: Message) -> bool:
    """Go's url.Error with a status text and no number: net/http prints so what a proxy answers to CONNECT."""
    return any(_ends_bare(sentence) for sentence in message.sentences)


def _ends_bare(sentence: str) -> bool:
    found = _URL_ERROR.search(sentence.rstrip(" .\"'")[-_TAIL_CHARS:])
    return found is not None and found[1] in _STATUS_TEXTS


def cdn_certificate(message: Message) -> bool:
    """A public registry's name, and the certificate of a content delivery network."""
    return public_registry(message) and any(name in message.flat for name in _CDN)


def works_elsewhere(message: Message) -> bool:
    """The same output shows a login or pull that worked, and after it a request without a credential."""
    worked = _last(message, _SUCCESSES)
    return 0 <= worked < _last(message, NO_CREDENTIAL)


def other_process(message: Message) -> bool:
    """Journal lines of a service, a tool with its own configuration, or docker both with and without sudo."""
    both = "sudo docker" in message.flat and _WITHOUT_SUDO.search(message.flat) is not None
    journal = _JOURNAL.search(message.flat) is not None
    return both or journal or any(sign in message.flat for sign in _SERVICES)


def foreign_home(message: Message) -> bool:
    """A configuration is named that is root's, a service's, or a snap's."""
    return _FOREIGN_HOME.search(message.flat) is not None


def tokenless_curl(message: Message) -> bool:
    """Curl asked the registry's API by hand without a token: ghcr.io refuses that for public images, too."""
    return "curl" in message.flat and "/v2/" in message.flat and "authorization:" not in message.flat


def classic_engine(message: Message) -> bool:
    """Classic docker's own words: the containerd store and podman print the bare code of the token endpoint, too."""
    return "response from daemon: unauthorized" in message.flat


def logged_out(message: Message) -> bool:
    """A refusal came after a logout from ghcr.io, and no login in between; `docker logout` alone is Docker Hub's."""
    gone = _last(message, ("logout ghcr.io", "logout https://ghcr.io", "removing login credentials for ghcr.io"))
    return message.flat.rfind("denied") > gone > message.flat.rfind("docker login")


def reference_not_found(message: Message) -> bool:
    """A whole image name, and behind it nothing but `not found`: containerd, BuildKit and oras print no more."""
    return any(_NOT_FOUND.search(sentence[-_TAIL_CHARS:]) for sentence in message.sentences)


def old_interpolation(message: Message) -> bool:
    """Compose refuses an expression that is one today: the first compose could not read it before 1.20."""
    return _V1_EXPRESSION.search(message.flat) is not None


def asks_for_a_user(message: Message) -> bool:
    """An address of an API that speaks of the token's user and of no repository or organisation."""
    return _USERS_API.search(message.flat) is not None


def _last(message: Message, phrases: tuple[str, ...]) -> int:
    """Where the last of the phrases stands; -1 when none does."""
    return max(message.flat.rfind(phrase) for phrase in phrases)
