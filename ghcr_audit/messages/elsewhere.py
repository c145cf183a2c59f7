"""What worked in the same output: a login or pull at the host that later refuses shows that a login exists."""

import re

from ghcr_audit.messages.features import Message

NO_CREDENTIAL = (
    "authentication required",
    "authentication is required",
    "no basic auth credentials",
    "unauthorized",
    "access to the resource is denied",
)
"""How a request without a credential is refused."""
NO_ANSWER = ("refused", "timeout", "timed out", "no such host", "no route to host", "unreachable")
"""How a connection that did not come about is told."""
UPDATER = ("unable to update container", "registry responded to head request")
"""What a program says that pulls anew whatever runs on a host."""

_HUB = "docker.io"
_PULLED = re.compile(r"status: (?:downloaded newer image|image is up to date) for ([a-z0-9][^\s]{0,400})")
_REFUSED_AT = re.compile(r"https?://([a-z0-9][a-z0-9.:-]{1,253}+)/(?:v2/|token\?)")
_DENIED_NAME = re.compile(r"(?:pull access denied for|repository) ([a-z0-9][a-z0-9._:/@-]{0,400})")
_LOGIN = re.compile(r"\b(?:docker|podman|nerdctl|buildah|skopeo|oras|auth|registry) login ([^|;&<]{0,300})")
_LOGIN_USER = re.compile(r"(?:-u|--username)[ =][^\s]{1,200}")
_HUB_LOGIN = re.compile(
    r"(?:^|[$#>|] )(?:sudo )?docker login(?: (?:-u|--username|-p|--password)[ =][^\s]{1,200}| --password-stdin){0,4}$"
)
_HOST = re.compile(r"(?:^|[\s\"'/=])((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?::[0-9]{1,5})?)(?=[\s\"'/]|$)")
_DENIED = ("no pull access", "may require 'docker login'", "no basic auth credentials")


def works_elsewhere(message: Message) -> bool:
    """A login or pull worked at the host that later refuses a request without a credential."""
    worked = max(_last_login(message), _last_pull(message))
    return 0 <= worked < _last(message, NO_CREDENTIAL)


def pulled_before(message: Message) -> bool:
    """The very reference that is refused was pulled before, in the same output."""
    pulled = {found[1].rstrip(".,"): found.start() for found in _PULLED.finditer(message.flat)}
    refused = _last(message, _DENIED)
    names = (found[1] for found in _DENIED_NAME.finditer(message.flat))
    return any(pulled.get(name.rstrip(".,"), refused) < refused for name in names)


def _last_pull(message: Message) -> int:
    """Where the last pull that worked at the refusing host stands; -1 when none does."""
    host = _refusing_host(message)
    places = (found.start() for found in _PULLED.finditer(message.flat) if host in ("", _host_of(found[1])))
    return max(places, default=-1)


def _last_login(message: Message) -> int:
    """Where the last login that worked stands; -1 when none does, or when only other hosts are named in logins."""
    host = _refusing_host(message)
    named = {_known(name) for sentence in message.sentences for name in _login_hosts(sentence)}
    return message.flat.rfind("login succeeded") if not named or host in ("", *named) else -1


def _login_hosts(sentence: str) -> list[str]:
    """The hosts that a login command names; without one it is Docker Hub. A user's name with a point in it is none."""
    if _HUB_LOGIN.search(sentence):
        return [_HUB]
    return [name for words in _LOGIN.findall(sentence) for name in _HOST.findall(_LOGIN_USER.sub("", words))]


def _refusing_host(message: Message) -> str:
    """The host that the last request went to; empty where the text does not tell."""
    asked = _REFUSED_AT.findall(message.flat)
    return _known(asked[-1]) if asked else ""


def _host_of(reference: str) -> str:
    """The registry of an image name: docker takes its first part for one that has a point or a colon in it."""
    first, slash, _ = reference.partition("/")
    return _known(first) if slash and ("." in first or ":" in first or first == "localhost") else _HUB


def _known(host: str) -> str:
    """Docker Hub has several hosts, and is one registry."""
    return _HUB if host == _HUB or host.endswith(".docker.io") else host


def _last(message: Message, phrases: tuple[str, ...]) -> int:
    """Where the last of the phrases stands; -1 when none does."""
    return max(message.flat.rfind(phrase) for phrase in phrases)
