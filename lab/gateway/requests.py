"""What a client asks for, read from its request line and headers."""

import re
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from lab.gateway.answers import Headers

API_PATH = "/api/v3"
"""Below it lies what looks like GitHub's API; the path is that of GitHub Enterprise Server."""

_READING_METHODS = frozenset({"GET", "HEAD"})
_REPOSITORY_PATH = re.compile(r"^/v2/(?P<name>[^?]+?)/(?P<kind>manifests|blobs|tags)/(?P<reference>[^?]*)$")


class Kind(StrEnum):
    """The families of requests: faults are switched and requests are counted by these names."""

    TOKEN = "token"  # noqa: S105 - the endpoint's name
    MANIFESTS = "manifests"
    BLOBS = "blobs"
    TAGS = "tags"
    V2 = "v2"
    API = "api"
    LAB = "lab"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, its body already read (so that nothing is left on a kept connection).

    `headers` has repeated names joined: engines send one `Accept` line per media type.
    """

    method: str
    target: str
    client: str
    headers: Headers = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method in _READING_METHODS

    @property
    def kind(self) -> Kind:
        """The family this request belongs to."""
        fixed = {"/token": Kind.TOKEN, "/_lab": Kind.LAB, "/v2": Kind.V2, "/v2/": Kind.V2}.get(self.path)
        if fixed is not None:
            return fixed
        if self.path.startswith(f"{API_PATH}/"):
            return Kind.API
        match = _REPOSITORY_PATH.match(self.path)
        return Kind(match["kind"]) if match else Kind.OTHER

    @property
    def families(self) -> tuple[str, ...]:
        """The names under which this request is switched: GitHub's API is no part of the registry's `all`."""
        return (self.kind.value,) if self.kind is Kind.API else ("all", self.kind.value)

    @property
    def repository(self) -> str:
        """`acme/observer`; empty where the path names none."""
        match = _REPOSITORY_PATH.match(self.path)
        return match["name"] if match else ""

    @property
    def reference(self) -> str:
        """Tag or digest after `manifests/`, digest after `blobs/`; empty where the path names none."""
        match = _REPOSITORY_PATH.match(self.path)
        return match["reference"] if match else ""

    def header(self, name: str) -> str:
        """The header's value; empty when it is absent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def query(self, name: str) -> tuple[str, ...]:
        """Every value of that query parameter."""
        return tuple(value for key, value in parse_qsl(urlsplit(self.target).query) if key == name)


def joined_headers(message: Message) -> Headers:
    """The headers with repeated names joined by a comma, in the order of their first line."""
    order = dict.fromkeys(name.lower() for name in message)
    return tuple((name, ", ".join(str(line) for line in message.get_all(name, []))) for name in order)
