"""`ghcr-audit fleet`: many targets at once, in this process, on one page."""

import argparse

from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.printing import say
from ghcr_audit.cli.run import quiet_flow
from ghcr_audit.errors import AuditError
from ghcr_audit.fleet import Fleet, FleetMode
from ghcr_audit.fleet_forms import fleet_markdown, fleet_text
from ghcr_audit.language import Language, speaking

_SUFFIX = "fleet-report-json"
_HEARD = ("fleet", "waiting", "drill")
"""What is said of what the flow tells: not each link of each target, in the order in which threads come to them."""
_FENCE = "```json\n"


def run(options: argparse.Namespace) -> int:
    """Run the flow; the exit code is the worst verdict's.

    Raises:
        ConfigurationError: there is no target.
        AuditError: the flow ended without a matrix.
    """
    flow = quiet_flow("flows.fleet_audit", hears=lambda subject: subject in _HEARD)
    mode, names = FleetMode(options.mode), flow.chosen(list(options.targets) or None)
    with speaking(Language.ENGLISH), speaking_to_the_server(needed=False):
        state = flow.fleet_audit(
            targets=list(names), mode=mode, wait_hours=options.wait_hours or 0.0, return_state=True
        )
        fleet = _fleet(str(state.state_details.flow_run_id))
    if fleet is None or state.name != fleet.verdict.value:
        raise AuditError(f"fleet: the flow ended without its matrix: state {state.name}: {state.message or ''}")
    _print(fleet, options)
    return fleet.verdict.exit_code


def _fleet(run: str) -> Fleet | None:
    from ghcr_audit.cli.reports import newest_artifact

    text = newest_artifact(run, _SUFFIX)
    return None if text is None else Fleet.model_validate_json(text.removeprefix(_FENCE).removesuffix("\n```"))


def _print(fleet: Fleet, options: argparse.Namespace) -> None:
    if options.json:
        print(fleet.model_dump_json(indent=2))
    elif options.markdown:
        print(fleet_markdown(fleet))
    else:
        print(fleet_text(fleet))
    if fleet.not_passed:
        say("each target's report: ghcr-audit report TARGET")
