"""What the path from the host to the registry adds where an answer did not come: resolver, proxies, certificate."""

from dataclasses import dataclass

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Remedy
from ghcr_audit.facts import CLOCK_LIMIT_S, clock_offset_s
from ghcr_audit.network_facts import HOST_NETWORK, Network, TlsTrouble, network

_LATER = Remedy(text="Try again in some minutes; when it stays so, look at the path from there to the registry.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the path to the registry adds to an answer that did not come."""

    words: str = ""
    certainty: Certainty = Certainty.LIKELY
    evidence: tuple[str, ...] = ()
    remedy: Remedy = _LATER


_UNTOLD = Told()


def told_by_path(audit: Audit, failure: Cause, *, from_host: bool) -> Told:
    """What proxies, name resolution and TLS of the host say to this failure; nothing for another vantage point."""
    path = network(audit.newest(HOST_NETWORK)) if from_host else None
    if path is None:
        return _UNTOLD
    if failure is Cause.DNS_FAILURE and path.resolves == ():
        return _no_address(audit, path)
    if failure is Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW and path.trouble is not None:
        return _certificate(audit, path, path.trouble)
    if path.proxies or path.engine_proxies:
        return Told(words=f"On the way stands a proxy: {_proxies(path)}.", evidence=(HOST_NETWORK,))
    return _UNTOLD


def _no_address(audit: Audit, path: Network) -> Told:
    """Two programs of the host agree: curl, and the resolver library that docker's engine asks, too."""
    name = audit.target.image_ref.registry.partition(":")[0]
    asked = f" (asked: {', '.join(path.resolvers)})" if path.resolvers else ""
    return Told(
        words=f"The host's resolver has no address for {name}{asked}.",
        certainty=Certainty.PROVEN,
        evidence=(HOST_NETWORK,),
        remedy=Remedy(
            text="Mend the host's name resolution (/etc/resolv.conf, VPN, firewall for port 53), then try again.",
            commands=(f"getent ahosts {name}", "cat /etc/resolv.conf"),
        ),
    )


def _certificate(audit: Audit, path: Network, trouble: TlsTrouble) -> Told:
    offset_s = clock_offset_s(audit.newest("host.clock"))
    wrong_clock = offset_s is not None and abs(offset_s) > CLOCK_LIMIT_S
    says = f" curl says: {path.says[0]}." if path.says else ""
    if trouble is TlsTrouble.DATES and wrong_clock:
        return _wrong_clock(offset_s or 0, says)
    issuer = f" It was issued by {path.issuer}." if path.issuer else ""
    clock = " The host's clock is right." if offset_s is not None and not wrong_clock else ""
    return Told(
        words=f"{_CERTIFICATE[trouble]}{issuer}{clock}{says}",
        certainty=Certainty.LIKELY if trouble is TlsTrouble.OTHER else Certainty.PROVEN,
        evidence=(HOST_NETWORK, "host.clock"),
        remedy=Remedy(text=_CERTIFICATE_REMEDY[trouble]),
    )


def _wrong_clock(offset_s: float, says: str) -> Told:
    return Told(
        words=f"The certificate's dates do not hold by the host's clock, which is {offset_s:+.0f} s from ours.{says}",
        certainty=Certainty.PROVEN,
        evidence=(HOST_NETWORK, "host.clock"),
        remedy=Remedy(
            text="Set the host's clock, and let it be kept (chrony or systemd-timesyncd).",
            commands=("timedatectl set-ntp true", "timedatectl status"),
        ),
    )


_CERTIFICATE = {
    TlsTrouble.DATES: "The certificate that is shown has expired, or is not valid yet.",
    TlsTrouble.ISSUER: "The host does not trust the issuer of the certificate that is shown.",
    TlsTrouble.NAME: "The certificate that is shown is for another name.",
    TlsTrouble.OTHER: "TLS with the registry fails.",
}
_CERTIFICATE_REMEDY = {
    TlsTrouble.DATES: "The registry's operator (or the proxy's that breaks TLS open) has to renew the certificate.",
    TlsTrouble.ISSUER: "Where a proxy breaks TLS open: install its CA on the host (update-ca-certificates) and restart "
    "docker. Else renew the host's root certificates (package ca-certificates).",
    TlsTrouble.NAME: "Look where the registry's name leads from the host: DNS, /etc/hosts, a captive portal, a proxy.",
    TlsTrouble.OTHER: "Look at the path from the host to the registry: a proxy, a firewall, an old TLS library.",
}


def _proxies(path: Network) -> str:
    own = [f"{name} of the login is {place}" for name, place in path.proxies]
    return ", ".join([*own, *(f"the engine's {name} proxy is {place}" for name, place in path.engine_proxies)])
