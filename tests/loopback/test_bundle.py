"""A bundle: every byte of it counts, whatever was done to it is named, and a hostile one does no harm."""

import base64
import gzip
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghcr_audit.adapters.bundle import seal
from ghcr_audit.adapters.ledger import Ledger
from ghcr_audit.attestation import check_envelope
from ghcr_audit.bundle.archive import archived, compressed
from ghcr_audit.bundle.content import ATTESTATION, RENDERED, REQUIRED, Member
from ghcr_audit.bundle.damage import NoBundleError
from ghcr_audit.bundle.reading import opened
from ghcr_audit.bundle.verified import Signed, Verification, verified
from ghcr_audit.ledger.canonical import canonical, sha256
from ghcr_audit.ledger.check import split_lines
from ghcr_audit.ledger.entry import End, Reported
from ghcr_audit.report.making import report_of
from ghcr_audit.verdicts import Verdict
from tests.pure.ledgers import (
    FEW,
    RUN,
    MemoryBundles,
    MemoryLedger,
    audit_of,
    bundle_of,
    resumed_bundle,
    walked,
)

pytestmark = [pytest.mark.loopback, pytest.mark.usefixtures("signing_key")]

LEDGER = "ledger.jsonl"
TAR = shutil.which("tar") or "/bin/tar"
PARTS = 6


@pytest.fixture(scope="module")
def small(signing_key: Path) -> bytes:
    """A bundle of few observations."""
    return bundle_of(audit_of("healthy-pulled", *FEW))


@pytest.fixture(scope="module")
def resumed(signing_key: Path) -> bytes:
    """A bundle of two passes, with outputs and an earlier report that stand apart."""
    return resumed_bundle()


def unsigned(signed: Signed) -> tuple[str, ...]:
    """Structure and content of an envelope, without a key."""
    return check_envelope(signed.envelope, public_key=None, ledger_head=signed.ledger_head, report=signed.report)


judged: Callable[[bytes], Verification] = partial(verified, signature=unsigned)


def told(archive: bytes) -> set[tuple[str, str]]:
    """Subject and kind of everything that is wrong with it."""
    return {(damage.subject, damage.what) for damage in judged(archive).damages}


def members_of(archive: bytes) -> dict[str, bytes]:
    return {name: one.content or b"" for name, one in opened(archive).members.items()}


def archive_of(members: dict[str, bytes], like: bytes) -> bytes:
    listed = [Member(name=name, content=content) for name, content in members.items()]
    return archived(listed, time_s=opened(like).time_s)


def with_manifest(members: dict[str, bytes]) -> dict[str, bytes]:
    """The manifest brought up to date, as a forger would."""
    fields = json.loads(members["manifest.json"])
    rest = sorted((name, content) for name, content in members.items() if name != "manifest.json")
    fields["members"] = [
        {"name": name, "sha256": sha256(content), "size_bytes": len(content)} for name, content in rest
    ]
    return {**members, "manifest.json": canonical(fields)}


def test_a_bundle_as_it_was_made_is_intact(small: bytes, resumed: bytes) -> None:
    for archive, reports, passes in ((small, 1, 1), (resumed, 2, 2)):
        found = judged(archive)
        assert (found.damages, found.not_judged, found.exit_code) == ([], [], 0)
        assert found.judged_again == reports
        assert found.entries[-1].pass_ == passes
        assert found.signed_by.startswith("SHA256:")


def test_the_same_evidence_makes_the_same_bytes_and_any_tar_program_reads_them(resumed: bytes, tmp_path: Path) -> None:
    members = members_of(resumed)
    assert archive_of(dict(reversed(members.items())), resumed) == resumed
    path = tmp_path / "evidence.tar.gz"
    path.write_bytes(resumed)
    subprocess.run([TAR, "-xzf", str(path), "-C", str(tmp_path)], check=True)
    assert {name: (tmp_path / name).read_bytes() for name in members} == members
    with tarfile.open(path) as archive:
        assert archive.getnames() == sorted(members)
        assert {(one.uid, one.gid, one.mode, one.uname) for one in archive} == {(0, 0, 0o644, "")}


