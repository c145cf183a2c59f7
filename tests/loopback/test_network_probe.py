"""The path to the registry, as the host's own programs see it: proxies, name resolution, certificates."""

import datetime
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ghcr_audit.adapters.local import LocalHost
from ghcr_audit.commands import program
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.framing import host_script
from ghcr_audit.network_facts import Network, TlsTrouble, network
from tests.loopback.host_views import program as stand_in

pytestmark = pytest.mark.loopback

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
PROXY_PASSWORD = "lab-proxy-password"


@pytest.fixture(autouse=True)
def home(docker_home: Path) -> Path:
    return docker_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A server's certificate and key, in one file."""

    file: Path
    name: str = "localhost"
    until: datetime.datetime = NOW + DAY

    def write(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab certificate")])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(self.until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(self.name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.file.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))


@contextmanager
def serving(certified: Certified) -> Iterator[int]:
    """A server that answers each request with 401; yields its port."""
    certified.write()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified.file)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        thread = threading.Thread(target=_answer, args=(listening, context), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
    thread.join(20)


def _answer(listening: socket.socket, context: ssl.SSLContext) -> None:
    try:
        connection, _ = listening.accept()
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.settimeout(10)
            secured.recv(4096)
            secured.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    except OSError:
        return


def trust(home: Path, certified: Certified) -> None:
    """A curl that takes this certificate for a root."""
    stand_in(home, "curl", f'exec {shutil.which("curl")} -q --cacert {certified.file} "$@"')


def seen(scheme: str, registry: str, script: str = "") -> tuple[Network, str]:
    """What the probe sees, and all that it printed."""
    command = program(
        "host.network", script or host_script("network.sh"), "the path to", scheme, registry, "docker", limit_s=20
    )
    answer = LocalHost(registry).run([command])[command.key]
    observation = Observation(
        key=command.key,
        link=Link.PREFLIGHT,
        vantage=Vantage.HOST,
        where="this machine",
        asked="",
        observed_at=NOW,
        duration_ms=0,
        exit_code=answer.exit_code,
        stdout=answer.stdout,
    )
    found = network(observation)
    assert (found is not None, answer.exit_code, answer.stderr) == (True, 0, ""), answer
    assert found is not None
    return found, answer.stdout


@pytest.mark.parametrize(
    ("certified", "trouble"),
    [
        (lambda file: Certified(file=file), TlsTrouble.ISSUER),
        (lambda file: Certified(file=file, until=NOW - DAY), TlsTrouble.DATES),
        (lambda file: Certified(file=file, name="elsewhere.invalid"), TlsTrouble.NAME),
    ],
    ids=["untrusted issuer", "expired", "another name"],
)
def test_a_certificate_that_is_refused_is_told_by_its_class(
    home: Path, certified: Callable[[Path], Certified], trouble: TlsTrouble
) -> None:
    made = certified(home / "server.pem")
    with serving(made) as port:
        if trouble is not TlsTrouble.ISSUER:
            trust(home, made)
        found, _ = seen("https", f"localhost:{port}")
    assert (found.tls, found.trouble) == ("failed", trouble), found
    assert found.says


def test_a_certificate_that_is_trusted_is_fine_and_its_issuer_is_told(home: Path) -> None:
    made = Certified(file=home / "server.pem")
    with serving(made) as port:
        trust(home, made)
        found, _ = seen("https", f"localhost:{port}")
    assert (found.tls, found.trouble, "lab certificate" in found.issuer) == ("ok", None, True), found
    assert found.until


def test_a_name_without_an_address_is_told_as_such_and_an_address_is_not_asked_for(home: Path) -> None:
    found, _ = seen("https", "registry.invalid")
    assert (found.resolves, found.tls) == ((), "none")
    assert seen("http", "127.0.0.1:9")[0].resolves is None


def test_proxies_are_told_by_their_place_alone(home: Path) -> None:
    """Login's environment and engine; user and password of a proxy never leave the host."""
    secret = f"http://u:{PROXY_PASSWORD}@proxy.invalid:3128/path"
    stand_in(home, "docker", f'echo "HTTP <no value>"; echo "HTTPS {secret}"')
    script = f"https_proxy={secret} ALL_PROXY=socks5://u:{PROXY_PASSWORD}@127.0.0.1:1080\n{host_script('network.sh')}"
    found, said = seen("http", "127.0.0.1:9", script)
    assert found.proxies == (("https_proxy", "proxy.invalid:3128"), ("ALL_PROXY", "127.0.0.1:1080"))
    assert found.engine_proxies == (("HTTPS", "proxy.invalid:3128"),)
    assert PROXY_PASSWORD not in said
