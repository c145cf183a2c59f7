"""HTTP towards registries: bounded in bytes and time, never redirected, failures named by their cause."""

import base64
import email.utils
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import (
    HTTPError,
    LocationParseError,
    NameResolutionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    SSLError,
    URLSchemeUnknown,
)
from urllib3.util import make_headers, parse_url

from ghcr_audit.adapters.http_deadline import with_deadline
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import HIDDEN, Credential, Secret
from ghcr_audit.errors import ConfigurationError, RegistryError
from ghcr_audit.images import is_loopback

KIB = 1024
MAX_TRIES = 3
"""One request and two more after a temporary failure."""

_BACKOFF_S = (0.3, 0.9)
_LONGEST_RETRY_AFTER_S = 5.0
_READ_BYTES = 16 * KIB
_MIN_BEARER_CHARS = 8  # a shorter one would be masked inside ordinary words
_USER_AGENT = "ghcr-audit"
_TEMPORARY_STATUS = (429, 500, 502, 503, 504)
_PLAIN_HTTP_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port: what a credential is bound to. The host is lower-case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The origin as the beginning of an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether this is the machine itself."""
        return is_loopback(f"[{self.host}]" if ":" in self.host else self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request; prints without its credential. `limit_bytes`: of the body, what is more is not read."""

    url: str
    method: str = "GET"
    accept: str = "application/json"
    authorization: Secret | None = None
    limit_bytes: int = 64 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One answer of any status. `cut`: the body was longer than asked for and is not whole."""

    status: int
    headers: HTTPHeaderDict
    body: bytes
    cut: bool

    def header(self, name: str) -> str:
        """A header's value, joined with commas where sent several times, empty where absent."""
        return self.headers.get(name) or ""


