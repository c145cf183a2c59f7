"""The gateway's switches as values: what may be switched, and what a change makes of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Final, Literal, Self

from lab.gateway.answers import FAULTS
from lab.gateway.requests import Kind, Request
from lab.tokens import TokenKind

Where = Literal["manifests", "blobs", "token", "tags", "api", "all"]
"""`all` is the registry's own families: GitHub's API is another service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impairment:
    """What goes wrong, where and how often.

    fault: `403 404 429 500 502 503 drop hang corrupt` or None (corrupt: bytes of a body are changed, its
    length is kept). on: the family of requests. times: how many more
    requests are hit, -1 until switched off. tag: hit manifests of this tag only (`TAG` or `REPOSITORY:TAG`).
    kbps: KiB per second for bodies. delay_s: waited before the answer. retry_after_s: told with 429.
    """

    fault: str | None = None
    on: Where = "all"
    times: int = -1
    tag: str | None = None
    kbps: int = 0
    delay_s: float = 0.0
    retry_after_s: int = 1

    def hits(self, request: Request) -> bool:
        """Whether this request is to be impaired."""
        idle = self.fault is None and not self.kbps and not self.delay_s
        if idle or self.times == 0 or self.on not in request.families:
            return False
        if self.tag is None:
            return True
        named = (request.reference, f"{request.repository}:{request.reference}")
        return request.kind is Kind.MANIFESTS and self.tag in named


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the registry treats its callers.

    public: every package may be read by anyone. anonymous: a private package's token request is answered
    `401`, or a `token` is issued and the manifest refused (both were seen). realm: a foreign token endpoint
    to announce. redirect: answer requests of the family `redirect_on` with a 307 to this address. enforces: a
    rule of the organisation that no token meets (`sso`: SAML single sign-on; `ip_allow_list`); only GitHub's API
    names it, the registry denies. echoes: a refusal repeats the credential that it refuses, as careless servers do.
    """

    public: bool = False
    anonymous: Literal["401", "token"] = "401"
    realm: str | None = None
    redirect: str | None = None
    redirect_on: Where = "manifests"
    enforces: Literal["sso", "ip_allow_list"] | None = None
    echoes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCounts:
    """Requests received since the start or the last `reset`, by family.

    `challenged` counts the answers among them that were a 401 with a challenge.
    """

    token: int = 0
    manifests: int = 0
    blobs: int = 0
    tags: int = 0
    v2: int = 0
    api: int = 0
    other: int = 0
    challenged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayState:
    """Everything the switchboard knows at one moment; it holds no token value."""

    impairment: Impairment = Impairment()
    policy: Policy = Policy()
    revoked: tuple[TokenKind, ...] = ()
    requests: RequestCounts = RequestCounts()

    def changed(self, changes: Mapping[str, object]) -> "GatewayState":
        """The state after `changes`: fields of Impairment and Policy, `revoke`, `restore`, `reset`.

        A change that names any field of the impairment replaces it whole, so that no used-up `times` of an
        earlier one lingers.

        Raises:
            ValueError: an unknown name or an impossible value, named.
        """
        for name, value in changes.items():
            _check(name, value)
        state = GatewayState() if changes.get("reset") else self
        return (
            state.with_tokens(revoke=changes.get("revoke"), restore=changes.get("restore"))
            .with_impairment(_only(changes, Impairment))
            .with_policy(_only(changes, Policy))
        )

    def with_tokens(self, *, revoke: object, restore: object) -> "GatewayState":
        """The state with one token kind refused, another accepted again."""
        kept = [kind for kind in self.revoked if kind != restore]
        added = [] if revoke is None else [TokenKind(str(revoke))]
        return replace(self, revoked=tuple(dict.fromkeys([*kept, *added])))

    def with_impairment(self, named: Mapping[str, object]) -> "GatewayState":
        """The state with a new impairment, or unchanged when none of its fields is named."""
        if not named:
            return self
        return replace(self, impairment=replace(Impairment(), **named))  # type: ignore[arg-type]

    def with_policy(self, named: Mapping[str, object]) -> "GatewayState":
        """The state with the named fields of the policy changed."""
        return replace(self, policy=replace(self.policy, **named))  # type: ignore[arg-type]

    def with_one_more(self, counter: str) -> "GatewayState":
        """The state with one request more in that family; families without a counter change nothing."""
        counts = asdict(self.requests)
        if counter not in counts:
            return self
        return replace(self, requests=RequestCounts(**{**counts, counter: counts[counter] + 1}))

    def to_json(self) -> str:
        """The form of `GET /_lab`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        read = json.loads(text)
        return cls(
            impairment=Impairment(**read["impairment"]),
            policy=Policy(**read["policy"]),
            revoked=tuple(TokenKind(kind) for kind in read["revoked"]),
            requests=RequestCounts(**read["requests"]),
        )


def _only(changes: Mapping[str, object], shape: type[Impairment] | type[Policy]) -> Mapping[str, object]:
    names = {field.name for field in fields(shape)}
    return {name: value for name, value in changes.items() if name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switch:
    """What a switch accepts, for the check and for the sentence that refuses."""

    accepts: Callable[[object], bool]
    expected: str


def _one_of(*values: str | None) -> _Switch:
    return _Switch(
        accepts=lambda value: any(value is option or value == option for option in values),
        expected=f"one of {', '.join(str(value) for value in values)}",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TEXT: Final = _Switch(accepts=lambda value: value is None or isinstance(value, str), expected="text or None")
_FLAG: Final = _Switch(accepts=lambda value: isinstance(value, bool), expected="True or False")
_WHERE: Final = _one_of("manifests", "blobs", "token", "tags", "api", "all")
_KIND: Final = _one_of(*(kind.value for kind in TokenKind))
_WHOLE: Final = _Switch(
    accepts=lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    expected="a whole number",
)
_TIMES: Final = _Switch(
    accepts=lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= -1,
    expected="a whole number, or -1 for always",
)
_SECONDS: Final = _Switch(
    accepts=lambda value: _is_number(value) and 0 <= float(str(value)) <= 60,  # noqa: PLR2004 - told below
    expected="0 to 60 seconds",
)
_SWITCHES: Final[Mapping[str, _Switch]] = MappingProxyType(
    {
        "fault": _one_of(None, *FAULTS, "429", "hang", "corrupt"),
        "on": _WHERE,
        "times": _TIMES,
        "tag": _TEXT,
        "kbps": _WHOLE,
        "delay_s": _SECONDS,
        "retry_after_s": _WHOLE,
        "public": _FLAG,
        "anonymous": _one_of("401", "token"),
        "realm": _TEXT,
        "redirect": _TEXT,
        "redirect_on": _WHERE,
        "enforces": _one_of(None, "sso", "ip_allow_list"),
        "echoes": _FLAG,
        "revoke": _KIND,
        "restore": _KIND,
        "reset": _FLAG,
    }
)


def _check(name: str, value: object) -> None:
    """Refuse an unknown switch or value; the value itself is shown, since no switch takes a secret."""
    switch = _SWITCHES.get(name)
    if switch is None:
        raise ValueError(f"switch {name[:40]!r}: unknown (expected one of {', '.join(_SWITCHES)})")
    if not switch.accepts(value):
        raise ValueError(f"switch {name}: not possible (got {str(value)[:80]!r}, expected {switch.expected})")
