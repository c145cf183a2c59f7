"""What proxies, name resolution and certificates of the host add to a registry that gives it no usable answer."""

import pytest

from ghcr_audit.audit import Audit
from ghcr_audit.causes import Cause
from ghcr_audit.evidence import Certainty, Finding
from ghcr_audit.network_facts import HOST_NETWORK, Network, network
from tests.pure.audits import answer, recorded, report, saying, without

SOUND = "healthy"


def audit_of(failure: str, *path: str, clock_ahead_s: int = 0) -> Audit:
    """A host to which the registry gave no answer, with these lines about the path to it."""
    audit = saying(recorded(SOUND), "registry.host", f"challenge error {failure}\n")
    audit = saying(audit, "registry.host_anonymous", f"challenge error {failure}\n")
    clock = audit.newest("host.clock")
    assert clock is not None
    audit = saying(audit, "host.clock", f"{int(clock.observed_at.timestamp()) + clock_ahead_s}\n")
    return without(audit, HOST_NETWORK).seeing(answer(HOST_NETWORK, "\n".join(path), like=audit))


def found(audit: Audit, cause: Cause) -> Finding:
    registry = audit.target.image_ref.registry
    (finding,) = (one for one in report(audit).findings if one.cause is cause and one.subject == registry)
    return finding


def test_a_name_that_the_resolver_does_not_know_either_is_proven() -> None:
    finding = found(audit_of("dns_failure", "resolves-not", "resolver 192.0.2.53"), Cause.DNS_FAILURE)
    assert finding.certainty is Certainty.PROVEN
    assert "asked: 192.0.2.53" in finding.summary
    assert HOST_NETWORK in finding.evidence_for


def test_a_name_that_the_resolver_does_know_is_not() -> None:
    finding = found(audit_of("dns_failure", "resolves 192.0.2.7"), Cause.DNS_FAILURE)
    assert finding.certainty is Certainty.LIKELY


@pytest.mark.parametrize(
    ("says", "ahead_s", "words", "certainty"),
    [
        ("SSL certificate problem: certificate has expired", 0, "The host's clock is right", Certainty.PROVEN),
        ("SSL certificate problem: certificate is not yet valid", -90000, "which is -90", Certainty.PROVEN),
        ("SSL certificate problem: unable to get local issuer certificate", 0, "does not trust", Certainty.PROVEN),
        ("SSL: no alternative certificate subject name matches target host name", 0, "another name", Certainty.PROVEN),
        ("OpenSSL/3.0.17: error:0A00042E:SSL routines::tlsv1 alert", 0, "TLS with the registry", Certainty.LIKELY),
    ],
)
def test_a_refused_certificate_is_told_apart_from_a_wrong_clock(
    says: str, ahead_s: int, words: str, certainty: Certainty
) -> None:
    path = ("tls failed", "tls-issuer CN=Acme Proxy CA", f"tls-says {says}")
    audit = audit_of("tls_untrusted_or_clock_skew", *path, clock_ahead_s=ahead_s)
    finding = found(audit, Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW)
    assert (finding.certainty, words in finding.summary) == (certainty, True), finding.summary
    assert finding.remedy is not None
    assert ("clock" in finding.remedy.text) == (ahead_s != 0)


def test_a_proxy_on_the_way_is_named() -> None:
    path = ("proxy HTTPS_PROXY proxy.example:3128", "engine-proxy HTTPS proxy.example:3128")
    finding = found(audit_of("network_unreachable_or_timeout", *path), Cause.NETWORK_UNREACHABLE_OR_TIMEOUT)
    assert "HTTPS_PROXY of the login is proxy.example:3128" in finding.summary
    assert finding.certainty is Certainty.LIKELY


def test_what_is_no_line_of_the_probe_is_left_out() -> None:
    audit = recorded(SOUND)
    seen = answer(HOST_NETWORK, "proxy\nproxy X\n\x00\ntls\nresolves-not now\n" + "x" * 100_000, like=audit)
    assert network(seen) == Network(resolves=())
    assert network(answer(HOST_NETWORK, "", like=audit, exit_code=124)) is None
    assert network(None) is None
