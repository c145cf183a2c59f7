"""What docs/contributing.md says: names stand in the files that it names, and forgotten steps are refused."""

import ast
import re
from pathlib import Path

import pytest

from ghcr_audit.causes import DEFINITIONS, Cause
from tests.pure.test_docs import CHECKOUT, DOCS, text_of

pytestmark = pytest.mark.pure

DIAGNOSIS = CHECKOUT / "ghcr_audit" / "diagnosis"


def imported_from_diagnosis(path: Path) -> set[str]:
    """Names of its modules that a file imports, as `from ghcr_audit.diagnosis import X` or from X itself."""
    nodes = [node for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, ast.ImportFrom) and node.module]
    whole = {alias.name for node in nodes if node.module == "ghcr_audit.diagnosis" for alias in node.names}
    parts = {str(node.module).rpartition(".")[2] for node in nodes if "ghcr_audit.diagnosis." in str(node.module)}
    return whole | parts


def test_a_name_that_is_said_to_be_in_a_file_is_there() -> None:
    told = re.findall(r"`(\w+)` in `([\w/]+\.py)`", text_of(DOCS / "contributing.md"))
    assert len(told) > 5
    assert [(name, file) for name, file in told if not re.search(rf"\b{name}\b", text_of(CHECKOUT / file))] == []


def test_every_cause_is_defined() -> None:
    assert set(DEFINITIONS) == set(Cause)


def test_no_module_of_rules_is_forgotten() -> None:
    modules = {path.stem for path in DIAGNOSIS.glob("*.py")} - {"__init__"}
    imported = set().union(*map(imported_from_diagnosis, (CHECKOUT / "ghcr_audit").rglob("*.py")))
    assert modules - imported == set()
