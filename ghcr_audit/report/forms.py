"""The forms that a report has, by name, and the wish for one of them: `html:out/report.html`, `summary:-`.

Each renderer is imported when its form is rendered: most runs want none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.language import Language, speaking, spoken
from ghcr_audit.report.model import Report

if TYPE_CHECKING:
    from ghcr_audit.history.past import Past

STDOUT = "-"
HTML = "html"


def render_json(report: Report) -> str:
    """The report for programs, as `report_schema` describes it."""
    return report.model_dump_json(by_alias=True, indent=2) + "\n"


def render_markdown(report: Report) -> str:
    """The report for people, in Markdown."""
    from ghcr_audit.report import markdown

    return markdown.render_markdown(report)


def render_html(report: Report, *, past: "Sequence[Past]" = ()) -> str:
    """The report as one page, with the runs before it."""
    from ghcr_audit.report import html

    return html.render_html(report, past=past)


def render_junit(report: Report) -> str:
    """The report for what reads tests' results."""
    from ghcr_audit.report import junit

    return junit.render_junit(report)


def render_summary(report: Report) -> str:
    """The report for a CI job's page."""
    from ghcr_audit.report import summary

    return summary.render_summary(report)


FORMS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "md": render_markdown,
        HTML: render_html,
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
    language: Language | None = None
    """The language of this form; None: the one that is spoken."""

    @property
    def on_stdout(self) -> bool:
        """Whether it is to be printed."""
        return self.place == STDOUT

    def render(self, report: Report, past: "Sequence[Past]" = ()) -> str:
        """The report in this form; `past`, runs up to this one, newest first, is drawn where the form has pictures."""
        with speaking(self.language or spoken()):
            return render_html(report, past=past) if self.form == HTML else FORMS[self.form](report)


def parse_wish(text: str) -> Wish:
    """The wish that `FORM:PATH` or `FORM.LANG:PATH` means; the path is taken as it is, colons and all.

    Raises:
        ConfigurationError: there is no such form, language or path.
    """
    wanted, _, place = text.partition(":")
    form, dot, tag = wanted.partition(".")
    language = next((one for one in Language if one.value == tag), None)
    if form not in FORMS or (dot and language is None):
        raise ConfigurationError(
            f"--report: no such form (got {shown(wanted)}, expected one of {', '.join(FORMS)})",
            hint="Write FORM:PATH, such as html:report.html or html.ko:report.html; - as the path prints it.",
        )
    if not place or "\0" in place:
        raise ConfigurationError(
            f"--report: no path to write to (got {shown(text)}, expected FORM:PATH)",
            hint=f"Write {wanted}:PATH, or {wanted}:- to print it.",
        )
    return Wish(form=form, place=place, language=language)
