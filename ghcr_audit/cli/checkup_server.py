"""What `ghcr-audit doctor` asks the Prefect server that is configured."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ghcr_audit.cli.api import FLOW_NAME, address_of, speaking_to_the_server
from ghcr_audit.cli.checkup import Line, Sign, looked
from ghcr_audit.errors import AuditError
from ghcr_audit.images import is_loopback

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

SERVER_TIMEOUT_S = 5


def server() -> Iterator[Line]:
    """Whether it answers, how safe the way there is, and who would run an audit."""
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if url is None:
        todo = "`check` and `run` work without; for the web UI and schedules: ./run serve, then set PREFECT_API_URL."
        yield Line(sign=Sign.NOTE, what="server", found="no Prefect server is configured", todo=todo)
        return
    yield _way_there(url)
    try:
        with speaking_to_the_server():
            yield from _asked_server(url)
    except AuditError as error:
        todo = "Start it (./run serve), or unset PREFECT_API_URL: `check` needs no server."
        yield Line(sign=Sign.WRONG, what="server", found=error.message.removeprefix("server "), todo=todo)
    except ValueError:
        todo = "PREFECT_API_URL must end in /api."
        yield Line(sign=Sign.WRONG, what="server", found=f"{address_of(url)} answers, but not as Prefect", todo=todo)


def _way_there(url: str) -> Line:
    safe = url.startswith("https://") or is_loopback(address_of(url).partition("://")[2].partition("/")[0])
    todo = "Whoever listens reads the blocks: put TLS before it, or reach it through an SSH tunnel."
    return looked(
        "way to the server", f"{address_of(url)}: {'safe' if safe else 'neither loopback nor TLS'}", todo, good=safe
    )


def _asked_server(url: str) -> Iterator[Line]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    lines = []
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": SERVER_TIMEOUT_S}) as client,
    ):
        if problem := client.api_healthcheck():
            raise problem
        lines.append(Line(sign=Sign.GOOD, what="server", found=f"{address_of(url)} answers"))
        lines.extend(_deployments(client))
    yield from lines


def _deployments(client: "SyncPrefectClient") -> Iterator[Line]:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    found = client.read_deployments(flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW_NAME])), limit=20)
    names = ", ".join(f"{one.name}{' (paused)' if one.paused else ''}" for one in found)
    todo = "./run serve deploys it (prefect --no-prompt deploy --all)."
    yield looked("deployment", names or f"none of the flow {FLOW_NAME}", todo, good=bool(found))
    for pool in sorted({one.work_pool_name for one in found if one.work_pool_name}):
        yield _worker(client, pool)
    for served in (one for one in found if not one.work_pool_name):
        yield _served(served)


def _worker(client: "SyncPrefectClient", pool: str) -> Line:
    workers = client.read_workers_for_work_pool(pool)
    online = [worker for worker in workers if worker.status.value == "ONLINE"]
    todo = f"Start one: prefect worker start --pool {pool} (./run serve does it)."
    return looked(f"worker of {pool}", f"{len(online)} of {len(workers)} online", todo, good=bool(online))


def _served(deployment: "DeploymentResponse") -> Line:
    status = deployment.status.value if deployment.status else "unknown"
    todo = "Start the process that serves it."
    return looked(f"process of {deployment.name}", status.lower(), todo, good=status == "READY")
