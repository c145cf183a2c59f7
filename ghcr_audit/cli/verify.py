"""`ghcr-audit verify`: whether a bundle's evidence is what was written down, and its report what follows from it.

Offline, in memory, nothing unpacked. Exit codes: 0 intact, 2 no bundle, 3 broken, 5 it could not be judged here.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ghcr_audit.adapters.bundle import read_bundle
from ghcr_audit.attestation import check_envelope, keyid_of
from ghcr_audit.attestation.keys import read_public_key
from ghcr_audit.bundle.verified import Signed, Verification, verified
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.text.columns import padded
from ghcr_audit.text.terminal import one_line

_SHOWN = 50
"""So many damages are printed; a hostile bundle may have thousands."""
NOT_PROVEN = (
    "that the host told the truth: whoever controls the host controls what it answers",
    "that the times are right: they are those of the controller's clock",
    "that nothing else was done on the host beside what stands in the ledger",
    "what was cut off from outputs longer than their limit, and what was redacted",
)
_UNSIGNED = "that this is the bundle which the run made: without a signature all of it can be replaced as a whole"
_NO_KEY = "who signed it: no key was given (--key), so its content was compared, and the signature was not"
_ANCHOR = "that it is the newest of its run: compare the ledger head with the artifact TARGET-evidence in Prefect"


def run(options: argparse.Namespace) -> int:
    """Check the bundle and say what was found.

    Raises:
        NoBundleError: it is no bundle, or cannot be read.
        ConfigurationError: the key cannot be read.
    """
    key = Path(options.key) if options.key else None
    if key is not None:
        read_public_key(key)
    found = verified(read_bundle(Path(options.bundle)), signature_check(key))
    if key is not None and found.report is not None and not found.signed_by:
        found.damaged("attestation", "missing", "a key was given, and the bundle is not signed")
    print(json.dumps(_document(found, key), ensure_ascii=False, indent=2) if options.json else _told(found, key))
    return found.exit_code


def signature_check(key: Path | None) -> Callable[[Signed], Sequence[str]]:
    """The last step of a bundle's check: its signature is of its report; with a key, it is also this key's."""

    def problems(signed: Signed) -> Sequence[str]:
        named = signed.report.integrity.signer if signed.report.integrity else ""
        given = keyid_of(signed.envelope)
        other = (f"signed by {given or 'nobody'} (the report says {named or 'nobody'})",) if given != named else ()
        return (
            *other,
            *check_envelope(signed.envelope, public_key=key, ledger_head=signed.ledger_head, report=signed.report),
        )

    return problems


def _outcome(found: Verification) -> str:
    if found.damages:
        return "BROKEN"
    return "NOT JUDGED" if found.not_judged else "INTACT"


def _told(found: Verification, key: Path | None) -> str:
    lines = [f"{told_as(_outcome(found))}: {tell(_headline(found))}"]
    lines += [f"  ✗ {one_line(tell(str(damage)))}" for damage in found.damages[:_SHOWN]]
    if len(found.damages) > _SHOWN:
        lines.append(f"  ✗ {phrase('and {count} more', count=len(found.damages) - _SHOWN)}")
    lines += [f"  ? {one_line(tell(reason))}" for reason in found.not_judged[:_SHOWN]]
    lines += [f"  {padded(told_as(name), 12)} {one_line(tell(value))}" for name, value in _facts(found, key)]
    lines += ["", tell("It does not prove:"), *(f"  - {tell(sentence)}" for sentence in _not_proven(found, key))]
    return "\n".join(lines)


def _headline(found: Verification) -> str:
    if found.damages:
        return f"this is not the evidence that was written down ({len(found.damages)} damages)"
    if found.not_judged:
        return "nothing speaks against it, but it cannot be judged here"
    return "every entry, output and report is as it was written, and the verdict follows from them"


def _facts(found: Verification, key: Path | None) -> Iterator[tuple[str, str]]:
    report, entries = found.report, found.entries
    if report is not None:
        yield "report", f"{report.target} {report.tag}: {report.verdict.value}, finished {report.finished_at}"
        yield "run", report.run
    if entries:
        yield "ledger", f"entries: {len(entries)}, passes: {entries[-1].pass_}, head {entries[-1].hash}"
        yield "judged again", f"reports: {found.judged_again}, each the same"
        if cut := [entry for entry in entries if entry.cut_bytes]:
            yield "interrupted", f"before entries {', '.join(str(entry.number) for entry in cut)} a writer was killed"
    if found.report is not None:
        checked = "" if key is None else ", checked with the key"
        yield "signed by", f"{found.signed_by}{checked}" if found.signed_by else "nobody"


def _not_proven(found: Verification, key: Path | None) -> tuple[str, ...]:
    if not found.signed_by:
        return (_UNSIGNED, _ANCHOR, *NOT_PROVEN)
    return (*((_NO_KEY, _UNSIGNED) if key is None else ()), _ANCHOR, *NOT_PROVEN)


def _document(found: Verification, key: Path | None) -> dict[str, object]:
    report, last = found.report, found.entries[-1] if found.entries else None
    return {
        "outcome": _outcome(found).lower().replace(" ", "-"),
        "damages": [{"subject": one.subject, "what": one.what, "told": one.told} for one in found.damages],
        "not_judged": found.not_judged,
        "run": report.run if report else None,
        "target": report.target if report else None,
        "tag": report.tag if report else None,
        "verdict": report.verdict.value if report else None,
        "ledger_head": last.hash if last else None,
        "ledger_entries": len(found.entries),
        "passes": last.pass_ if last else 0,
        "reports_judged_again": found.judged_again,
        "signed_by": found.signed_by or None,
        "signature_checked": key is not None and bool(found.signed_by) and not found.damages,
        "not_proven": list(_not_proven(found, key)),
    }
