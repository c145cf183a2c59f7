"""`ghcr-audit notify-release`: tell the Prefect server that a release was published; a trigger then audits it."""

import argparse
import uuid

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.cli.api import speaking_to_the_server
from ghcr_audit.cli.printing import say
from ghcr_audit.release_event import release_event


def run(options: argparse.Namespace) -> int:
    """Emit the event; exit code 0: the server has it. Whether an audit begins is the trigger's to say.

    Raises:
        ConfigurationError: before the server is asked, when target or tag cannot be meant.
    """
    event = release_event(
        options.target, options.tag, occurred=utc_now().isoformat(timespec="seconds"), event_id=str(uuid.uuid4())
    )
    with speaking_to_the_server():
        from prefect import get_client

        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=[event.model_dump(mode="json")])
    say(f"{event.event}: {options.target} {options.tag}: the server has it")
    return 0
