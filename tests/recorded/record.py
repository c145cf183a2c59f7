"""Records one audit for each case from a real lab: `python -m tests.recorded.record [CASE...]`.

Every case breaks something real (a credential, an image, the engine, the SSH server), lets the product look, and
puts it right again. Nothing in `audits/` is written by hand. Takes three minutes for both image stores.
"""

import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.login import login
from ghcr_audit.adapters.observe import observe_registry
from ghcr_audit.audit import Audit
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.diagnosis import refusal
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Attempt, Link, Mode
from ghcr_audit.targets import read_target
from lab.lab import Lab
from lab.state import Store
from tests.recorded.breakage import publish_newest
from tests.recorded.cases import CASES
from tests.recorded.stage import Case, Plan

AUDITS = Path(__file__).parent / "audits"
_TOKEN = re.compile(r"(ghp|gho)_lab|github_pat_lab")


def main(names: list[str]) -> None:
    """Record the named cases, or all; those of one image store share a lab."""
    known = {case.name for case in CASES}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no such case: {', '.join(unknown)}")
    wanted = [case for case in CASES if not names or case.name in names]
    for store in ("containerd", "classic"):
        cases = [case for case in wanted if case.store == store]
        if cases:
            _record_all(cases, store)


def _record_all(cases: list[Case], store: Store) -> None:
    """Cases that need a never published tag come first: afterwards everything is published."""
    with Lab.temporary(store=store) as lab, tempfile.TemporaryDirectory() as folder:
        for case in sorted(cases, key=lambda case: case.all_published):
            if case.all_published:
                publish_newest(lab)
            _record(case, lab, Path(folder))


def _record(case: Case, lab: Lab, folder: Path) -> None:
    with case.arranged(lab, folder) as plan:
        audit = _audited(lab, plan, folder)
    text = audit.model_dump_json(indent=1) + "\n"
    if _TOKEN.search(text):
        raise SystemExit(f"{case.name}: the audit holds a token; nothing was written")
    (AUDITS / f"{case.name}.json").write_text(text, encoding="utf-8")
    print(f"{case.name}: {len(audit.observations)} observations", file=sys.stderr, flush=True)


def _audited(lab: Lab, plan: Plan, folder: Path) -> Audit:
    file = folder / "observer.toml"
    file.write_text(lab.target_toml(**plan.settings), encoding="utf-8")
    target = read_target(file)
    audit = Audit(target=target, tag=plan.tag, mode=plan.mode, run=str(uuid.uuid4()), started_at=utc_now())
    with _closing():
        audit = _looked(audit)
        return _walked(_resumed(audit, plan.new_token) if plan.new_token else audit)


@contextmanager
def _closing() -> Iterator[None]:
    try:
        yield
    finally:
        close_connections()


def _looked(audit: Audit) -> Audit:
    """Preflight and auth; a lost host is an observation beside what can be seen without it."""
    try:
        return walk.auth(walk.preflight(audit))
    except HostError as error:
        return walk.lost(walk.outside(audit), Link.PREFLIGHT, error)


def _walked(audit: Audit) -> Audit:
    """The rest of the chain, as far as the mode goes."""
    if audit.host_failure is not None:
        return audit
    return walk.digest(walk.pull_release(audit) if audit.mode is Mode.PULL else audit)


def _resumed(audit: Audit, token: str) -> Audit:
    """What follows when an operator hands over a new credential: judged, logged in, everything observed anew."""
    credential = Credential(user=audit.target.registry_user, secret=Secret(token))
    why, asked_at = next(iter(refusal.credential(audit))), utc_now()
    judged = observe_registry(audit.target, Link.AUTH, (audit.tag, "latest"), credential=credential)
    logged_in = login(host_of(audit.target), audit.target, credential)
    attempt = Attempt(
        number=1,
        outcome="accepted",
        accepted=True,
        asked_because=why.cause,
        asked_summary=why.summary,
        asked_at=asked_at,
        answered_at=utc_now(),
    )
    return _looked(audit.after(attempt).seeing(judged, *logged_in))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.SubprocessError as error:
        raise SystemExit(f"record: {error}") from None
