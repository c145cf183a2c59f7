"""The automations of automations.yaml, with a notification block of the operator's: created once, then kept up to date.

As a program: `python -m deployments.automations TYPE/NAME`, by `./run serve --notify`. Other automations stay as they
are; one that was switched off stays switched off.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger
from prefect.exceptions import ObjectNotFound

FILE = Path(__file__).with_name("automations.yaml")


class AutomationError(Exception):
    """The block is not there: one clear sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One entry of the file: when something is told, and how it reads (Jinja)."""

    name: str
    description: str
    trigger: EventTrigger
    subject: str
    body: str


def notices(file: Path = FILE) -> tuple[Notice, ...]:
    """All entries of the file."""
    entries: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["automations"]
    return tuple(Notice(**{**entry, "trigger": EventTrigger.model_validate(entry["trigger"])}) for entry in entries)


def establish(block: str, wanted: tuple[Notice, ...]) -> tuple[str, ...]:
    """Create or update one automation for each notice; returns their names.

    Raises:
        AutomationError: the server has no such block.
    """
    with get_client(sync_client=True) as client:
        action = _Sender(client, block)
        for notice in wanted:
            _upsert(client, notice, action.of(notice))
    return tuple(notice.name for notice in wanted)


class _Sender:
    """Makes actions that send by one block, which is looked up once."""

    def __init__(self, client: SyncPrefectClient, block: str) -> None:
        kind, _, name = block.partition("/")
        try:
            self._document = client.read_block_document_by_name(name, kind).id
        except ObjectNotFound:
            raise AutomationError(
                f"notifications: the server has no block {block!r} (expected TYPE/NAME, as slack-webhook/team)"
            ) from None

    def of(self, notice: Notice) -> SendNotification:
        """The action of one notice."""
        return SendNotification(block_document_id=self._document, subject=notice.subject, body=notice.body)


def _upsert(client: SyncPrefectClient, notice: Notice, action: SendNotification) -> None:
    known = client.read_automations_by_name(notice.name)
    wanted = AutomationCore(
        name=notice.name,
        description=notice.description,
        enabled=all(one.enabled for one in known),
        trigger=notice.trigger,
        actions=[action],
    )
    if not known:
        client.create_automation(wanted)
        return
    client.update_automation(known[0].id, wanted)
    _delete(client, known[1:])


def _delete(client: SyncPrefectClient, surplus: list[Automation]) -> None:
    for one in surplus:
        client.delete_automation(one.id)


def main(arguments: list[str] | None = None) -> int:
    """Establish all notices; exit code 1: there is no such block."""
    parser = argparse.ArgumentParser(prog="python -m deployments.automations", description=__doc__)
    parser.add_argument("block", metavar="TYPE/NAME", help="a notification block that the server has")
    options = parser.parse_args(arguments)
    try:
        names = establish(options.block, notices())
    except AutomationError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(names)} automations notify by {options.block}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
