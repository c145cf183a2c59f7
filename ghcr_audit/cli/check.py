"""`ghcr-audit check`: the read-only audit in this process: no Prefect, no server, one connection."""

import argparse

from ghcr_audit.adapters import walk
from ghcr_audit.adapters.begin import begin
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.audit import Audit
from ghcr_audit.cli.printing import print_report
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Mode
from ghcr_audit.reporting import report_of


def run(options: argparse.Namespace) -> int:
    """Observe, judge, print; the exit code is the verdict's."""
    audit = begin(options.target, options.tag, Mode.OBSERVE)
    try:
        report = report_of(observed(audit), finished_at=utc_now())
    finally:
        close_connections()
    print_report(report, options)
    return report.verdict.exit_code


def observed(audit: Audit) -> Audit:
    """The audit with everything seen that can be; a host that is lost is an observation, too."""
    try:
        return walk.at_once(audit)
    except HostError as error:
        return walk.lost(walk.outside(audit), Link.PREFLIGHT, error)
