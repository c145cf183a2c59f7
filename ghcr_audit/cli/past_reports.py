"""Past runs as a Prefect server keeps them: the report of each as an artifact. Nothing of them can be checked."""

from collections.abc import Iterator
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    FlowFilter,
    FlowFilterName,
)
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort, FlowRunSort

from ghcr_audit.cli.api import FLOW_NAME, speaking_to_the_server
from ghcr_audit.cli.reports import DATA_SUFFIX, parsed_report
from ghcr_audit.errors import AuditError, ConfigurationError
from ghcr_audit.history.kept import Kept, Trust
from ghcr_audit.history.past import past_of

_PAGE, _PAGES = 50, 20
_RUNS_LIMIT = 200
_SHORTEST_RUN = 4
"""Characters by which a run can be named."""
_UUID_CHARS = 36


class ServerReports:
    """The reports of the server that is configured, or of the database of this machine where none is."""

    place = "the Prefect server"

    def newest_first(self, target: str) -> Iterator[Kept]:
        """A target's reports by when they were made; of a run that waited there are several, the last comes first."""
        chosen = ArtifactFilter(key=ArtifactFilterKey(any_=[f"{target}{DATA_SUFFIX}"]))
        for page in range(_PAGES):
            found = _artifacts(chosen, offset=page * _PAGE)
            yield from map(_kept, found)
            if len(found) < _PAGE:
                return

    def run(self, name: str) -> Kept | None:
        """The newest report of the flow run of this id, or of the only one of the last 200 whose id begins so."""
        run = _run_id(name)
        if run is None:
            return None
        found = _artifacts(ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run])))
        reports = (artifact for artifact in found if (artifact.key or "").endswith(DATA_SUFFIX))
        return next(map(_kept, reports), None)


def _artifacts(chosen: ArtifactFilter, *, offset: int = 0) -> list[Artifact]:
    with speaking_to_the_server(needed=False), get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=chosen, sort=ArtifactSort.CREATED_DESC, limit=_PAGE, offset=offset)


def _kept(artifact: Artifact) -> Kept:
    try:
        report = parsed_report(artifact)
    except AuditError as error:
        return Kept(place=f"artifact {artifact.id}", trust=Trust.UNREADABLE, told=error.message)
    return Kept(place="server", trust=Trust.SERVER, past=past_of(report))


def _run_id(name: str) -> UUID | None:
    if len(name) == _UUID_CHARS:
        try:
            return UUID(name)
        except ValueError:
            return None
    return _run_beginning(name) if len(name) >= _SHORTEST_RUN else None


def _run_beginning(name: str) -> UUID | None:
    with speaking_to_the_server(needed=False), get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])),
            sort=FlowRunSort.START_TIME_DESC,
            limit=_RUNS_LIMIT,
        )
    fitting = [run.id for run in runs if str(run.id).startswith(name.lower())]
    if len(fitting) > 1:
        raise ConfigurationError(f"run: several begin with {name!r}", hint="Give more characters of its id.")
    return fitting[0] if fitting else None
