"""The key that attests audits, a file of the controller's user; and signing with it.

Ed25519 alone: small, deterministic, without parameters that could be chosen badly, and most users have one for SSH.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ghcr_audit.attestation.envelope import PAYLOAD_TYPE
from ghcr_audit.attestation.keys import MAX_KEY_BYTES, fingerprint
from ghcr_audit.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_VARIABLE = "GHCR_AUDIT_SIGNING_KEY"
"""Names the private key's file (a path, no secret)."""

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_OTHERS = 0o077


def sign(statement: bytes) -> bytes:
    """The statement in a DSSE envelope (JSON, RFC 8785), signed with the user's key; the key is made at first use.

    Raises:
        ConfigurationError: the key file cannot be used; the text says why.
    """
    import rfc8785
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # exported without __all__

    key = signing_key()
    public = key.public_key()
    envelope = Envelope(statement, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, SSlibKey.from_crypto(public, keyid=fingerprint(public))))
    return rfc8785.dumps(envelope.to_dict())


def key_file() -> Path:
    """Where the private key lies."""
    from platformdirs import user_config_path

    named = os.environ.get(KEY_VARIABLE)
    return Path(named).expanduser() if named else user_config_path("ghcr-audit") / "signing.key"


def public_key_file() -> Path:
    """Where the public half lies: `signing.pub` beside `signing.key`, `id_ed25519.pub` beside `id_ed25519`."""
    return key_file().with_suffix(".pub")


def signing_key() -> "Ed25519PrivateKey":
    """The user's private key, made at first use.

    Raises:
        ConfigurationError: no Ed25519 key, an encrypted one, others may read it, or it cannot be made.
    """
    path = key_file()
    data = _read(path)
    if data is None:
        _make(path)
        data = _read(path) or b""
    key = _parsed(data, path)
    if not data.startswith(_OPENSSH):  # one made by ssh-keygen has its public half already
        with suppress(OSError):  # a read-only folder: signing does not need it
            _write_once(public_key_file(), _public_pem(key), mode=0o644)
    return key


def _make(path: Path) -> None:
    """A new key, never one half of another pair, and never where only ssh-keygen should make one."""
    if path.parent.name == ".ssh":
        raise ConfigurationError(f"{path}: read: no such key", hint="`ssh-keygen -t ed25519` makes one.")
    public = path.with_suffix(".pub")
    if public.exists() and not path.exists():  # asked again: another process may just have made both
        raise ConfigurationError(
            f"{path}: make: its public half is there without it ({public.name})",
            hint=f"Move {public.name} to where you keep it: evidence signed so far is verified with it.",
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, _new_private_pem(), mode=0o600)
    except OSError as error:
        raise ConfigurationError(f"{path}: make: {error.strerror}") from None


def _write_once(path: Path, data: bytes, *, mode: int) -> None:
    """The file appears whole or not at all; one that is there stays: of two processes the first wins."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 by construction
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def _read(path: Path) -> bytes | None:
    """The file, up to the limit; None when there is none."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_KEY_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path}: read: {error.strerror}") from None
    if mode & _OTHERS:
        raise ConfigurationError(f"{path}: others may read it (mode {mode:o}, expected 600)")
    return data


def _parsed(data: bytes, path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if data.startswith(_OPENSSH) else load_pem_private_key
    try:
        key = load(data, None)
    except TypeError:  # cryptography's word for a missing passphrase
        hint = "Nobody is there to ask when an audit ends: name a key without a passphrase, or none, and one is made."
        raise ConfigurationError(f"{path}: read: the key is encrypted", hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        expected = "expected Ed25519, PKCS#8 PEM or OpenSSH"
        raise ConfigurationError(f"{path}: cannot be read as a private key ({expected})") from None
    if not isinstance(key, Ed25519PrivateKey):
        kind = type(key).__name__.strip("_").removesuffix("PrivateKey")
        raise ConfigurationError(f"{path}: signs with another kind of key (got {kind}, expected Ed25519)")
    return key


def _new_private_pem() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(key: "Ed25519PrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
