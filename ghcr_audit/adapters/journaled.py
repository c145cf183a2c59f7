"""What both halves of a drill do: ask the host, tell a host that was lost, and keep the journal in both places."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.journals import JournalStore
from ghcr_audit.adapters.observe import Asked, observe_host
from ghcr_audit.audit import Audit, failed
from ghcr_audit.commands import Command
from ghcr_audit.drill.journal import Journal, Step, UnreadableJournalError, parse, render
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Vantage

_GOING_BACK = (Step.RESTORING, Step.CLOSING)


def open_journal(audit: Audit, journals: JournalStore) -> Journal | None:
    """The journal of this very run, if its drill is not over."""
    text = journals.read(audit.target.name)
    journal = parse(text) if text else None
    return journal if journal is not None and journal.by == audit.run else None


def asked(audit: Audit, link: Link, *commands: Command) -> Audit:
    """What the host answered to these, in one framed exec."""
    return audit.seeing(*observe_host(host_of(audit.target), Asked(link=link, commands=commands)))


def went_well(audit: Audit, *keys: str) -> bool:
    """All of these were asked, and did what they should."""
    seen: Iterable[bool] = ((found := audit.newest(key)) is not None and found.ok for key in keys)
    return all(seen)


def advanced(journal: Journal, step: Step, journals: JournalStore) -> Journal:
    """The journal one step on, in the controller's store.

    A drill that slept may find another one's journal there by now: that stays, and the host tells the sleeper the rest.
    """
    further = journal.at(step)
    with _going_on_without_store() if step in _GOING_BACK else nullcontext():
        if not _is_anothers(journal, journals):
            journals.write(journal.target, render(further))
    return further


def forget(journals: JournalStore, journal: Journal) -> None:
    """The controller's copy of this drill goes. One that is left over is seen to be one by `recover`."""
    with _going_on_without_store():
        if not _is_anothers(journal, journals):
            journals.remove(journal.target)


def _is_anothers(journal: Journal, journals: JournalStore) -> bool:
    """Whether another drill's journal is in the store. What is no journal is nobody's."""
    try:
        text = journals.read(journal.target)
        return text is not None and parse(text).run != journal.run
    except UnreadableJournalError:
        return False


def lost(audit: Audit, link: Link, error: HostError) -> Audit:
    """The host was lost in mid-drill: that is an observation, and no error any more."""
    close_connections()
    return audit.seeing(
        failed(
            "drill.lost",
            link,
            vantage=Vantage.HOST,
            where=audit.target.where,
            asked="go on with the drill",
            at=utc_now(),
            cause=error.cause,
            text=str(error),
        )
    )


def _going_on_without_store() -> AbstractContextManager[None]:
    """A store that is away, with whatever error its kind has, must not keep a host from being put back."""
    return suppress(Exception)
