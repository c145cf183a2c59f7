"""`ghcr-audit run`: the audit flow in this process, with the Prefect server that is configured, or one of its own."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable
from types import ModuleType

from ghcr_audit.adapters.begin import DrillWishes, begin
from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.earlier import earlier_runs, up_to
from ghcr_audit.cli.language import report_language
from ghcr_audit.cli.live import is_lively, watching_live
from ghcr_audit.cli.printing import say
from ghcr_audit.cli.report_files import give_reports, report_wishes
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Link, Mode
from ghcr_audit.language import Language, phrase, speaking, spoken

_DEFAULT_WAIT_HOURS = 72.0
_STARTUP_VARIABLE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
_STARTUP_S = 90
"""Prefect waits 20 s for a server of its own, which a busy machine may need longer for."""


def run(options: argparse.Namespace) -> int:
    """Run the flow; the exit code is the verdict's.

    Raises:
        ConfigurationError: before Prefect is even imported, when target or tag cannot be meant.
    """
    forms = report_wishes(options)
    earlier = earlier_runs(options, forms, flows=True)
    mode, wishes = Mode(options.mode), DrillWishes(rollback_to=options.rollback_to, force=options.force)
    audit = begin(options.target, options.tag, mode, wishes=wishes)
    flow = quiet_flow("flows.release_audit", hears=_hears(quiet=options.quiet))
    title = phrase("{target} {tag}, mode {mode}", target=audit.target.name, tag=audit.tag, mode=mode.value)
    english = speaking(Language.ENGLISH)  # what it publishes is told in its target's language, never in a terminal's
    with english, speaking_to_the_server(needed=False), watching_live(title, quiet=options.quiet):
        state = flow.release_audit(
            target=options.target,
            tag=options.tag,
            mode=mode,
            wait_hours=_wait_hours(options),
            rollback_to=wishes.rollback_to,
            force=wishes.force,
            return_state=True,
        )
    with speaking_to_the_server(needed=False):
        from ghcr_audit.cli.reports import report_of_run

        report = report_of_run(str(state.state_details.flow_run_id))
    if report is None or state.name != report.verdict.value:
        raise AuditError(
            f"run: the flow ended without its final report: state {state.name}",
            hint=f"An earlier one may stand: ghcr-audit report {state.state_details.flow_run_id}",
        )
    with speaking(report_language(options.lang, audit.target.lang)):
        give_reports(report, options, forms, up_to(report, earlier))
    return report.verdict.exit_code


def _wait_hours(options: argparse.Namespace) -> float:
    if options.wait_hours is not None:
        return float(options.wait_hours)
    return _DEFAULT_WAIT_HOURS if sys.stdin.isatty() else 0.0


def _hears(*, quiet: bool) -> Callable[[str], bool]:
    """What is said of what the flow tells: quiet, what a person is waited for; live, what the view does not show."""
    if quiet:
        return lambda subject: subject == "credential"
    shown = ("verdict", *Link) if is_lively() else ()
    return lambda subject: subject not in shown


def quiet_flow(name: str, *, hears: Callable[[str], bool] = bool) -> ModuleType:
    """A module of `flows`, with a console that only says what the links say, of the subjects that `hears` takes.

    Raises:
        AuditError: the flows are not here.
    """
    os.environ.setdefault(_STARTUP_VARIABLE, str(_STARTUP_S))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in ("flows", "tasks"):
            raise
        raise AuditError(
            "run: the flows are not here: this is an installed package, they ship in a checkout",
            hint="Run it from a clone of the repository, or use `ghcr-audit check`.",
        ) from None
    _quiet_console(_Chatter(hears))
    return module


class _Chatter(logging.Handler):
    """Shows what the links say of themselves, as far as it is to be heard, and nothing else of Prefect's log."""

    def __init__(self, hears: Callable[[str], bool]) -> None:
        super().__init__()
        self._hears = hears
        self._language = spoken()

    def emit(self, record: logging.LogRecord) -> None:
        subject = str(getattr(record, "ghcr_audit", ""))
        if record.levelno >= logging.WARNING or (subject and self._hears(subject)):
            with speaking(self._language):
                say(record.getMessage())


def _quiet_console(chatter: logging.Handler) -> None:
    from prefect.logging.configuration import setup_logging
    from prefect.logging.handlers import PrefectConsoleHandler

    setup_logging()
    for name in ("prefect", "prefect.flow_runs", "prefect.task_runs", ""):
        logger = logging.getLogger(name)
        for handler in [one for one in logger.handlers if isinstance(one, PrefectConsoleHandler)]:
            logger.removeHandler(handler)
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addHandler(chatter)
