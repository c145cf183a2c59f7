"""Failures below HTTP: names, proxies and TLS, each named by its cause."""

import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ghcr_audit.adapters.registry import RegistryClient
from ghcr_audit.adapters.registry_http import HttpRequest
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.registry.view import EndpointAnswer, RegistryView
from tests.loopback.scripted_registry import Answer, ScriptedRegistry, serve

pytestmark = pytest.mark.loopback

ELSEWHERE = "registry.example.invalid"
CREDENTIAL = Credential(user="acme-bot", secret=Secret("ghp_labOnlyNeverARealToken0000000000"))


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def look(registry: str, token_host: str | None = None) -> RegistryView:
    with RegistryClient(registry, credential=CREDENTIAL, token_host=token_host, timeout_s=5) as client:
        return client.view("acme/observer", ("latest",))


def unresolvable(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make every name unknown, without asking a name server; return the names that were looked up."""
    asked: list[str] = []

    def unknown(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    return asked


def test_an_unknown_name_is_a_dns_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = unresolvable(monkeypatch)
    assert look(ELSEWHERE) == RegistryView(challenge=EndpointAnswer(failure=Cause.DNS_FAILURE))
    assert asked == [ELSEWHERE]


@pytest.mark.parametrize("form", ["http://user:labpw@{host}", "{host}"])
def test_a_proxy_that_refuses_is_named_as_such(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    with serve() as proxy:
        proxy.on(f"CONNECT {ELSEWHERE}:443", Answer(status=403))
        monkeypatch.setenv("https_proxy", form.format(host=proxy.host))
        view = look(ELSEWHERE)
        assert [seen.authorization for seen in proxy.seen] == [""]
    assert view == RegistryView(challenge=EndpointAnswer(failure=Cause.PROXY_INTERFERENCE))


def test_no_proxy_and_loopback_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as proxy, serve() as registry:
        monkeypatch.setenv("https_proxy", f"http://{proxy.host}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        monkeypatch.setenv("no_proxy", ELSEWHERE)
        registry.on("GET /v2/", Answer(status=403))
        assert look(registry.host).challenge == EndpointAnswer(status=403)
        unresolvable(monkeypatch)
        assert look(ELSEWHERE).challenge == EndpointAnswer(failure=Cause.DNS_FAILURE)
        assert proxy.seen == []


def test_a_proxy_setting_that_is_none_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:labpw@127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="https_proxy: read: not a proxy") as raised:
        look(ELSEWHERE)
    assert "labpw" not in str(raised.value)


def certificate(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate for 127.0.0.1 that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


def token_by_tls(registry: ScriptedRegistry, tokens: ScriptedRegistry) -> EndpointAnswer | None:
    """What comes of a token host that is to be asked over https."""
    realm = f"https://{tokens.host}/token"
    registry.on("GET /v2/", Answer(status=401, headers=(("WWW-Authenticate", f'Bearer realm="{realm}"'),)))
    return look(registry.host, token_host=tokens.host).token


def test_a_certificate_nobody_vouches_for_ends_it_before_the_credential(tmp_path: Path) -> None:
    with serve() as registry, serve(tls=certificate(tmp_path)) as tokens:
        token = token_by_tls(registry, tokens)
        assert tokens.seen == []
    assert token == EndpointAnswer(failure=Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW)


def test_a_certificate_of_a_trusted_authority_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as registry, serve(tls=certificate(tmp_path)) as tokens:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
        tokens.on("GET /token", Answer(status=403))
        token = token_by_tls(registry, tokens)
        assert tokens.seen[0].authorization.startswith("Basic ")
    assert token == EndpointAnswer(status=403)


def test_plain_http_where_https_was_asked_for_is_named_as_such() -> None:
    with serve() as registry, serve() as tokens:
        token = token_by_tls(registry, tokens)
        assert tokens.seen == []
    assert token == EndpointAnswer(failure=Cause.HTTP_REGISTRY_HTTPS_MISMATCH)


def test_a_request_prints_without_its_credential() -> None:
    assert "labValue" not in repr(HttpRequest(url="http://127.0.0.1/", authorization=Secret("Basic labValue")))
