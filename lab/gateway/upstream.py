"""The registry behind the gateway: asked over plain HTTP, one connection per request."""

import http.client
import json
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from lab.gateway import answers
from lab.gateway.answers import Answer, Headers
from lab.gateway.requests import Request

TIMEOUT_S: Final = 30.0
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_EVERY_MANIFEST: Final = ", ".join(
    (
        OCI_INDEX,
        OCI_MANIFEST,
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_OCI_NOUNS: Final = ((OCI_INDEX, "index", "indexes"), (OCI_MANIFEST, "manifest", "manifests"))
_NOT_FORWARDED: Final = frozenset({"authorization", "transfer-encoding", "content-length", "connection", "expect"})
_NOT_RETURNED: Final = frozenset({"transfer-encoding", "connection", "content-length", "date", "server"})


class Upstream:
    """One registry of the distribution project at `HOST:PORT`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def has_repository(self, name: str) -> bool:
        """Whether anything was ever pushed there.

        Raises:
            OSError, http.client.HTTPException: the registry does not answer.
        """
        return self.send("GET", _tags_path(name)).status == http.client.OK

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags in the registry's order; empty for a package that does not exist."""
        answer = self.send("GET", _tags_path(repository))
        if answer.status != http.client.OK:
            return ()
        return tuple(sorted(json.loads(answer.body).get("tags") or ()))

    def pass_on(self, request: Request) -> Answer:
        """The registry's own answer to a blob or upload request."""
        return self.send(request.method, request.target, _forwarded(request), request.body)

    def manifest(self, request: Request) -> Answer:
        """A manifest as it was pushed, never converted to an older schema.

        The registry is asked for every type; an OCI type that the client did not name is then refused in
        ghcr.io's words. `*/*` does not count as naming it.
        """
        headers = (*_forwarded(request, without="accept"), ("Accept", _EVERY_MANIFEST))
        answer = self.send(request.method, request.target, headers, request.body)
        if request.reads and answer.status == http.client.NOT_FOUND:
            return answers.manifest_unknown()
        return (_type_refusal(request, answer) if request.reads else None) or answer

    def send(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """One exchange, read whole: the lab's images are small."""
        host, _, port = self._address.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
        try:
            connection.request(method, target, body or None, dict(headers) | _length(method, body))
            response = connection.getresponse()
            content = response.read()
            return Answer(status=response.status, headers=self._returned(response, method), body=content)
        finally:
            connection.close()

    def _returned(self, response: http.client.HTTPResponse, method: str) -> Headers:
        """The registry's headers; a HEAD keeps its length, which no body tells."""
        hidden = _NOT_RETURNED - {"content-length"} if method == "HEAD" else _NOT_RETURNED
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in hidden]
        return tuple((name, self._relative(name, value)) for name, value in kept)

    def _relative(self, name: str, value: str) -> str:
        """An upload address without the registry's own host, which would lead past the gateway."""
        return value.removeprefix(f"http://{self._address}") if name.lower() == "location" else value


def page_of_tags(request: Request, tags: tuple[str, ...]) -> Answer:
    """`tags/list` with `n` and `last`: the registry 2.8 ignores both."""
    after = (request.query("last") or ("",))[-1]
    left = tuple(tag for tag in tags if tag > after)
    wanted = (request.query("n") or (str(len(left)),))[-1]
    if not (wanted.isascii() and wanted.isdigit()):
        return answers.error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
    page = left[: int(wanted)]
    answer = answers.json_answer(200, {"name": request.repository, "tags": list(page)})
    return replace(answer, headers=answer.headers + _next_page(request, page, len(left)))


def _next_page(request: Request, page: tuple[str, ...], left: int) -> Headers:
    if not page or len(page) == left:
        return ()
    target = f"{_tags_path(request.repository)}?last={quote(page[-1])}&n={len(page)}"
    return (("Link", f'<{target}>; rel="next"'),)


def _tags_path(repository: str) -> str:
    return f"/v2/{quote(repository)}/tags/list"


def _forwarded(request: Request, *, without: str = "") -> Headers:
    hidden = _NOT_FORWARDED | {without}
    return tuple((name, value) for name, value in request.headers if name.lower() not in hidden)


def _length(method: str, body: bytes) -> dict[str, str]:
    """A length for every request with a body or that may have one."""
    return {} if method in ("GET", "HEAD") else {"Content-Length": str(len(body))}


def _type_refusal(request: Request, answer: Answer) -> Answer | None:
    served = answer.header("Content-Type").partition(";")[0]
    accepted = request.header("Accept")
    for media_type, one, many in _OCI_NOUNS:
        if served == media_type and media_type not in accepted:
            return answers.manifest_unknown(f"OCI {one} found, but Accept header does not support OCI {many}")
    return None
