"""The demo's last report in every form and every language: all of them told from the one that a run stored."""

from pathlib import Path

from ghcr_audit.language import Language, speaking
from ghcr_audit.report.forms import FORMS
from ghcr_audit.report.model import Report
from ghcr_audit.report.text import render_text

_ENDINGS = {"md": "md", "html": "html", "junit": "junit.xml", "summary": "summary.md"}
"""JSON is the same in every language."""


def form_files(out: Path) -> tuple[Path, ...]:
    """Where `write_forms` writes: `report.en.html`, `report.ko.html`, ..."""
    endings = (*_ENDINGS.values(), "txt")
    return tuple(out / f"report.{language.value}.{ending}" for language in Language for ending in endings)


def write_forms(report_json: str, out: Path) -> None:
    """Every form that people or CI read, in every language."""
    report = Report.model_validate_json(report_json)
    for language in Language:
        with speaking(language):
            for form, ending in _ENDINGS.items():
                (out / f"report.{language.value}.{ending}").write_text(FORMS[form](report), encoding="utf-8")
            text = render_text(report, colour=False)
            (out / f"report.{language.value}.txt").write_text(text, encoding="utf-8")
