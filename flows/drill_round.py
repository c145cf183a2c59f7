"""A round of drills: one target after another, each in a run of its own, and never past a host that is not restored."""

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import run_deployment

from flows.start import prepare_process
from flows.target_choice import TargetName
from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Mode
from ghcr_audit.targets import load_target, target_names
from ghcr_audit.verdicts import Verdict
from tasks.failures import redacting

AUDIT_DEPLOYMENT = "release-audit/release-audit"
_PASSED = {verdict.value for verdict in Verdict if verdict.passed}
_HOST_IS_WELL = {verdict.value for verdict in Verdict if verdict is not Verdict.RESTORE_FAILED}
"""After these the host is as it was. After anything else (also Crashed, Cancelled) nobody knows: the round ends."""
_LOOK_EVERY_S = 5


@flow(name="drill-round", persist_result=False)
@redacting
def drill_round(targets: list[TargetName] | None = None) -> State[None]:
    """Drill every target whose file allows it, one after another; stop at the first whose host is not restored.

    Args:
        targets: Names of files in deployments/targets. Left out: all that allow drills.
    """
    prepare_process()
    told: dict[str, str] = {}
    for target in _allowed(targets):
        run = _drilled(target)
        told[target] = run.state.name or "" if run.state else "Unknown"
        get_run_logger().info(f"{target}: {told[target]} ({run.name}, run {run.id})")
        if told[target] not in _HOST_IS_WELL:
            break
    return _final_state(told)


def _allowed(targets: list[str] | None) -> list[str]:
    """Names, in order. One that is asked for by name and forbids drills is an error, and is found before the first."""
    folder = targets_folder()
    names = sorted(set(targets)) if targets is not None else target_names(folder)
    allowed = [name for name in names if load_target(name, folder).drill == "allowed"]
    if targets is not None and allowed != names:
        raise ConfigurationError(f"drills: forbidden by the target file: {', '.join(sorted({*names} - {*allowed}))}")
    return allowed


def _drilled(target: str) -> FlowRun:
    """A run of the deployment, so that every safeguard of a drill stands around it; it waits for no credential."""
    parameters = {"target": target, "mode": Mode.DRILL.value, "wait_hours": 0}
    return run_deployment(AUDIT_DEPLOYMENT, parameters=parameters, poll_interval=_LOOK_EVERY_S)  # type: ignore[return-value]


def _final_state(told: dict[str, str]) -> State[None]:
    """Its name is that of the last drill that did not pass; a name that is no verdict of ours becomes Failed."""
    words = "; ".join(f"{target}: {name}" for target, name in told.items()) or "no target allows drills"
    failed = [name for name in told.values() if name not in _PASSED]
    if failed:
        return State(type=StateType.FAILED, name=failed[-1] if failed[-1] in set(Verdict) else "Failed", message=words)
    warned = Verdict.PASSED_WITH_WARNINGS.value in told.values()
    name = Verdict.PASSED_WITH_WARNINGS if warned else Verdict.PASSED
    return State(type=StateType.COMPLETED, name=name.value if told else "Completed", message=words)
