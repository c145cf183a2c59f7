"""Past runs for tests: of recorded audits, and of the example report, at chosen times."""

from datetime import timedelta

from ghcr_audit.history.kept import Kept, Trust
from ghcr_audit.history.past import Past, past_of
from ghcr_audit.report.model import Report
from ghcr_audit.verdicts import Verdict
from tests.pure import audits
from tests.pure.report_example import drilled_report


def past(name: str) -> Past:
    """What the report of a recorded audit tells."""
    return past_of(audits.report(audits.recorded(name)))


def drilled(days_ago: int, verdict: Verdict = Verdict.PASSED, *, rollback_ms: int | None = 1910) -> Past:
    """The example's drill, so many days before its own."""
    report = drilled_report()
    ended = {"started_at": report.started_at, "finished_at": report.finished_at}
    moved = {name: at - timedelta(days=days_ago) for name, at in ended.items()}
    fields = {"run": f"{days_ago:08x}-lab", "verdict": verdict, "rollback_ms": rollback_ms, **moved}
    return past_of(report).model_copy(update=fields)


def kept(one: Past | None, *, trust: Trust = Trust.INTACT, told: str = "") -> Kept:
    """A run where it lies, or what tells nothing."""
    return Kept(place=f"evidence-{one.run if one else 'x'}.tar.gz", trust=trust, past=one, told=told)


def hostile_report() -> Report:
    """The example with a tag that is markup and an escape sequence."""
    return drilled_report().model_copy(update={"tag": "\x1b[31m<script>alert(1)</script>[red]"})
