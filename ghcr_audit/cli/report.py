"""`ghcr-audit report`: the report of a run, read from Prefect's artifacts."""

import argparse

from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.earlier import earlier_runs, up_to
from ghcr_audit.cli.report_files import give_reports, report_wishes
from ghcr_audit.errors import ConfigurationError


def run(options: argparse.Namespace) -> int:
    """Print it; exit code 2 when there is none."""
    wishes = report_wishes(options)
    options.markdown = not (options.json or options.quiet)
    earlier = earlier_runs(options, wishes, flows=True)
    with speaking_to_the_server():
        from ghcr_audit.cli.reports import report_of_run

        report = report_of_run(options.run)
    if report is None:
        raise ConfigurationError(
            f"report: the server knows no report of {options.run!r}",
            hint="Give the id of a flow run (its page in the UI shows it), or the name of a target.",
        )
    give_reports(report, options, wishes, up_to(report, earlier))
    return 0
