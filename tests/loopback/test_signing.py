"""The signing key's file: made once, for its owner alone; the user's own key; everything else refused in a sentence."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ghcr_audit.adapters import signing
from ghcr_audit.attestation import keyid_of
from ghcr_audit.attestation.keys import MAX_KEY_BYTES, fingerprint, read_public_key
from ghcr_audit.errors import ConfigurationError
from tests.pure.attested import own_key, problems_of, statement_of
from tests.pure.audits import recorded, report

pytestmark = pytest.mark.loopback

GUIDE = Path(__file__).parents[2] / "docs" / "attestation.md"
REPORT = report(recorded("healthy-pulled"))
STATEMENT = statement_of(REPORT)

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_key(tmp_path / "configuration", monkeypatch)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ssh_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A key as users have them, named by the variable; its private half."""
    path = tmp_path / f"id_{kind}"
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "lab key of A. Person", "-f", str(path))
    monkeypatch.setenv(signing.KEY_VARIABLE, str(path))
    return path


def refusal() -> ConfigurationError:
    """Why nothing is signed; the text holds no line of the key file."""
    with pytest.raises(ConfigurationError, match=r"^/") as caught:
        signing.sign(STATEMENT)
    path = signing.key_file()
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    assert not [line for line in lines if len(line) > 20 and line in str(caught.value)]
    return caught.value


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_key_is_made_once_for_its_owner_and_its_public_half_for_everybody(public: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        first = signing.sign(STATEMENT)
    finally:
        os.umask(before)
    assert (mode_of(signing.key_file()), mode_of(public), mode_of(public.parent)) == (0o600, 0o644, 0o700)
    assert sorted(path.name for path in public.parent.iterdir()) == ["signing.key", "signing.pub"]
    assert signing.sign(STATEMENT) == first
    assert problems_of(first, public, REPORT) == ()


def test_without_a_variable_it_lies_in_the_user_s_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(signing.KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert problems_of(signing.sign(STATEMENT), tmp_path / "ghcr-audit" / "signing.pub", REPORT) == ()


def test_processes_that_begin_at_once_share_one_key(public: Path) -> None:
    program = "import sys; from ghcr_audit.adapters.signing import sign; sys.stdout.buffer.write(sign(b'{}'))"
    started = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(6)]
    answers = [process.communicate(timeout=60)[0] for process in started]
    assert {keyid_of(answer) for answer in answers} == {fingerprint(read_public_key(public))}
    assert sorted(path.name for path in public.parent.iterdir()) == ["signing.key", "signing.pub"]


def test_a_lost_public_half_is_written_again(public: Path) -> None:
    signing.sign(STATEMENT)
    kept = public.read_bytes()
    public.unlink()
    signing.sign(STATEMENT)
    assert public.read_bytes() == kept


def test_no_new_key_beside_the_public_half_of_an_old_one(public: Path) -> None:
    signing.sign(STATEMENT)
    kept = public.read_bytes()
    signing.key_file().unlink()
    assert "its public half is there without it (signing.pub)" in refusal().message
    assert (public.read_bytes(), signing.key_file().exists()) == (kept, False)


def test_after_both_halves_were_moved_away_there_is_a_new_key(public: Path, tmp_path: Path) -> None:
    old = signing.sign(STATEMENT)
    signing.key_file().unlink()
    public.rename(tmp_path / "signing-2026.pub")
    assert keyid_of(signing.sign(STATEMENT)) != keyid_of(old)
    assert problems_of(old, tmp_path / "signing-2026.pub", REPORT) == ()
    assert "made with another key" in problems_of(old, public, REPORT)[0]


@needs_ssh_keygen
def test_the_user_s_own_ssh_key_signs_and_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ssh_key(tmp_path, monkeypatch)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    envelope = signing.sign(STATEMENT)
    assert problems_of(envelope, path.with_suffix(".pub"), REPORT) == ()
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


@needs_ssh_keygen
def test_the_key_is_named_as_ssh_keygen_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ssh_key(tmp_path, monkeypatch)
    assert keyid_of(signing.sign(STATEMENT)) == run("ssh-keygen", "-l", "-f", f"{path}.pub").split()[1]


@needs_ssh_keygen
def test_a_public_key_is_read_as_people_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ssh_key(tmp_path, monkeypatch)
    envelope, line = signing.sign(STATEMENT), path.with_suffix(".pub").read_text().strip()
    given = tmp_path / "given"
    for text in (line, f"# who signs\n\n{line}\r\n", f'no-pty,command="echo lab" {line}\n', line.rsplit(" ", 5)[0]):
        given.write_text(text, encoding="utf-8")
        assert problems_of(envelope, given, REPORT) == (), text


@needs_ssh_keygen
def test_an_encrypted_ssh_key_is_refused_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh_key(tmp_path, monkeypatch, passphrase="lab-passphrase")
    error = refusal()
    assert error.message.endswith("read: the key is encrypted")
    assert "a key without a passphrase" in error.hint


@needs_openssl
def test_an_encrypted_pem_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "locked.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:lab-passphrase", "-out", str(path))
    path.chmod(0o600)
    monkeypatch.setenv(signing.KEY_VARIABLE, str(path))
    assert refusal().message.endswith("read: the key is encrypted")


