"""The JSON form's schema (JSON Schema 2020-12), made of the model itself: what is published is what is checked."""

import json
from typing import Any

from ghcr_audit.report.model import Report

VERSION: int = Report.model_fields["schema_version"].default
"""Of the schema: it grows when a report of before would no longer be understood."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> dict[str, Any]:
    """The schema as JSON values. A field with a default may be missing: earlier reports of this version lack it."""
    schema = Report.model_json_schema(by_alias=True, mode="validation")
    schema["properties"]["schema_version"] |= {"const": VERSION}
    return {"$schema": _DIALECT, "$id": f"urn:ghcr-audit:report:{VERSION}", **schema}


def render_schema() -> str:
    """The same as text in a stable order, ending in a newline."""
    return json.dumps(report_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
