"""The path from the host to the registry, as `host_scripts/network.sh` saw it. Pure.

Untrusted: whatever is no line of that grammar is left out, and at most `_MAX_LINES` are read.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit.evidence import Observation

HOST_NETWORK = "host.network"
_MAX_LINES = 60
_EXPIRED = re.compile(r"certificate has expired|expired certificate|certificate is not yet valid|not yet valid", re.I)
_UNTRUSTED = re.compile(
    r"unable to get (?:local )?issuer|self.signed|unknown ca|signer not found|not trusted|untrusted", re.I
)
_WRONG_NAME = re.compile(r"no alternative certificate|does not match|hostname mismatch|subject name", re.I)


class TlsTrouble(StrEnum):
    """Why a certificate was refused, in the classes that are mended in different ways."""

    DATES = "dates"
    """Expired or not valid yet - by the host's own clock."""
    ISSUER = "issuer"
    NAME = "name"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What could be seen. `resolves` is None where it was not asked (an address, or no resolver program)."""

    proxies: tuple[tuple[str, str], ...] = ()
    """Variable and place (`HTTPS_PROXY`, `proxy.example:3128`), of the login's environment."""
    engine_proxies: tuple[tuple[str, str], ...] = ()
    """The same of the engine, which pulls: `https`, `proxy.example:3128`."""
    resolves: tuple[str, ...] | None = None
    """Addresses of the registry's name; empty: it has none there."""
    resolvers: tuple[str, ...] = ()
    tls: str = ""
    """`ok`, `failed`, `none` (no connection came about); empty where the registry is not asked over https."""
    issuer: str = ""
    until: str = ""
    says: tuple[str, ...] = ()
    """curl's own words on the certificate."""

    @property
    def trouble(self) -> TlsTrouble | None:
        """What is wrong with the certificate; None where TLS did not fail."""
        if self.tls != "failed":
            return None
        words = "\n".join(self.says)
        known = ((_EXPIRED, TlsTrouble.DATES), (_WRONG_NAME, TlsTrouble.NAME), (_UNTRUSTED, TlsTrouble.ISSUER))
        return next((kind for pattern, kind in known if pattern.search(words)), TlsTrouble.OTHER)


def network(seen: Observation | None) -> Network | None:
    """What the probe saw; None where it was not run, or could not."""
    if seen is None or not seen.ok:
        return None
    lines = [line.partition(" ") for line in seen.stdout.splitlines()[:_MAX_LINES]]
    told = [(key, rest) for key, _, rest in lines]
    addresses = tuple(rest for key, rest in told if key == "resolves")
    asked = addresses or any(key == "resolves-not" for key, _ in told)
    return Network(
        proxies=_pairs(told, "proxy"),
        engine_proxies=_pairs(told, "engine-proxy"),
        resolves=addresses if asked else None,
        resolvers=tuple(rest for key, rest in told if key == "resolver"),
        tls=_first(told, "tls"),
        issuer=_first(told, "tls-issuer"),
        until=_first(told, "tls-until"),
        says=tuple(rest for key, rest in told if key == "tls-says"),
    )


def _pairs(told: list[tuple[str, str]], wanted: str) -> tuple[tuple[str, str], ...]:
    found = (rest.partition(" ") for key, rest in told if key == wanted)
    return tuple((name, place) for name, _, place in found if name and place)


def _first(told: list[tuple[str, str]], wanted: str) -> str:
    return next((rest for key, rest in told if key == wanted), "")