class Mask:
    """Takes a credential, in any form it may be echoed in, out of foreign texts."""

    def __init__(self, credential: Credential | None) -> None:
        forms = () if credential is None else _forms(credential.user, credential.secret.get_secret_value())
        self._forms = sorted(set(forms), key=len, reverse=True)

    def add(self, bearer: str) -> None:
        """Also hide this short-lived token."""
        if len(bearer) >= _MIN_BEARER_CHARS:
            self._forms = sorted({*self._forms, bearer}, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """The text with every form replaced by `[hidden]`."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


class HttpTransport:
    """Sends requests, TLS verified, through the environment's proxy where one is set for that host.

    `timeout_s` limits connecting with the head of one answer, and then its body. Raises RegistryError where
    there is no answer; any HTTP status is an answer.
    """

    def __init__(self, *, timeout_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._tls = ssl.create_default_context()
        self._direct = PoolManager(ssl_context=self._tls)
        with_deadline(self._direct)
        self._proxies: list[ProxyManager] = []

    def close(self) -> None:
        """Close all connections."""
        self._direct.clear()
        for proxy in self._proxies:
            proxy.clear()

    def send(self, request: HttpRequest, *, tries: int = MAX_TRIES) -> HttpAnswer:
        """One answer, after up to `tries` requests while the failure is temporary.

        A Retry-After of up to 5 s is waited for; a longer one ends it at once, as asking sooner is useless.
        """
        for backoff_s in _BACKOFF_S[: tries - 1]:
            wait_s: float | None = backoff_s
            try:
                answer = self._send_once(request)
            except RegistryError as error:
                if not error.temporary:
                    raise
            else:
                wait_s = _wait_before_retry(answer, backoff_s)
                if wait_s is None:
                    return answer
            self._sleep(wait_s or 0.0)
        return self._send_once(request)

    def _send_once(self, request: HttpRequest) -> HttpAnswer:
        deadline = time.monotonic() + self._timeout_s
        try:
            response = self._pools_for(request.url).request(
                request.method,
                request.url,
                headers=_headers(request),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=Timeout(total=self._timeout_s),
            )
            try:
                body = b"".join(_chunks(response, request.limit_bytes, deadline))
            finally:
                response.close()
        except (HTTPError, OSError) as error:
            raise _no_answer(request, error) from None
        cut = len(body) > request.limit_bytes
        kept = body[: request.limit_bytes]
        return HttpAnswer(status=response.status, headers=response.headers, body=kept, cut=cut)

    def _pools_for(self, url: str) -> PoolManager:
        origin = origin_of(url)
        if origin is None or origin.loopback:
            return self._direct
        proxy = getproxies().get(origin.scheme)
        if not proxy or proxy_bypass(f"{origin.host}:{origin.port}"):
            return self._direct
        if not self._proxies:  # https is the only scheme beyond loopback: one proxy serves them all
            self._proxies.append(_proxy(proxy, self._tls))
        return self._proxies[0]


def origin_of(url: str) -> Origin | None:
    """The origin of an http(s) address, None if it is none or carries user information."""
    try:
        parts = parse_url(url)
    except LocationParseError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.host or parts.auth:
        return None
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return Origin(scheme=parts.scheme, host=parts.host.strip("[]").lower(), port=port)


def cause_of(error: Exception) -> Cause:
    """The cause label of a failure below HTTP."""
    if isinstance(error, NameResolutionError):
        return Cause.DNS_FAILURE
    if isinstance(error, ProxyError):
        return Cause.PROXY_INTERFERENCE
    if isinstance(error, SSLError):
        return _tls_cause(error.args[0] if error.args else None)
    return Cause.NETWORK_UNREACHABLE_OR_TIMEOUT


def _tls_cause(error: object) -> Cause:
    if isinstance(error, ssl.SSLEOFError):
        return Cause.NETWORK_UNREACHABLE_OR_TIMEOUT
    if isinstance(error, ssl.SSLError) and error.reason in _PLAIN_HTTP_REASONS:
        return Cause.HTTP_REGISTRY_HTTPS_MISMATCH
    return Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW


def _no_answer(request: HttpRequest, error: Exception) -> RegistryError:
    cause = cause_of(error)
    origin = origin_of(request.url)
    return RegistryError(
        f"{origin.url if origin else 'registry'}: {request.method}: no answer ({cause})",
        cause=cause,
        hint="Look at the network between this machine and the registry.",
        temporary=isinstance(error, ProtocolError | ConnectionResetError),
    )


def _headers(request: HttpRequest) -> dict[str, str]:
    headers = {"Accept": request.accept, "Accept-Encoding": "identity", "User-Agent": _USER_AGENT}
    if request.authorization is not None:
        headers["Authorization"] = request.authorization.get_secret_value()
    return headers


def _chunks(response: BaseHTTPResponse, limit_bytes: int, deadline: float) -> Iterator[bytes]:
    """The body as it comes, up to one byte more than the limit; a body that drips on is cut by the deadline."""
    missing = limit_bytes + 1
    while missing > 0:
        chunk = response.read1(min(missing, _READ_BYTES))
        if not chunk:
            return
        missing -= len(chunk)
        yield chunk
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")


def _wait_before_retry(answer: HttpAnswer, backoff_s: float) -> float | None:
    """Seconds to wait before another try, None when there is to be none."""
    if answer.status not in _TEMPORARY_STATUS:
        return None
    asked_s = _retry_after_s(answer.header("Retry-After"))
    if asked_s is None:
        return backoff_s
    return max(asked_s, backoff_s) if asked_s <= _LONGEST_RETRY_AFTER_S else None


def _retry_after_s(text: str) -> float | None:
    """RFC 9110 10.2.3: seconds or a date, None where it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _proxy(text: str, tls: ssl.SSLContext) -> ProxyManager:
    address = text if "://" in text else f"http://{text}"
    try:
        userinfo = parse_url(address).auth
        headers = make_headers(proxy_basic_auth=userinfo) if userinfo else None
        proxy = ProxyManager(address, proxy_headers=headers, ssl_context=tls)
    except (LocationParseError, ProxySchemeUnknown, URLSchemeUnknown):
        raise ConfigurationError(
            "https_proxy: read: not a proxy (its value is not shown, expected http://host:port)"
        ) from None
    with_deadline(proxy)
    return proxy


def _forms(user: str, token: str) -> Iterator[str]:
    """Raw, URL-quoted, and Base64 - of `user:token`, of the token, and of it inside any other text."""
    if not token:
        return
    for text in (token, f"{user}:{token}"):
        octets = text.encode("utf-8", "surrogatepass")
        yield text
        for quoted in (quote(octets, safe=""), quote_plus(octets)):
            yield quoted
            yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(octets).decode()
            yield encode(octets).decode().rstrip("=")
    yield from _base64_inside(token.encode("utf-8", "surrogatepass"))


def _base64_inside(octets: bytes) -> Iterator[str]:
    """The characters that the token alone decides, at the three offsets it may stand at in a longer text."""
    for offset, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = (offset + len(octets)) // 3 * 4
        encoded = base64.b64encode(bytes(offset) + octets).decode()[skipped:whole]
        if len(encoded) >= _MIN_BEARER_CHARS:
            yield encoded
            yield encoded.replace("+", "-").replace("/", "_")
