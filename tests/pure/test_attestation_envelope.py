"""An envelope is believed only when every byte of it is as it was signed; anything else is told in words."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghcr_audit.adapters.signing import sign
from ghcr_audit.attestation import keyid_of, statement_bytes
from ghcr_audit.attestation.envelope import MAX_ENVELOPE_BYTES
from tests.pure.attested import HEAD, holding, own_key, pae, problems_of, rewritten, statement_of
from tests.pure.audits import recorded, report, without

pytestmark = pytest.mark.pure

REPORT = report(recorded("healthy-pulled"))
STATEMENT = statement_of(REPORT)
TYPE = "application/vnd.in-toto+json"
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_key(tmp_path, monkeypatch)


@pytest.fixture
def envelope(key: Path) -> bytes:
    return sign(STATEMENT)


def test_what_was_signed_is_in_order(envelope: bytes, key: Path) -> None:
    assert problems_of(envelope, key, REPORT) == ()
    assert problems_of(envelope, None, REPORT) == ()


def test_the_envelope_verifies_without_any_of_our_libraries(envelope: bytes, key: Path) -> None:
    """The protocol from its text, with an Ed25519 primitive alone; `verify` raises when it does not fit."""
    fields = json.loads(envelope)
    (signature,) = fields["signatures"]
    public = load_pem_public_key(key.read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    assert (set(fields), set(signature)) == ({"payload", "payloadType", "signatures"}, {"keyid", "sig"})
    payload = base64.b64decode(fields["payload"], validate=True)
    public.verify(base64.b64decode(signature["sig"], validate=True), pae(TYPE.encode(), payload))
    assert (fields["payloadType"], payload) == (TYPE, STATEMENT)


def test_a_signature_made_without_our_libraries_is_believed(key: Path, envelope: bytes) -> None:
    from ghcr_audit.adapters.signing import signing_key

    signature = signing_key().sign(pae(TYPE.encode(), STATEMENT))
    entry = {"keyid": keyid_of(envelope), "sig": base64.b64encode(signature).decode()}
    assert problems_of(rewritten(envelope, signatures=[entry]), key, REPORT) == ()


@pytest.mark.parametrize("field", ["payload", "sig"])
def test_every_change_of_one_byte_is_detected(envelope: bytes, key: Path, field: str) -> None:
    """Of the decoded bytes: each byte of the signature, by every bit; each of the payload, by its lowest."""
    fields = json.loads(envelope)
    told = fields["payload"] if field == "payload" else fields["signatures"][0]["sig"]
    whole, bits = base64.b64decode(told), range(1) if field == "payload" else range(8)
    for place in range(len(whole)):
        for bit in bits:
            changed = bytearray(whole)
            changed[place] ^= 1 << bit
            altered = envelope.replace(told.encode(), base64.b64encode(changed))
            assert altered != envelope
            assert any("signature: does not fit" in one for one in problems_of(altered, key, REPORT)), (place, bit)


def test_every_change_of_one_character_of_the_file_is_detected(envelope: bytes, key: Path) -> None:
    """Also of names, quotes and the key's name: nothing in the file may be another and go unseen."""
    for place in range(len(envelope)):
        at = BASE64.find(envelope[place])
        for other in (b"~", BASE64[(at + 1) % 64 :][:1]):
            altered = envelope[:place] + other + envelope[place + 1 :]
            assert altered == envelope or problems_of(altered, key, REPORT), (place, other)


def test_every_truncation_is_detected(envelope: bytes) -> None:
    assert all(problems_of(envelope[:length], None, REPORT) for length in range(len(envelope)))


def test_stray_bits_in_the_last_character_of_base64_are_a_change(envelope: bytes, key: Path) -> None:
    """Lenient readers decode both texts to the same signature."""
    told = json.loads(envelope)["signatures"][0]["sig"]
    stray = told[:-3] + chr(BASE64[BASE64.index(told[-3].encode()) ^ 1]) + "=="
    assert base64.b64decode(stray) == base64.b64decode(told)
    (problem,) = problems_of(envelope.replace(told.encode(), stray.encode()), key, REPORT)
    assert "signatures[0].sig: not canonical standard Base64" in problem


