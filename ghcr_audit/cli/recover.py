"""`ghcr-audit recover`: a host on which a drill was left open is put back, by hand, from the drill's journal."""

import argparse
import time
import uuid

from platformdirs import user_state_path

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.adapters.connections import close_connections
from ghcr_audit.adapters.holder import is_dead
from ghcr_audit.adapters.journals import FolderJournals, JournalStore
from ghcr_audit.adapters.recover import Outcome, Recovery, Since, recover
from ghcr_audit.cli.printing import say
from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Value
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.report.recovery import next_commands
from ghcr_audit.targets import Target, load_target
from ghcr_audit.text.terminal import plain
from ghcr_audit.verdicts import Verdict

_LONGEST_WAIT_S = 120
"""The longest lease there is: after it, the holder lives or is dead."""
_SLACK_S = 1


class Recovered(Value):
    """What `--json` prints."""

    target: str
    outcome: Outcome
    told: str
    run: str | None
    """The run whose drill was left open."""
    commands: tuple[str, ...]
    """What a person runs, where it failed."""


def run(options: argparse.Namespace) -> int:
    """Restore the target's host; exit code 0: restored, or nothing to do; 6: not all of it could be restored.

    Raises:
        HostError: the host was not reached.
        AuditError: a drill is under way: its run renews its lease.
    """
    target = load_target(options.target, targets_folder())
    try:
        found = _recovered(target, _journals(), _since(options))
    finally:
        close_connections()
    _tell_the_server(found)
    _print(target, found, as_json=options.json)
    return Verdict.RESTORE_FAILED.exit_code if found.outcome is Outcome.FAILED else 0


def _since(options: argparse.Namespace) -> Since:
    if options.keep:
        return Since.KEEP
    return Since.UNDO if options.undo else Since.ASK


def _recovered(target: Target, journals: JournalStore, since: Since) -> Recovery:
    """Waits for a lease to expire, once: whoever is dead does not renew it. A holder seen to be dead here at once."""
    run = str(uuid.uuid4())
    found = recover(target, journals, run=run, look=True, since=since)
    if found.outcome is Outcome.BUSY and found.held_by and is_dead(found.told):
        say(f"{target.name}: run {found.held_by} holds the lease, and its process is dead: taking its lease over")
        run = found.held_by
        found = recover(target, journals, run=run, look=True, since=since)
    if found.outcome is Outcome.BUSY:
        wait_s = min(found.wait_s + _SLACK_S, _LONGEST_WAIT_S)
        held = found.told.removeprefix("refused: ")
        say(f"{target.name}: {held}: waiting {wait_s:.0f} s for the lease to expire")
        time.sleep(wait_s)
        found = recover(target, journals, run=run, look=True, since=since)
    if found.outcome is Outcome.BUSY:
        raise AuditError(
            f"{target.name}: recover: the drill is under way: {found.told}",
            hint="Cancel its run first (in the Prefect UI, or Ctrl-C where it runs): it then restores the host itself.",
        )
    return found


def _print(target: Target, found: Recovery, *, as_json: bool) -> None:
    failed = found.outcome is Outcome.FAILED
    commands = next_commands(target, found.journal, found.audit) if failed else ()
    if as_json:
        drill = found.journal.run if found.journal else None
        answer = Recovered(target=target.name, outcome=found.outcome, told=found.told, run=drill, commands=commands)
        print(answer.model_dump_json(indent=2))
        return
    print(f"{target.name}: {told_as(found.outcome.value)}: {tell(found.told)}")
    action = found.audit.newest("restored.action") if found.audit else None
    for line in (action.stdout + action.stderr).splitlines() if action else ():
        print(f"  {plain(line)}")
    if commands:
        print(f"{phrase('By hand:')}\n" + "\n".join(f"  {plain(command)}" for command in commands))


def _journals() -> JournalStore:
    """Where the flows keep them; an installed package has none, and looks at the host alone."""
    try:
        from flows.safety import journal_store
    except ModuleNotFoundError as error:
        if error.name not in ("flows", "tasks"):
            raise
        return FolderJournals(user_state_path("ghcr-audit") / "journals")
    return journal_store()


def _tell_the_server(found: Recovery) -> None:
    """That the drill's run is over, where a server is configured and still takes it for running."""
    try:
        from flows.watch import end_dead_run
    except ModuleNotFoundError as error:
        if error.name not in ("flows", "tasks"):
            raise
        return
    end_dead_run(found)
