"""`ghcr-audit report`: the report of a run, read from Prefect's artifacts."""

import argparse

from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.errors import ConfigurationError


def run(options: argparse.Namespace) -> int:
    """Print it; exit code 2 when there is none."""
    with speaking_to_the_server():
        from ghcr_audit.cli.reports import newest_artifact, report_of_run

        report = report_of_run(options.run) if options.json else None
        text = report.model_dump_json(by_alias=True, indent=2) if report else newest_artifact(options.run, "-report")
    if not text:
        raise ConfigurationError(
            f"report: the server knows no report of {options.run!r}",
            hint="Give the id of a flow run (its page in the UI shows it), or the name of a target.",
        )
    print(text)
    return 0
