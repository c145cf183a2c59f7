"""`ghcr-audit run`: the audit flow in this process, with the Prefect server that is configured, or one of its own."""

import argparse
import logging
import sys
from types import ModuleType

from ghcr_audit.adapters.begin import DrillWishes, begin
from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.printing import say
from ghcr_audit.cli.report_files import give_reports, report_wishes
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Mode

_DEFAULT_WAIT_HOURS = 72.0


def run(options: argparse.Namespace) -> int:
    """Run the flow; the exit code is the verdict's.

    Raises:
        ConfigurationError: before Prefect is even imported, when target or tag cannot be meant.
    """
    forms = report_wishes(options)
    mode, wishes = Mode(options.mode), DrillWishes(rollback_to=options.rollback_to, force=options.force)
    begin(options.target, options.tag, mode, wishes=wishes)
    flow = _flow()
    with speaking_to_the_server(needed=False):
        state = flow.release_audit(
            target=options.target,
            tag=options.tag,
            mode=mode,
            wait_hours=_wait_hours(options),
            rollback_to=wishes.rollback_to,
            force=wishes.force,
            return_state=True,
        )
        from ghcr_audit.cli.reports import report_of_run

        report = report_of_run(str(state.state_details.flow_run_id))
    if report is None or state.name != report.verdict.value:
        raise AuditError(
            f"run: the flow ended without its final report: state {state.name}",
            hint=f"An earlier one may stand: ghcr-audit report {state.state_details.flow_run_id}",
        )
    give_reports(report, options, forms)
    return report.verdict.exit_code


def _wait_hours(options: argparse.Namespace) -> float:
    if options.wait_hours is not None:
        return float(options.wait_hours)
    return _DEFAULT_WAIT_HOURS if sys.stdin.isatty() else 0.0


def _flow() -> ModuleType:
    """The module flows.release_audit, with a console that only says what the links say."""
    try:
        import flows.release_audit as module
    except ModuleNotFoundError as error:
        if error.name not in ("flows", "tasks"):
            raise
        raise AuditError(
            "run: the flows are not here: this is an installed package, they ship in a checkout",
            hint="Run it from a clone of the repository, or use `ghcr-audit check`.",
        ) from None
    _quiet_console()
    return module


class _Chatter(logging.Handler):
    """Shows what the links say of themselves, and nothing else of Prefect's log."""

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "ghcr_audit") or record.levelno >= logging.WARNING:
            say(record.getMessage())


def _quiet_console() -> None:
    from prefect.logging.configuration import setup_logging
    from prefect.logging.handlers import PrefectConsoleHandler

    setup_logging()
    for name in ("prefect", "prefect.flow_runs", "prefect.task_runs", ""):
        logger = logging.getLogger(name)
        for handler in [one for one in logger.handlers if isinstance(one, PrefectConsoleHandler)]:
            logger.removeHandler(handler)
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addHandler(_Chatter())
