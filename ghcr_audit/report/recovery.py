"""What recovering a host did, as GitHub-flavoured Markdown, and what a person does where that was not enough.

Evidence is untrusted: all of it passes `text.markdown`.
"""

from collections.abc import Iterator

from ghcr_audit.audit import Audit
from ghcr_audit.drill import by_hand
from ghcr_audit.drill.journal import Journal
from ghcr_audit.drill.snapshot import Phase, snapshot
from ghcr_audit.evidence import Observation
from ghcr_audit.language import phrase, tell, told_as
from ghcr_audit.targets import Target
from ghcr_audit.text.markdown import cell, code, fence, inline, table
from ghcr_audit.text.terminal import bounded

_OUTPUT_CHARS = 4000
_SHOWN = ("recover.lease", "restored.ended", "restored.action", "restored.settled", "restored.closed", "drill.lost")


def next_commands(target: Target, journal: Journal | None, audit: Audit | None) -> tuple[str, ...]:
    """What a person runs where a drill is still open, whatever recovering it came to."""
    again = by_hand.recover(target)
    if journal is None or audit is None:
        return (again,)
    if audit.newest("restored.action") is not None:
        return by_hand.commands(target, journal.before, snapshot(audit, Phase.RESTORED))
    lease = audit.newest("recover.lease")
    refused = lease is None or not lease.ok
    return (again,) if refused else (f"{again} --keep", f"{again} --undo")


def render_recovery(
    *,
    target: str,
    outcome: str,
    told: str,
    journal: Journal | None,
    seen: tuple[Observation, ...],
    commands: tuple[str, ...],
) -> str:
    """One recovery; `commands` are what a person runs where it was not enough."""
    parts = [f"# ghcr-audit: {inline(target)} - {inline(told_as(outcome))}", inline(tell(told))]
    if journal is not None:
        parts.append(table((phrase("Unfinished drill"), phrase("Value")), list(_drill_rows(journal))))
    if commands:
        parts += [phrase("What a person does now:"), fence("\n".join(commands), "sh")]
    shown = [one for key in _SHOWN for one in seen if one.key == key]
    return "\n\n".join([*parts, *(part for one in shown for part in _step(one))]) + "\n"


def _drill_rows(journal: Journal) -> Iterator[tuple[str, str]]:
    yield phrase("Run"), code(journal.run)
    yield phrase("Release"), code(journal.tag)
    yield phrase("Began"), f"{journal.began_at:%Y-%m-%d %H:%M:%S} UTC"
    yield phrase("Was left at"), cell(told_as(journal.step.value.replace("_", " ")))
    yield phrase("Host"), code(journal.where)


def _step(seen: Observation) -> Iterator[str]:
    took = phrase("{number} ms", number=seen.duration_ms)
    words = phrase("exit code {code}, {took}", code=seen.exit_code, took=took)
    yield f"## {code(seen.key)}" + ("" if seen.exit_code is None else f", {words}")
    said = "\n".join(text for text in (seen.stdout, seen.stderr, seen.failure_text) if text.strip())
    yield fence(bounded(said, _OUTPUT_CHARS)[0]) if said else phrase("It printed nothing.")
