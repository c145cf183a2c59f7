"""`ghcr-audit check`: the read-only audit in this process: no Prefect, no server, one connection."""

import argparse
import tempfile
from pathlib import Path

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.audit import Audit
from ghcr_audit.cli.printing import say
from ghcr_audit.cli.report_files import give_reports, report_wishes
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Mode
from ghcr_audit.report_model import Report
from ghcr_audit.reporting import report_of


def run(options: argparse.Namespace) -> int:
    """Observe, judge, print; the exit code is the verdict's."""
    wishes = report_wishes(options)
    audit = begin(options.target, options.tag, Mode.OBSERVE)
    try:
        audit = observed(audit)
    finally:
        close_connections()
    report = report_of(audit, finished_at=utc_now())
    if options.bundle is not None:
        report = _bundled(audit, report, Path(options.bundle))
    give_reports(report, options, wishes)
    return report.verdict.exit_code


def _bundled(audit: Audit, report: Report, path: Path) -> Report:
    """The report, sealed in a bundle at this path; its ledger is made for it alone."""
    from ghcr_audit.adapters.bundle import BundleFile, seal
    from ghcr_audit.adapters.ledger import FolderLedger, Ledger

    with tempfile.TemporaryDirectory(prefix="ghcr-audit-ledger-") as folder:
        ledger = Ledger(FolderLedger(Path(folder)), audit.run)
        ledger.begin(audit)
        for link in Link:
            if seen := [one for one in audit.observations if one.link is link]:
                ledger.seen(link, seen)
        evidence = seal(ledger, audit, report, BundleFile(path))
    say(f"evidence: {evidence.anchor.place}; ledger head {evidence.anchor.head}")
    if evidence.anchor.not_signed:
        say(f"not signed: {evidence.anchor.not_signed}")
    return evidence.report


def observed(audit: Audit) -> Audit:
    """The audit with everything seen that can be; a host that is lost is an observation, too."""
    try:
        return walk.at_once(audit)
    except HostError as error:
        return walk.lost(walk.outside(audit), Link.PREFLIGHT, error)