@pytest.mark.parametrize("stride", [29, pytest.param(1, marks=pytest.mark.long)])
def test_every_single_byte_of_a_bundle_counts(signing_key: Path, stride: int) -> None:
    """Flips one bit, and all bits, of each byte of the archive, or of one in so many."""
    archive = bundle_of(audit_of("healthy-pulled", "host.reached"))
    for at in range(0, len(archive), stride):
        for other in (archive[at] ^ 1, archive[at] ^ 0xFF):
            changed = archive[:at] + bytes([other]) + archive[at + 1 :]
            assert _is_detected(changed), at


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_every_single_byte_within_the_archive_counts_even_when_it_is_packed_anew(signing_key: Path, part: int) -> None:
    """One bit of each byte of the tar: headers, contents, padding, end. In parts, since each is a whole check."""
    archive = bundle_of(audit_of("host-unreachable", "host.reached"))
    tar = gzip.decompress(archive)
    assert compressed(tar) == archive
    for at in range(part, len(tar), PARTS):
        changed = compressed(tar[:at] + bytes([tar[at] ^ (1 << at // PARTS % 8)]) + tar[at + 1 :])
        assert judged(changed).exit_code != 0, at


def _is_detected(archive: bytes) -> bool:
    try:
        return judged(archive).exit_code != 0
    except NoBundleError:
        return True


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_bundle_cut_or_lengthened_anywhere_is_broken(small: bytes, data: st.DataObject) -> None:
    cut = small[: data.draw(st.integers(3, len(small) - 1))]
    longer = small + data.draw(st.binary(min_size=1, max_size=40))
    assert judged(cut).exit_code == 3
    assert judged(longer).exit_code == 3
    assert judged(small + small).exit_code == 3


def test_a_bundle_that_another_program_packed_is_told_to_be_so(small: bytes) -> None:
    again = gzip.compress(gzip.decompress(small))
    assert told(again) == {("archive", "altered")}
    assert judged(again).judged_again == 0


def test_an_entry_edited_with_tar_and_an_editor_is_named(resumed: bytes, tmp_path: Path) -> None:
    """As a person would do it: unpack, edit, pack."""
    packed, folder = tmp_path / "evidence.tar.gz", tmp_path / "unpacked"
    packed.write_bytes(resumed)
    folder.mkdir()
    subprocess.run([TAR, "-xzf", str(packed), "-C", str(folder)], check=True)
    ledger = folder / LEDGER
    lines = ledger.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b'"exit_code":0', b'"exit_code":1', 1)
    ledger.write_bytes(b"\n".join(lines))
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    subprocess.run([TAR, "-czf", str(packed), "-C", str(folder), *names], check=True)
    found = told(packed.read_bytes())
    assert {("ledger entry 4", "altered"), (LEDGER, "altered"), ("archive", "altered")} <= found
    assert ("member ledger.jsonl", "repacked") in found
    assert not any(subject.startswith("ledger entry") for subject, _ in found - {("ledger entry 4", "altered")})


@pytest.mark.parametrize("number", range(1, 11))
def test_a_removed_entry_is_named_though_the_manifest_was_brought_up_to_date(resumed: bytes, number: int) -> None:
    members = members_of(resumed)
    lines, _ = split_lines(members[LEDGER])
    members[LEDGER] = b"".join(line + b"\n" for at, line in enumerate(lines, start=1) if at != number)
    assert told(archive_of(with_manifest(members), resumed)) == {(f"ledger entry {number}", "missing")}


def test_a_truncated_and_a_re_ordered_ledger_are_named(resumed: bytes) -> None:
    members = members_of(resumed)
    lines, _ = split_lines(members[LEDGER])
    shorter = {**members, LEDGER: b"".join(line + b"\n" for line in lines[:-1])}
    assert told(archive_of(with_manifest(shorter), resumed)) == {("ledger", "truncated")}
    swapped = (*lines[:2], lines[3], lines[2], *lines[4:])
    other = {**members, LEDGER: b"".join(line + b"\n" for line in swapped)}
    assert told(archive_of(with_manifest(other), resumed)) == {("ledger entry 3", "re-ordered")}


def test_altered_missing_and_added_members_are_named(resumed: bytes) -> None:
    members = members_of(resumed)
    blob = next(name for name in members if name.startswith("blobs/"))
    assert told(archive_of({**members, blob: b"other"}, resumed)) >= {(blob, "altered")}
    lacking = {name: content for name, content in members.items() if name != blob}
    assert told(archive_of(lacking, resumed)) >= {(blob, "missing")}
    assert told(archive_of(with_manifest(lacking), resumed)) != set()
    added = f"blobs/{sha256(b'added')}"
    assert told(archive_of({**members, added: b"added"}, resumed)) >= {(added, "added")}
    assert told(archive_of(with_manifest({**members, added: b"added"}), resumed)) == {
        ("ledger", "blob that no entry names")
    }
    for name in (*REQUIRED, ATTESTATION):
        without = {one: content for one, content in members.items() if one != name}
        assert (name, "missing") in told(archive_of(without, resumed))


@pytest.mark.parametrize("name", RENDERED)
def test_a_report_in_another_form_that_tells_another_tale_is_found(small: bytes, name: str) -> None:
    """Its hash in the manifest is right; but it is not what the report is written as."""
    members = members_of(small)
    other = with_manifest({**members, name: members[name].replace(b"observer", b"somebody", 1)})
    assert told(archive_of(other, small)) == {(name, "altered")}


def test_a_better_verdict_is_found_though_every_hash_and_the_signature_fit(signing_key: Path) -> None:
    """Whoever holds the key may sign anything; but the report no longer follows from what was seen."""
    ledger, bundles, audit = Ledger(MemoryLedger(), RUN), MemoryBundles(), audit_of("other-platform-pulled")
    walked(ledger, audit)
    report = report_of(audit, finished_at=audit.started_at)
    seal(ledger, audit, report.model_copy(update={"verdict": Verdict.PASSED, "findings": ()}), bundles)
    (damage,) = judged(bundles.content).damages
    assert (damage.subject, damage.what) == (f"report of ledger entry {len(ledger.entries()) - 1}", "altered")
    assert damage.told == "not from its evidence: verdict, findings"


def test_an_observation_that_no_entry_holds_proves_nothing(signing_key: Path) -> None:
    ledger, bundles = Ledger(MemoryLedger(), RUN), MemoryBundles()
    ledger.begin(audit_of("healthy-pulled"))
    report = report_of(audit_of("healthy-pulled"), finished_at=audit_of("healthy-pulled").started_at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "seen", lambda *_, **__: None)
        seal(ledger, audit_of("healthy-pulled"), report, bundles)
    (damage,) = judged(bundles.content).damages
    assert damage.what == "missing"
    assert "in no entry before the report" in damage.told


def test_a_report_of_another_version_that_differs_is_not_judged_and_not_called_broken(signing_key: Path) -> None:
    ledger, bundles, audit = Ledger(MemoryLedger(), RUN), MemoryBundles(), audit_of("other-platform-pulled")
    walked(ledger, audit)
    report = report_of(audit, finished_at=audit.started_at)
    seal(ledger, audit, report.model_copy(update={"verdict": Verdict.UNKNOWN, "version": "0.0.9"}), bundles)
    found = judged(bundles.content)
    assert (found.damages, found.exit_code) == ([], 5)
    assert "made by version 0.0.9" in found.not_judged[0]


def test_a_bundle_of_a_later_form_is_not_judged(small: bytes) -> None:
    members = members_of(small)
    later = canonical({**json.loads(members["manifest.json"]), "schema_version": 2})
    found = judged(archive_of({**members, "manifest.json": later}, small))
    assert (found.damages, found.exit_code) == ([], 5)
    assert "this version knows 1" in found.not_judged[0]


def test_a_manifest_that_says_the_same_in_other_words_is_altered(small: bytes) -> None:
    members = members_of(small)
    fields = json.loads(members["manifest.json"])
    others = [
        {**fields, "schema_version": True},
        {**fields, "ledger_entries": str(fields["ledger_entries"])},
        {**fields, "finished_at": fields["finished_at"].replace("Z", "+00:00")},
        {**fields, "members": fields["members"][::-1]},
        {**fields, "members": [*fields["members"], fields["members"][-1]]},
    ]
    for other in others:
        altered = archive_of({**members, "manifest.json": canonical(other)}, small)
        assert told(altered) == {("manifest.json", "altered")}


def test_a_signature_that_was_taken_away_is_missed(small: bytes) -> None:
    members = members_of(small)
    del members["attestation.dsse.json"]
    assert told(archive_of(with_manifest(members), small)) == {("attestation.dsse.json", "missing")}


def test_what_a_ledger_held_before_is_in_every_later_bundle(resumed: bytes) -> None:
    """The first pass: its report stands apart, and the hash of its own bundle stands in the chain."""
    found = judged(resumed)
    verdicts = [entry.body.verdict for entry in found.entries if isinstance(entry.body, Reported)]
    assert verdicts == [Verdict.BLOCKED, Verdict.PASSED_WITH_WARNINGS]
    ended = [entry.body for entry in found.entries if isinstance(entry.body, End)]
    assert [one.verdict for one in ended] == [Verdict.BLOCKED]
    assert len(ended[0].bundle_sha256) == 64


def test_report_ledger_and_signature_name_each_other(resumed: bytes) -> None:
    found = judged(resumed)
    assert found.report is not None
    assert found.report.integrity is not None
    last, before = found.entries[-1], found.entries[-2]
    assert found.report.integrity.ledger_head == before.hash == last.previous
    assert found.report.integrity.entries == before.number
    statement = json.loads(base64.b64decode(json.loads(members_of(resumed)["attestation.dsse.json"])["payload"]))
    heads = [one["digest"]["sha256"] for one in statement["predicate"]["configuration"] if "digest" in one]
    assert heads == [last.hash]
