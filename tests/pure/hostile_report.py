"""Evidence of somebody who wants to be more than text, and a report that has it everywhere."""

from hypothesis import strategies as st

from ghcr_audit.evidence import Link
from ghcr_audit.report.model import DrillSummary, LinkState, Report
from tests.pure.report_example import blocked_report, drill

FRAGMENTS = (
    "<script>alert(1)</script>", "</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "</svg>",
    "</style>", "</title>", "</pre></code>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml?>", "<!doctype html>",
    "<a href=\"javascript:alert(1)\">", "javascript:alert(1)", "[a](javascript:alert(1))", "![a](data:text/html,x)",
    "<javascript:alert(1)>", "http://127.0.0.1/x", "[a]: javascript:x", "\" onmouseover=\"alert(1)", "' x='", "&lt;",
    "&#60;script&#62;", "&#x3c;", "&amp;", "&", "\x00", "\x08", "\x1b[31m", "\ufffe", "\uffff", "\ud800", "\u202e",
    "\u2028", "\u200b", "＜script＞", "\u0130", "ſcript", "`", "```", "~~~", "|", "\n", "\r", "\t", "# h", "- ", "> ",
    "    x", "*a*", "**b**", "_c_", "${x}", "{{x}}", "한국어", "é", "word", "✓", "✗ broken", "\\", "\\<b>",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=5)), min_size=1, max_size=12).map("".join)


def filled(text: str) -> Report:
    """The example with this text in every field that anything foreign can reach."""
    report = blocked_report()
    words = dict.fromkeys(("target", "image", "tag", "host", "run", "run_url", "ran_by", "version"), text)
    claim = report.links[1].claims[0].model_copy(update={"statement": text, "is_": text, "evidence": (text,)})
    links = (LinkState(link=Link.AUTH, claims=(claim,)), LinkState(link=Link.PULL, not_run=f"x{text}"))
    seen = report.observations[3].model_copy(update=dict.fromkeys(("key", "where", "asked", "stdout", "stderr"), text))
    failed = report.observations[4].model_copy(update={"failure_text": text})
    finding = report.findings[1]
    remedy = finding.remedy and finding.remedy.model_copy(update={"text": text, "commands": (text,)})
    told = {"subject": text, "summary": text, "evidence_for": ("registry.anonymous", text), "remedy": remedy}
    attempt = report.attempts[0].model_copy(update=dict.fromkeys(("outcome", "answered_by", "way"), text))
    lists = {"links": links, "observations": (seen, failed), "attempts": (attempt,), "drill": _drilled(text)}
    return report.model_copy(update={**words, **lists, "findings": (finding.model_copy(update=told),)})


def _drilled(text: str) -> DrillSummary:
    told = drill()
    fields = dict.fromkeys(("release", "image_text", "digest", "status", "health"), text)
    rows = tuple(row.model_copy(update=fields) for row in told.rows)
    foreign = dict.fromkeys(("back_to", "back_to_source", "forced"), text)
    return told.model_copy(update={**foreign, "rows": rows, "log_paths": (text, text)})
