"""Evidence of real runs: every pass is in the ledger, the bundle verifies, and a killed process tears nothing."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ghcr_audit.adapters.ledger import FolderLedger, Ledger
from ghcr_audit.evidence import Link
from ghcr_audit.ledger.canonical import sha256
from ghcr_audit.ledger.check import check
from ghcr_audit.ledger.entry import Begin, End, Entry, Reported, Seen, Tried
from ghcr_audit.ledger.outputs import Blob
from ghcr_audit.ledger.problem import What
from ghcr_audit.verdicts import Verdict
from lab.demo_story import leaks
from lab.lab import Lab
from lab.served import Served, served

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def audits(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("evidence")
    with served(lab, folder, {"GHCR_AUDIT_SIGNING_KEY": str(folder / "signing.key")}) as running:
        yield running


@pytest.fixture(autouse=True)
def refused_credential(lab: Lab, audits: Served) -> Iterator[None]:
    lab.store_credential(lab.tokens.gh_oauth)
    yield
    lab.store_credential(lab.tokens.good)
    audits.cancel_waiting_runs()


def evidence_folder(audits: Served) -> Path:
    """Below Prefect's result storage, wherever the stack has that."""
    found = [path for path in audits.folder.rglob("ghcr-audit-evidence") if path.is_dir()]
    assert len(found) == 1
    return found[0]


def whole_ledger(folder: Path, run: str) -> tuple[Entry, ...]:
    """The stored ledger, which must be whole, with its outputs; one that no entry names yet is a killed writer's."""
    store = FolderLedger(folder)
    outputs = {path.name: path.read_bytes() for path in (folder / f"ledger-{run}" / "blobs").glob("*")}
    blobs = {name: Blob(sha256=sha256(held), size_bytes=len(held)) for name, held in outputs.items()}
    problems = check(store.read(run).lines, blobs).problems
    assert [one for one in problems if one.what is not What.BLOB_UNKNOWN] == []
    return Ledger(store, run).entries()


def test_a_resumed_runs_bundle_holds_both_passes_and_verifies_against_the_artifact(audits: Served) -> None:
    run = audits.trigger()
    first = audits.settled(run)
    assert first.name == "Suspended"
    path = evidence_folder(audits) / f"evidence-{run}.tar.gz"
    blocked = audits.cli("verify", str(path), "--json")
    assert blocked.returncode == 0, blocked.stdout
    assert json.loads(blocked.stdout)["verdict"] == "Blocked"

    assert audits.cli("resume", str(run), stdin=f"{audits.lab.tokens.good}\n").returncode == 0
    assert audits.settled(run, after=first).name == "PassedWithWarnings"
    entries = whole_ledger(evidence_folder(audits), str(run))
    assert [one.pass_ for one in entries if isinstance(one.body, Begin)] == [1, 2]
    reports = [one.body.verdict for one in entries if isinstance(one.body, Reported)]
    assert reports == [Verdict.BLOCKED, Verdict.PASSED_WITH_WARNINGS]
    assert [one.body.attempt.outcome for one in entries if isinstance(one.body, Tried)] == ["accepted"]
    second = [one.body.link for one in entries if isinstance(one.body, Seen) and one.pass_ == 2]
    assert list(dict.fromkeys(second)) == list(Link)
    assert isinstance(entries[-1].body, End)

    key = audits.folder / "signing.pub"
    checked = audits.cli("verify", str(path), "--key", str(key), "--json")
    assert checked.returncode == 0, checked.stdout
    found = json.loads(checked.stdout)
    assert (found["outcome"], found["passes"], found["reports_judged_again"]) == ("intact", 2, 2)
    assert found["signature_checked"]
    assert found["ledger_head"] == entries[-2].hash
    assert entries[-2].hash in artifact(audits, run)
    report = audits.report(run)
    assert report.integrity is not None
    assert report.integrity.ledger_head == entries[-3].hash
    secrets = (audits.lab.tokens.good, audits.lab.tokens.gh_oauth)
    assert [path for secret in secrets for path in leaks(secret, evidence_folder(audits))] == []


def artifact(audits: Served, run: UUID) -> str:
    with audits.client() as client:
        answer = client.request(
            "POST", "/artifacts/filter", json={"artifacts": {"key": {"any_": ["observer-evidence"]}}}
        )
    texts = [one["data"] for one in answer.json() if one["flow_run_id"] == str(run)]
    return str(texts[-1]) + str(texts[0])


def test_a_run_that_is_killed_leaves_a_whole_ledger_of_what_it_had_seen(audits: Served) -> None:
    before = set(audits.folder.rglob("ledger-*/ledger.jsonl"))
    words = ("run", "observer", "--tag", audits.lab.releases.newest_published, "--mode", "pull", "--wait-hours", "1")
    process = audits.cli_started(*words)
    ledger = _grown(audits.folder, before)
    process.kill()
    process.communicate(timeout=30)
    entries = whole_ledger(ledger.parents[1], ledger.parent.name.removeprefix("ledger-"))
    assert isinstance(entries[0].body, Begin)
    assert isinstance(entries[1].body, Seen)
    assert entries[1].body.link is Link.PREFLIGHT
    assert entries[1].body.observations


def _grown(folder: Path, before: set[Path]) -> Path:
    """A new ledger, as soon as it has two lines."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for path in set(folder.rglob("ledger-*/ledger.jsonl")) - before:
            if path.read_bytes().count(b"\n") > 1:
                return path
        time.sleep(0.05)
    raise AssertionError("no ledger grew")
