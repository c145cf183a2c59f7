"""The forms that a report has, by name, and the wish for one of them: `html:out/report.html`, `summary:-`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.report_html import render_html
from ghcr_audit.report_junit import render_junit
from ghcr_audit.report_markdown import render_markdown
from ghcr_audit.report_model import Report
from ghcr_audit.report_summary import render_summary

STDOUT = "-"


def render_json(report: Report) -> str:
    """The report for programs, as `report_schema` describes it."""
    return report.model_dump_json(by_alias=True, indent=2) + "\n"


FORMS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "md": render_markdown,
        "html": render_html,
        "json": render_json,
        "junit": render_junit,
        "summary": render_summary,
    }
)
"""Each form's renderer: pure, the whole text, ending in a newline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One form of the report, and where it is wanted: a path as it was written, or STDOUT."""

    form: str
    place: str

    @property
    def on_stdout(self) -> bool:
        """Whether it is to be printed."""
        return self.place == STDOUT

    def render(self, report: Report) -> str:
        """The report in this form."""
        return FORMS[self.form](report)


def parse_wish(text: str) -> Wish:
    """The wish that `FORM:PATH` means; the path is taken as it is, colons and all.

    Raises:
        ConfigurationError: there is no such form, or no path.
    """
    form, _, place = text.partition(":")
    if form not in FORMS:
        raise ConfigurationError(
            f"--report: no such form (got {shown(form)}, expected one of {', '.join(FORMS)})",
            hint="Write FORM:PATH, such as html:report.html; - as the path prints it.",
        )
    if not place or "\0" in place:
        raise ConfigurationError(
            f"--report: no path to write to (got {shown(text)}, expected FORM:PATH)",
            hint=f"Write {form}:PATH, or {form}:- to print it.",
        )
    return Wish(form=form, place=place)
