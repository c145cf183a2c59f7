"""The way past a registry's 401: challenge, token host, token - and where a credential may be sent at all.

A credential goes to the registry's own host or to the one token host configured for it, over https (http on
loopback only). Whatever else a challenge names is not asked. The scope is ours, never the challenge's.
Source: the token authentication specification of the distribution project; for ghcr.io, its observed answers.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from urllib3.util import parse_url

from ghcr_audit.adapters.registry_http import (
    MAX_TRIES,
    HttpAnswer,
    HttpRequest,
    HttpTransport,
    Mask,
    Origin,
    origin_of,
)
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.errors import RegistryError
from ghcr_audit.images import check_registry, is_loopback
from ghcr_audit.registry.documents import Challenge, read_bearer, read_challenge, read_error
from ghcr_audit.registry.view import REFUSED_REALM, EndpointAnswer, clean_code, clean_message

_OK = 200
_UNAUTHORIZED = 401
_GRANT_LIVES_S = 45  # by the specification no token lives for less than 60 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What may be sent to the registry for one repository.

    `stopped` is the answer that barred the way, None when requests may go out, with `authorization` where the
    registry wants one. `token` is the token endpoint's answer, None when it was not asked.
    """

    stopped: EndpointAnswer | None = None
    token: EndpointAnswer | None = None
    authorization: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """The registry's answer to a request without credential, and what it asks for."""

    answer: EndpointAnswer
    challenge: Challenge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A grant in use, and until when (monotonic seconds)."""

    grant: Grant
    until_s: float


class RegistryAuth:
    """Challenge and tokens of one registry; a scope's token is asked for once, and again before it runs out."""

    def __init__(
        self,
        *,
        origin: Origin,
        credential: Credential | None,
        token_host: str | None,
        http: HttpTransport,
        mask: Mask,
        clock: Callable[[], float],
    ) -> None:
        self.origin = origin
        self.mask = mask
        self._credential = credential
        self._token_origins = (origin, *_configured(token_host))
        self._http = http
        self._clock = clock
        self._opening: _Opening | None = None
        self._held: dict[str, _Held] = {}

    def challenge(self) -> EndpointAnswer:
        """What the registry answers to a request without credential."""
        return self._open().answer

    def grant(self, repository: str) -> Grant:
        """Leave to read this repository, or what refused it. A failed try is not remembered, a refusal is."""
        held = self._held.get(repository)
        if held is not None and self._clock() < held.until_s:
            return held.grant
        grant = self._ask(repository)
        if grant.stopped is None or grant.stopped.failure is None:
            self._held[repository] = _Held(grant=grant, until_s=self._clock() + _GRANT_LIVES_S)
        return grant

    def send(self, repository: str, request: HttpRequest, *, tries: int = MAX_TRIES) -> HttpAnswer | EndpointAnswer:
        """The registry's answer to a request with this repository's grant, else what stopped it before that."""
        grant = self.grant(repository)
        if grant.stopped is not None:
            return grant.stopped
        try:
            return self._http.send(replace(request, authorization=grant.authorization), tries=tries)
        except RegistryError as error:
            return EndpointAnswer(failure=error.cause)

    def _open(self) -> _Opening:
        if self._opening is None:
            self._opening = self._first_answer()
        return self._opening

    def _first_answer(self) -> _Opening:
        try:
            answer = self._http.send(HttpRequest(url=f"{self.origin.url}/v2/"))
        except RegistryError as error:
            return _Opening(answer=EndpointAnswer(failure=error.cause))
        wanted = read_challenge(answer.header("WWW-Authenticate")) if answer.status == _UNAUTHORIZED else None
        return _Opening(answer=reason_of(answer, self.mask), challenge=wanted)

    def _ask(self, repository: str) -> Grant:
        opening = self._open()
        if opening.answer.status == _OK:
            return Grant()
        if opening.challenge is None:
            return Grant(stopped=opening.answer)
        if opening.challenge.bearer:
            return self._token(repository, opening.challenge)
        basic = self._basic()
        return Grant(authorization=basic) if basic is not None else Grant(stopped=opening.answer)

    def _token(self, repository: str, challenge: Challenge) -> Grant:
        realm = origin_of(challenge.realm)
        if realm is None or not self._may_ask(realm):
            refused = EndpointAnswer(error_code=REFUSED_REALM)
            return Grant(stopped=refused, token=refused)
        query = {"service": challenge.service, "scope": f"repository:{repository}:pull"}
        path = parse_url(challenge.realm).path or "/"
        url = f"{realm.url}{path}?{urlencode(_given(query))}"
        try:
            answer = self._http.send(HttpRequest(url=url, authorization=self._basic()))
        except RegistryError as error:
            failed = EndpointAnswer(failure=error.cause)
            return Grant(stopped=failed, token=failed)
        return self._granted(answer)

    def _granted(self, answer: HttpAnswer) -> Grant:
        if answer.status != _OK:
            refused = reason_of(answer, self.mask)
            return Grant(stopped=refused, token=refused)
        bearer = None if answer.cut else read_bearer(answer.body)
        if bearer is None:
            unusable = EndpointAnswer(failure=Cause.OTHER)
            return Grant(stopped=unusable, token=unusable)
        self.mask.add(bearer)
        return Grant(token=EndpointAnswer(status=_OK), authorization=Secret(f"Bearer {bearer}"))

    def _may_ask(self, realm: Origin) -> bool:
        places = {(origin.host, origin.port) for origin in self._token_origins}
        return (realm.host, realm.port) in places and (realm.scheme == "https" or realm.loopback)

    def _basic(self) -> Secret | None:
        if self._credential is None:
            return None
        pair = f"{self._credential.user}:{self._credential.secret.get_secret_value()}"
        return Secret(f"Basic {base64.b64encode(pair.encode('utf-8', 'surrogatepass')).decode()}")


def registry_origin(registry: str) -> Origin:
    """Where a registry is asked: https, on loopback http. Raises ConfigurationError for no host."""
    checked = check_registry(registry)
    found = origin_of(f"{'http' if is_loopback(checked) else 'https'}://{checked}")
    assert found is not None, "every registry that passed its check has an origin"  # noqa: S101 - a bug, not input
    return found


def reason_of(answer: HttpAnswer, mask: Mask) -> EndpointAnswer:
    """Status and reason of an answer, masked before anything is cut off, so that no half of a secret stays."""
    if answer.status == _OK:
        return EndpointAnswer(status=_OK)
    reason = read_error(answer.body)
    return EndpointAnswer(
        status=answer.status,
        error_code=clean_code(mask.hide(reason.code)),
        message=clean_message(mask.hide(reason.message)),
    )


def _configured(token_host: str | None) -> tuple[Origin, ...]:
    return () if token_host is None else (registry_origin(token_host),)


def _given(query: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query.items() if value]
