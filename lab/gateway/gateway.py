"""The gateway without its sockets: one request in, one answer out."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from lab.gateway import answers
from lab.gateway.access import Access
from lab.gateway.answers import Answer
from lab.gateway.github import GithubApi
from lab.gateway.requests import Kind, Request
from lab.gateway.state import Impairment
from lab.gateway.switchboard import Switchboard
from lab.gateway.upstream import Upstream, page_of_tags
from lab.tokens import LabTokens

HANG_LIMIT_S: Final = 60.0


class Gateway:
    """A look-alike of ghcr.io before an ordinary registry.

    `name` is the service that challenges announce (`ghcr.io`).
    """

    def __init__(self, *, name: str, upstream: Upstream, tokens: LabTokens) -> None:
        self._name = name
        self._upstream = upstream
        self._board = Switchboard()
        self._access = Access(tokens=tokens, board=self._board, has_repository=upstream.has_repository)
        self._github = GithubApi(tokens=tokens, board=self._board, has_repository=upstream.has_repository)

    def answer(self, request: Request) -> Answer:
        """Answer anything; never raises for what a client or the registry behind does."""
        self._board.count(request.kind.value)
        try:
            answer = self._route(request)
        except (OSError, http.client.HTTPException):
            answer = answers.bad_gateway()
        if answer.header("WWW-Authenticate"):
            self._board.count("challenged")
        return answers.repeating(answer, self._access.presented(request)) if self._echoes(request) else answer

    def _echoes(self, request: Request) -> bool:
        return self._board.state.policy.echoes and request.kind not in (Kind.LAB, Kind.API)

    def _route(self, request: Request) -> Answer:
        match request.kind:
            case Kind.LAB:
                return self._switches(request)
            case Kind.TOKEN:
                return self._impaired(request, self._access.token)
            case Kind.API:
                return self._impaired(request, self._github.answer)
            case Kind.OTHER:
                return answers.error(404, "NOT_FOUND", "not found")
            case _:
                return self._registry(request)

    def _registry(self, request: Request) -> Answer:
        """Faults hit authorised requests only, as a real registry's would be seen by a pull."""
        realm = self._board.state.policy.realm or f"http://{request.header('Host')}/token"
        refusal = self._access.refusal(request, realm=realm, service=self._name)
        return refusal or self._impaired(request, self._serve)

    def _serve(self, request: Request) -> Answer:
        match request.kind:
            case Kind.V2:
                return answers.json_answer(200, {})
            case Kind.TAGS:
                return page_of_tags(request, self._upstream.tags(request.repository))
            case Kind.MANIFESTS:
                return self._upstream.manifest(request)
            case _ if request.method == "DELETE":
                # ghcr.io lets nobody cancel an upload.
                return answers.error(405, "UNSUPPORTED", "The operation is unsupported.")
            case _:
                return self._upstream.pass_on(request)

    def _impaired(self, request: Request, serve: Callable[[Request], Answer]) -> Answer:
        """Serve the request, unless the switchboard has something else in store for it."""
        redirect = self._redirect(request)
        if redirect:
            return redirect
        impairment = self._board.draw(request)
        if impairment is None:
            return serve(request)
        time.sleep(impairment.delay_s)
        answer = self._fault(impairment) or replace(serve(request), pace_kbps=impairment.kbps)
        return _corrupted(answer) if impairment.fault == "corrupt" else answer

    def _fault(self, impairment: Impairment) -> Answer | None:
        if impairment.fault == "hang":
            self._board.hang(HANG_LIMIT_S)
            return answers.CUT
        if impairment.fault == "429":
            return answers.too_many_requests(impairment.retry_after_s)
        return answers.FAULTS.get(impairment.fault or "")

    def _redirect(self, request: Request) -> Answer | None:
        policy = self._board.state.policy
        if policy.redirect is None or policy.redirect_on not in request.families:
            return None
        location = policy.redirect.rstrip("/") + request.target
        return Answer(status=307, headers=(("Location", location),))

    def _switches(self, request: Request) -> Answer:
        """`/_lab`: on the loopback only."""
        if not ip_address(request.client).is_loopback:
            return answers.error(404, "NOT_FOUND", "not found")
        try:
            if request.method == "POST":
                self._board.change(_changes(request.body))
        except ValueError as refused:
            return answers.error(400, "INVALID", str(refused))
        return Answer(
            status=200,
            headers=(("Content-Type", "application/json"),),
            body=self._board.state.to_json().encode() + b"\n",
        )


def _corrupted(answer: Answer) -> Answer:
    """The same length, other bytes in the middle: what a broken disk or cache on the way makes of a blob."""
    middle = len(answer.body) // 2
    return replace(answer, body=answer.body[:middle] + bytes(255 - byte for byte in answer.body[middle:]))


def _changes(body: bytes) -> dict[str, object]:
    """The JSON object of a change.

    Raises:
        ValueError: not a JSON object.
    """
    read = json.loads(body)
    if not isinstance(read, dict):
        raise ValueError("switches: not a JSON object")  # noqa: TRY004 - one kind of refusal for the client
    return read
