"""Reports as they lie in Prefect: artifacts of a run, read through the API."""

import uuid

from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort
from pydantic import ValidationError

from ghcr_audit.errors import AuditError
from ghcr_audit.report.model import Report

DATA_SUFFIX = "-report-json"
"""End of the key under which a target's reports lie."""
_FENCE = "```json\n"


def report_of_run(run: str) -> Report | None:
    """The newest report of a flow run (by id) or of a target (by name); None when there is none."""
    text = newest_artifact(run, DATA_SUFFIX)
    return _parsed(text, run) if text is not None else None


def parsed_report(artifact: Artifact) -> Report:
    """The report that an artifact holds.

    Raises:
        AuditError: it is none of this version.
    """
    return _parsed(_text(artifact), str(artifact.id))


def _parsed(text: str, name: str) -> Report:
    try:
        return Report.model_validate_json(text.removeprefix(_FENCE).removesuffix("\n```"))
    except ValidationError:
        raise AuditError(
            f"report: the artifact of {name!r} is no report of this version",
            hint="Another version made it: the run's page in the UI shows it, as Markdown.",
        ) from None


def newest_artifact(run: str, suffix: str) -> str | None:
    """The content of the newest artifact of a run or target whose key ends so."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=_filter(run, suffix), sort=ArtifactSort.CREATED_DESC, limit=20)
    fitting = (artifact for artifact in found if (artifact.key or "").endswith(suffix))
    return next((_text(artifact) for artifact in fitting), None)


def _filter(run: str, suffix: str) -> ArtifactFilter:
    try:
        return ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[uuid.UUID(run)]))
    except ValueError:
        return ArtifactFilter(key=ArtifactFilterKey(any_=[f"{run}{suffix}"]))


def _text(artifact: Artifact) -> str:
    return artifact.data if isinstance(artifact.data, str) else ""
