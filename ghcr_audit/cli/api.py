"""Talking to the Prefect server from a terminal: what goes wrong is told in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ghcr_audit.errors import AuditError, ConfigurationError

FLOW_NAME = "release-audit"
"""Of the flow whose runs and deployments the verbs look for (flows/waiting.py)."""
_EPHEMERAL = "connect to ephemeral Prefect API server"
"""Words of Prefect's RuntimeError."""


@contextmanager
def speaking_to_the_server(*, needed: bool = True) -> Iterator[None]:
    """Turn a missing (where one is `needed`), silent or refusing server into an AuditError.

    Never repeats what the server said: it may echo what was posted.
    """
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if url is None and needed:
        raise ConfigurationError(
            "server: no Prefect server is configured",
            hint="Set PREFECT_API_URL, or start one: ./run serve",
        )
    try:
        yield
    except PrefectHTTPStatusError as error:
        raise AuditError(
            f"server {address_of(url)}: it answered HTTP {error.response.status_code}",
            hint="Its own log says why; `ghcr-audit doctor` looks at the server.",
        ) from None
    except (httpx.HTTPError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and _EPHEMERAL in str(error):
            raise AuditError(
                "server of this process: it did not start in time",
                hint="Is the machine busy? Try again, or start a server that stays: ./run serve",
            ) from None
        if isinstance(error, RuntimeError) and "reach" not in str(error):
            raise
        raise AuditError(
            f"server {address_of(url)}: no answer", hint="Is it running? `ghcr-audit doctor` looks."
        ) from None


def address_of(url: str | None) -> str:
    """The server's address without the parts that may hold a password: user, query, fragment."""
    parts = urlsplit(url or "of this process")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