def test_another_key_is_told_by_both_names(envelope: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "another"
    other_pub = own_key(folder, monkeypatch)
    other = sign(STATEMENT)
    (problem,) = problems_of(envelope, other_pub, REPORT)
    expected = f"signature: made with another key (got {keyid_of(envelope)}, expected {keyid_of(other)})"
    assert problem == expected


def test_a_name_of_the_right_key_does_not_make_it_the_signer(
    envelope: bytes, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keyid_of(envelope)
    own_key(tmp_path / "forger", monkeypatch)
    forged = sign(STATEMENT)
    (problem,) = problems_of(forged.replace(keyid_of(forged).encode(), name.encode()), key, REPORT)
    assert problem.startswith("signature: does not fit")


def test_a_true_signature_on_another_audit_s_statement_is_told_field_by_field(key: Path) -> None:
    other = REPORT.model_copy(update={"tag": "20260120-083001", "run": "lab-other"})
    elsewhere = statement_bytes(other, ledger_head="77" * 32, image_digest=f"sha256:{'8' * 64}")
    assert elsewhere is not None
    told = "\n".join(problems_of(sign(elsewhere), key, REPORT))
    assert "statement.subject[0].digest.sha256: got '8888" in told
    assert "annotations.tag: got '20260120-083001', expected '20260120-083000'" in told
    assert f"configuration[1].digest.sha256: got '{'77' * 32}', expected '{HEAD}'" in told
    assert "signature" not in told


def test_a_verdict_that_was_made_better_and_signed_again_is_told(key: Path) -> None:
    broken = report(recorded("local-image"))
    better = json.loads(statement_of(broken))
    moved = better["predicate"]["failedTests"].pop()
    better["predicate"]["passedTests"].append(moved)
    better["predicate"]["result"] = "PASSED"
    told = "\n".join(problems_of(sign(json.dumps(better).encode()), key, broken))
    assert "predicate.result: got 'PASSED', expected 'FAILED'" in told
    assert f"passedTests: '{moved}' is not in the report's" in told
    assert f"failedTests: lacks '{moved}'" in told


def test_the_same_content_in_another_writing_is_told(key: Path) -> None:
    loose = sign(json.dumps(json.loads(STATEMENT), indent=1).encode())
    assert problems_of(loose, key, REPORT) == (
        "statement: says the same as the report, but not in canonical JSON (RFC 8785)",
    )


def test_a_statement_about_a_digest_that_nobody_saw_is_told(envelope: bytes, key: Path) -> None:
    unseen = report(without(recorded("healthy-pulled"), "registry.host", "registry.host_anonymous", "pull.tag"))
    (problem,) = problems_of(envelope, key, unseen)
    assert "names no digest" in problem


ENTRY = {"keyid": f"SHA256:{'A' * 43}", "sig": base64.b64encode(bytes(64)).decode()}
SOUND = {"payload": base64.b64encode(STATEMENT).decode(), "payloadType": TYPE, "signatures": [ENTRY]}

ODD = {
    "nothing": (b"", "envelope: not JSON"),
    "no JSON": (b"{", "envelope: not JSON"),
    "no UTF-8": (b'{"payload":"\xff"}', "envelope: not UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "envelope: not UTF-8"),
    "a list": (b"[]", "envelope: got [], expected an object"),
    "NaN": (b'{"payload":NaN}', "NaN is no JSON"),
    "a number of 5000 digits": (b'{"payload":' + b"9" * 5000 + b"}", "envelope: not JSON"),
    "a name twice": (b'{"payload":"QQ==","payload":"QQ=="}', "a name stands twice"),
    "too large": (b" " * (MAX_ENVELOPE_BYTES + 1), "expected 1048576 at most"),
    "deep": (b'{"payload":' + b"[" * 100_000, "too deep"),
    "deep objects": (b'{"a":' * 100_000, "too deep"),
    "an unknown field": (json.dumps({**SOUND, "cert": "lab"}).encode(), "unknown field 'cert'"),
    "protobuf's other names": (json.dumps({"payload_type": TYPE}).encode(), "unknown field 'payload_type'"),
    "a bundle of sigstore": (json.dumps({"dsseEnvelope": SOUND}).encode(), "unknown field 'dsseEnvelope'"),
    "no payload": (json.dumps({"payloadType": TYPE, "signatures": [ENTRY]}).encode(), "lacks 'payload'"),
    "another payload type": (
        json.dumps({**SOUND, "payloadType": "text/plain"}).encode(),
        "payloadType: got 'text/plain', expected 'application/vnd.in-toto+json'",
    ),
    "no signature": (json.dumps({**SOUND, "signatures": []}).encode(), "signatures: got 0, expected one"),
    "two signatures": (json.dumps({**SOUND, "signatures": [ENTRY, ENTRY]}).encode(), "got 2, expected one"),
    "no list": (json.dumps({**SOUND, "signatures": ENTRY}).encode(), "expected one"),
    "a text for a signature": (json.dumps({**SOUND, "signatures": ["x"]}).encode(), "expected an object"),
    "a certificate": (
        json.dumps({**SOUND, "signatures": [{**ENTRY, "cert": "lab"}]}).encode(),
        "signatures[0]: unknown field 'cert'",
    ),
    "a short signature": (
        json.dumps({**SOUND, "signatures": [{**ENTRY, "sig": "AAAA"}]}).encode(),
        "signatures[0].sig: got 3 bytes, expected 64",
    ),
    "another form of key name": (
        json.dumps({**SOUND, "signatures": [{**ENTRY, "keyid": "\x1b[31mlab"}]}).encode(),
        "signatures[0].keyid: got '\\x1b[31mlab'",
    ),
    "URL-safe Base64": (json.dumps({**SOUND, "payload": "-_-_"}).encode(), "payload: not canonical standard Base64"),
    "Base64 with a line break": (json.dumps({**SOUND, "payload": "QUJD\nQUJD"}).encode(), "not canonical"),
    "Base64 without padding": (json.dumps({**SOUND, "payload": "QQ"}).encode(), "not canonical"),
    "Base64 beyond ASCII": (json.dumps({**SOUND, "payload": "ＱＱ"}).encode(), "not canonical"),
    "half a character": (json.dumps({**SOUND, "payload": "\ud800"}).encode(), "not canonical"),
    "a payload of bytes": (json.dumps({**SOUND, "payload": [65, 66]}).encode(), "not canonical"),
}


@pytest.mark.parametrize(("data", "told"), ODD.values(), ids=ODD)
def test_what_is_no_envelope_is_told_in_one_sentence(data: bytes, told: str) -> None:
    (problem,) = problems_of(data, None, REPORT)
    assert told in problem
    assert len(problem) < 250
    assert problem.isprintable()
    assert keyid_of(data) == ""


ODD_STATEMENTS = {
    "no JSON": (b"lab", "statement: not JSON"),
    "no object": (b"[1]", "statement: got [1], expected {"),
    "deep": (b"[" * 100_000, "statement: too deep"),
    "infinity": (b'{"_type":Infinity}', "Infinity is no JSON"),
    "a name twice": (STATEMENT.replace(b'"predicateType"', b'"_type":"x","predicateType"'), "a name stands twice"),
    "another predicate": (
        STATEMENT.replace(b"test-result/v0.1", b"vulns/v0.1"),
        "statement.predicateType: got 'https://in-toto.io/attestation/vulns/v0.1'",
    ),
    "another statement": (STATEMENT.replace(b"Statement/v1", b"Statement/v0.1"), "statement._type: got"),
    "protobuf's other names": (
        STATEMENT.replace(b'"predicateType"', b'"predicate_type"'),
        "statement: unknown field 'predicate_type'",
    ),
    "an unknown field": (
        STATEMENT.replace(b'"subject"', b'"extra":{"a":[1]},"subject"'),
        "statement: unknown field 'extra'",
    ),
    "a result of another type": (STATEMENT.replace(b'"PASSED"', b"true"), "predicate.result: got True"),
    "a second subject": (
        STATEMENT.replace(b'"subject":[', b'"subject":[{"name":"lab"},'),
        "statement.subject: {'name': 'lab'} is not in the report's",
    ),
    "a claim twice": (
        STATEMENT.replace(b'"passedTests":[', b'"passedTests":["pull.tag",'),
        "passedTests: got 23 entries, expected 22",
    ),
}


@pytest.mark.parametrize(("payload", "told"), ODD_STATEMENTS.values(), ids=ODD_STATEMENTS)
def test_a_statement_that_is_not_the_report_s_is_told(envelope: bytes, payload: bytes, told: str) -> None:
    problems = problems_of(holding(envelope, payload), None, REPORT)
    assert any(told in problem for problem in problems), problems
    assert all(len(problem) < 300 for problem in problems)


def test_not_more_than_twenty_problems_are_told(envelope: bytes, key: Path) -> None:
    many = json.dumps({f"field{number}": number for number in range(5000)}).encode()
    assert len(problems_of(holding(envelope, many), key, REPORT)) == 20


@pytest.mark.parametrize("head", ["", "none", "5e" * 31, "G" * 64])
def test_a_ledger_without_a_head_cannot_be_compared(envelope: bytes, head: str) -> None:
    from ghcr_audit.attestation import check_envelope

    (problem,) = check_envelope(envelope, public_key=None, ledger_head=head, report=REPORT)
    assert "no ledger head to compare with" in problem


@given(st.binary(max_size=300))
def test_any_bytes_are_told_and_never_raise(data: bytes) -> None:
    assert len(problems_of(data, None, REPORT)) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(SOUND)), json_values, json_values)
def test_any_value_in_any_place_is_told_and_never_raises(field: str, value: object, entry: object) -> None:
    assert problems_of(json.dumps({**SOUND, field: value}).encode(), None, REPORT)
    assert problems_of(json.dumps({**SOUND, "signatures": [entry]}).encode(), None, REPORT)
    strange = {**json.loads(STATEMENT), "predicate": value, "subject": entry}
    assert problems_of(holding(json.dumps(SOUND).encode(), json.dumps(strange).encode()), None, REPORT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_piece_replaced_by_any_other_is_detected(envelope: bytes, key: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(envelope) - 1))
    end = data.draw(st.integers(start + 1, min(len(envelope), start + 40)))
    piece = data.draw(st.binary(max_size=40).filter(lambda piece: piece.strip() != envelope[start:end]))
    assert problems_of(envelope[:start] + piece + envelope[end:], key, REPORT)
