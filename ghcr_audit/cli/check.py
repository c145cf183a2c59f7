"""`ghcr-audit check`: the read-only audit in this process: no Prefect, no server, one connection."""

import argparse
import os
from pathlib import Path

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.audit import Audit
from ghcr_audit.cli.earlier import earlier_runs, up_to
from ghcr_audit.cli.language import report_language
from ghcr_audit.cli.live import watching_live
from ghcr_audit.cli.printing import say
from ghcr_audit.cli.report_files import give_reports, report_wishes
from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Link, Mode
from ghcr_audit.language import phrase, speaking
from ghcr_audit.report.model import Report


def run(options: argparse.Namespace) -> int:
    """Observe, judge, print; the exit code is the verdict's."""
    wishes = report_wishes(options)
    earlier = earlier_runs(options, wishes, flows=False)
    if options.bundle is not None:
        _check_place(options.bundle)
    audit = begin(options.target, options.tag, Mode.OBSERVE)
    try:
        title = phrase("check of {target} {tag}", target=audit.target.name, tag=audit.tag)
        with watching_live(title, quiet=options.quiet):
            audit = observed(audit)
    finally:
        close_connections()
    from ghcr_audit.report.making import report_of

    report = report_of(audit, finished_at=utc_now())
    if options.bundle is not None:
        report = _bundled(audit, report, Path(options.bundle), quiet=options.quiet)
    with speaking(report_language(options.lang, audit.target.lang)):
        give_reports(report, options, wishes, up_to(report, earlier))
    return report.verdict.exit_code


def _check_place(text: str) -> None:
    """Before anything is audited: the bundle is to be a file in a folder that is there, or in this folder.

    Raises:
        ConfigurationError: it cannot be.
    """
    path = Path(text)
    if not path.is_dir() and (text.endswith(os.sep) or not path.parent.is_dir()):
        raise ConfigurationError(
            f"--bundle: there is no folder for {shown(text)}", hint="Create it first: no folder is created here."
        )


def _bundled(audit: Audit, report: Report, path: Path, *, quiet: bool) -> Report:
    """The report, sealed in a bundle at this path; its ledger is made for it alone."""
    import tempfile

    from ghcr_audit.adapters.bundle import BundleFile, seal
    from ghcr_audit.adapters.ledger import FolderLedger, Ledger

    with tempfile.TemporaryDirectory(prefix="ghcr-audit-ledger-") as folder:
        ledger = Ledger(FolderLedger(Path(folder)), audit.run)
        ledger.begin(audit)
        for link in Link:
            if seen := [one for one in audit.observations if one.link is link]:
                ledger.seen(link, seen)
        evidence = seal(ledger, audit, report, BundleFile(path))
    if quiet:
        return evidence.report
    say(f"evidence: {evidence.anchor.place}; ledger head {evidence.anchor.head}")
    if evidence.anchor.not_signed:
        say(f"not signed: {evidence.anchor.not_signed}")
    return evidence.report


def observed(audit: Audit) -> Audit:
    """The audit with everything seen that can be; a host that is lost is an observation, too."""
    return walk.at_once(audit, meanwhile=_load_judgement)


def _load_judgement() -> None:
    """Import what is needed once the host has answered; until then there is time."""
    from ghcr_audit.report import making, text  # noqa: F401
