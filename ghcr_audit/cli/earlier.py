"""Earlier runs of the target whose report is being given, for the forms that draw them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ghcr_audit.cli.printing import say
from ghcr_audit.errors import AuditError, ConfigurationError
from ghcr_audit.report.forms import HTML, Wish
from ghcr_audit.report.model import Report

if TYPE_CHECKING:
    from ghcr_audit.history.kept import PastRuns
    from ghcr_audit.history.past import Past

_LATER_RUNS = 50
"""So many runs may have followed the one whose report is given."""


def earlier_runs(options: argparse.Namespace, wishes: Sequence[Wish], *, flows: bool) -> "PastRuns | None":
    """Where earlier runs are to be looked for: to be called before anything is audited; None: nobody draws them.

    `flows`: where no folder is named, those that Prefect keeps, for verbs that speak to it anyway.

    Raises:
        ConfigurationError: the folder is not there, or nothing is wished that draws them.
    """
    drawn = any(wish.form == HTML for wish in wishes)
    if options.history is not None and not drawn:
        raise ConfigurationError(
            "--history: no form is wished that draws earlier runs", hint="Add --report html:PATH, or leave it out."
        )
    if not drawn or not (flows or options.history):
        return None
    from ghcr_audit.cli.past_runs import past_runs

    try:
        return past_runs(options.history)
    except ConfigurationError:
        if options.history is not None:
            raise
        return None  # a first run of this machine's own


def up_to(report: Report, source: "PastRuns | None") -> "tuple[Past, ...]":
    """This run and those that ended before it, newest first; () where there was none. Never a reason to fail."""
    if source is None:
        return ()
    from ghcr_audit.history.kept import listed
    from ghcr_audit.history.past import past_of
    from ghcr_audit.pictures.history import RUNS_SHOWN

    try:
        listing = listed(source.newest_first(report.target), RUNS_SHOWN + _LATER_RUNS)
    except AuditError as error:
        say(f"earlier runs are not drawn: {error.message}")
        return ()
    for one in listing.left_out:
        say(f"not drawn: {one.place}: {one.trust.value}")
    own = past_of(report)
    earlier = [past for past in listing.pasts if past.run != own.run and past.finished_at <= own.finished_at]
    return (own, *earlier[: RUNS_SHOWN - 1]) if earlier else ()
