"""Public keys of signers: the forms that people have them in, and the fingerprint that names them."""

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ghcr_audit.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_KEY_BYTES = 64 * 1024

_PEM = b"-----BEGIN PUBLIC KEY-----"
_SSH_LINE = re.compile(rb"(?:^|[ \t])(ssh-ed25519 [A-Za-z0-9+/=]+)(?:[ \t]|$)")
_EXPECTED = "expected an Ed25519 public key: PEM, or a line that begins with ssh-ed25519"


def read_public_key(path: Path) -> "Ed25519PublicKey":
    """The public key in a file. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: read: {error.strerror}") from None
    return parse_public_key(data, str(path))


def parse_public_key(data: bytes, name: str) -> "Ed25519PublicKey":
    """Read PEM (SubjectPublicKeyInfo), an OpenSSH public key file, or an `authorized_keys` file with one key.

    `name` stands in error texts; they hold nothing of the data.

    Raises:
        ConfigurationError: it is none of these, another kind of key, a private one, or more than one.
    """
    if len(data) > MAX_KEY_BYTES:
        raise ConfigurationError(f"{name}: too large for a public key (expected {MAX_KEY_BYTES} bytes at most)")
    if b"PRIVATE KEY-----" in data:
        raise ConfigurationError(f"{name}: is a private key ({_EXPECTED})", hint="Give its public half; keep this one.")
    return _from_pem(data, name) if _PEM in data else _from_ssh(data, name)


def fingerprint(key: "Ed25519PublicKey") -> str:
    """The key's name in envelopes: SHA-256 of the SSH wire form, as `ssh-keygen -l` prints it.

    Not securesystemslib's own default: Go's DSSE library, which cosign verifies with, gives a key without a name this
    one, and skips signatures that bear another (go-securesystemslib, dsse/verify.go).
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    wire = base64.b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")


def _from_pem(data: bytes, name: str) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{name}: cannot be read as a key ({_EXPECTED})") from None
    return _ed25519(key, name)


def _from_ssh(data: bytes, name: str) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    lines = [line.strip() for line in data.splitlines()]
    lines = [line for line in lines if line and not line.startswith(b"#")]
    if len(lines) > 1:
        raise ConfigurationError(f"{name}: holds {len(lines)} lines of keys (expected one: whose signature is it?)")
    found = _SSH_LINE.search(lines[0]) if lines else None
    if found is None:
        raise ConfigurationError(f"{name}: holds no such key ({_EXPECTED})")
    try:
        key = load_ssh_public_key(found[1])
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{name}: cannot be read as a key ({_EXPECTED})") from None
    return _ed25519(key, name)


def _ed25519(key: object, name: str) -> "Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{name}: another kind of key ({_EXPECTED})")
    return key