@needs_ssh_keygen
@pytest.mark.parametrize(("kind", "told"), [("rsa", "RSA"), ("ecdsa", "EC")])
def test_another_kind_of_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, told: str) -> None:
    path = ssh_key(tmp_path, monkeypatch, kind=kind)
    assert f"(got {told}, expected Ed25519)" in refusal().message
    with pytest.raises(ConfigurationError, match="holds no such key"):
        read_public_key(path.with_suffix(".pub"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_reach_is_refused(public: Path, mode: int) -> None:
    signing.sign(STATEMENT)
    signing.key_file().chmod(mode)
    assert f"others may read it (mode {mode:o}, expected 600)" in refusal().message


@pytest.mark.parametrize("data", [b"", b"lab", b"\xff\x00" * 50_000, b"-----BEGIN OPENSSH PRIVATE KEY-----\nlab\n"])
def test_a_file_that_is_no_key_is_refused_and_kept(public: Path, data: bytes) -> None:
    path = signing.key_file()
    path.parent.mkdir()
    path.write_bytes(data)
    path.chmod(0o600)
    assert "cannot be read as a private key (expected Ed25519, PKCS#8 PEM or OpenSSH)" in refusal().message
    assert path.read_bytes() == data


def test_no_key_is_made_among_ssh_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(signing.KEY_VARIABLE, str(tmp_path / ".ssh" / "id_ed25519"))
    assert "ssh-keygen -t ed25519" in refusal().hint
    assert not (tmp_path / ".ssh").exists()


def test_a_folder_in_place_of_the_key_or_a_file_in_place_of_its_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(signing.KEY_VARIABLE, str(tmp_path))
    assert "read: Is a directory" in refusal().message
    (tmp_path / "file").write_text("lab", encoding="utf-8")
    monkeypatch.setenv(signing.KEY_VARIABLE, str(tmp_path / "file" / "signing.key"))
    assert "read: Not a directory" in refusal().message
    monkeypatch.setenv(signing.KEY_VARIABLE, f"/proc/{os.getpid()}/signing.key")
    assert ": make: " in refusal().message


def test_what_is_no_public_key_is_told_and_never_quoted(public: Path, tmp_path: Path) -> None:
    signing.sign(STATEMENT)
    line = base64.b64encode(b"lab" * 20).decode()
    cases = {
        "is a private key": signing.key_file().read_bytes(),
        "holds no such key": b"",
        "cannot be read as a key": f"ssh-ed25519 {line}".encode(),
        "holds 2 lines of keys": f"ssh-ed25519 {line}\nssh-ed25519 {line}\n".encode(),
        "too large for a public key": b"#" * (MAX_KEY_BYTES + 1),
    }
    for told, data in cases.items():
        given = tmp_path / "given.pub"
        given.write_bytes(data)
        with pytest.raises(ConfigurationError, match=told) as caught:
            read_public_key(given)
        assert line not in str(caught.value)
    with pytest.raises(ConfigurationError, match="No such file"):
        read_public_key(tmp_path / "absent.pub")


@needs_openssl
def test_a_public_key_of_another_kind_in_pem_is_told(tmp_path: Path) -> None:
    private, given = tmp_path / "ec.pem", tmp_path / "ec.pub"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(private))
    run("openssl", "pkey", "-in", str(private), "-pubout", "-out", str(given))
    with pytest.raises(ConfigurationError, match="another kind of key"):
        read_public_key(given)
    given.write_text("-----BEGIN PUBLIC KEY-----\nlab\n-----END PUBLIC KEY-----\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read as a key"):
        read_public_key(given)


def by_hand(folder: Path) -> subprocess.CompletedProcess[str]:
    """The guide's own commands, run as they stand there."""
    (block,) = re.findall(r"^```sh\n(jq .*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run([shell, "-ec", block], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("jq")), reason="no openssl or jq here")
def test_the_guide_s_way_by_hand_verifies_and_refuses(public: Path) -> None:
    envelope = signing.sign(STATEMENT)
    (public.parent / "attestation.dsse.json").write_bytes(envelope)
    assert by_hand(public.parent).stdout == "Signature Verified Successfully\n"
    altered = json.loads(envelope)
    altered["payload"] = base64.b64encode(STATEMENT.replace(b"PASSED", b"FAILED")).decode()
    (public.parent / "attestation.dsse.json").write_text(json.dumps(altered), encoding="utf-8")
    assert by_hand(public.parent).returncode != 0
