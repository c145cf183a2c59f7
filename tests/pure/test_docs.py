"""The documentation tells the truth where a program can check it: causes, commands, keys, links."""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghcr_audit.causes import Cause
from ghcr_audit.cli.arguments import EXIT_CODES, parser
from ghcr_audit.diagnosis import RULES
from ghcr_audit.targets import read_target
from ghcr_audit.verdicts import Verdict
from tests import target_reference

pytestmark = pytest.mark.pure

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
OWN_FOLDERS = ("docs", "deployments", "flows", "ghcr_audit", "lab", "tasks", "tests")
PAGES = sorted((*CHECKOUT.glob("*.md"), *(page for name in OWN_FOLDERS for page in (CHECKOUT / name).rglob("*.md"))))

FENCE = re.compile(r"^ *```([^\n`]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
MADE_BY_READERS = {"docs/audit-2026-01.md", "deployments/targets/shop.toml"}
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^(?:\.venv/bin/ghcr-audit|ghcr-audit|\./run audit) ([a-z-].*)$")
_SHELL_OPERATORS = ("|", "<", ">", ">>", "&&", ";")


def named(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fences(page: Path, language: str) -> list[str]:
    return [textwrap.dedent(body) for found, body in FENCE.findall(text_of(page)) if found == language]


def shell_lines(page: Path) -> Iterator[str]:
    """Every line of a shell block, every command of a sample, and every code span."""
    for block in fences(page, "sh"):
        yield from (line.strip() for line in block.splitlines())
    for block in fences(page, "console"):
        lines = block.replace("\\\n> ", " ").splitlines()
        yield from (line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    yield from _CODE_SPAN.findall(FENCE.sub("", text_of(page)))


def commands(page: Path) -> list[str]:
    return [found[1] for line in shell_lines(page) if (found := _COMMAND.match(line))]


def words_of(command: str) -> list[str]:
    """The command's own words: up to a shell operator."""
    words = shlex.split(command, comments=True)
    return words[: next((at for at, word in enumerate(words) if word in _SHELL_OPERATORS), len(words))]


def named_causes(folder: Path) -> set[str]:
    """The labels of every `Cause.X` that the code below a folder mentions, their own definition aside."""
    trees = (ast.parse(text_of(path)) for path in folder.rglob("*.py") if path.name != "causes.py")
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    names = {node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "Cause"}
    return {Cause[name].value for name in names}


def in_section(page: Path, heading: str) -> str:
    """A section's text, from its heading to the next of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text_of(page), re.MULTILINE | re.DOTALL)
    assert found, f"{named(page)} has no section {heading!r}"
    return found[1]


def test_the_readme_opens_with_exactly_two_commands() -> None:
    opening, block, _ = re.split(r"^```(?:sh)?$\n?", text_of(CHECKOUT / "README.md"), maxsplit=2, flags=re.MULTILINE)
    assert block == "./run demo\n./run test\n"
    assert opening == "# ghcr-audit\n\n"


def test_every_cause_that_the_code_names_has_its_section() -> None:
    sections = set(re.findall(r"^### ([a-z_]+)$", text_of(DOCS / "causes.md"), re.MULTILINE))
    assert sections == named_causes(CHECKOUT / "ghcr_audit")
    assert len(named_causes(CHECKOUT / "ghcr_audit" / "diagnosis")) > len(RULES) // 2


def test_every_section_of_a_cause_says_what_is_seen_and_what_to_do() -> None:
    for cause in named_causes(CHECKOUT / "ghcr_audit"):
        section = in_section(DOCS / "causes.md", cause)
        assert "- **Seen:** " in section, cause
        assert "- **Do:** " in section, cause


def test_every_other_cause_is_listed_as_not_yet_diagnosed() -> None:
    table = in_section(DOCS / "causes.md", "Defined, not yet diagnosed")
    listed = set(re.findall(r"^\| `([a-z_]+)` \| \S", table, re.MULTILINE))
    assert listed == {cause.value for cause in Cause} - named_causes(CHECKOUT / "ghcr_audit")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    outside = ("http://", "https://", "#")
    links = [link for link in _LINK.findall(FENCE.sub("", text_of(page))) if not link.startswith(outside)]
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_documented_command_is_understood(page: Path) -> None:
    for command in commands(page):
        words = words_of(command)
        try:
            parser().parse_args(words if len(words) > 1 else [words[0], "--help"])  # a verb alone is a mention
        except SystemExit as end:
            assert end.code == 0, f"{named(page)}: ghcr-audit {command}"


def test_the_documented_commands_cover_every_verb() -> None:
    verbs = {words_of(command)[0] for page in PAGES for command in commands(page)}
    assert verbs >= {"check", "run", "resume", "report", "recover", "init", "doctor"}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_recipe_of_run_that_is_named_exists(page: Path) -> None:
    recipes = set(re.findall(r"^\./run (\w+)", text_of(CHECKOUT / "run"), re.MULTILINE))
    assert set(re.findall(r"\./run ([a-z]+)", text_of(page))) <= recipes


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_code_span_that_names_a_file_of_ours_names_one_that_exists(page: Path) -> None:
    spans = _CODE_SPAN.findall(FENCE.sub("", text_of(page)))
    files = [span for span in spans if re.fullmatch(rf"(?:{'|'.join(OWN_FOLDERS)})/[\w./-]+\.\w+", span)]
    files = [file for file in files if "NAME" not in file and file not in MADE_BY_READERS]
    assert [file for file in files if not (CHECKOUT / file).exists()] == []


def test_the_example_target_is_a_target(tmp_path: Path) -> None:
    path = tmp_path / "observer.toml"
    path.write_text(fences(DOCS / "targets.md", "toml")[0], encoding="utf-8")
    target = read_target(path)
    assert (target.name, target.image_ref.registry, target.host.user) == ("observer", "ghcr.io", "deploy")


def test_the_reference_of_target_files_is_what_the_model_says() -> None:
    page = text_of(DOCS / "targets.md")
    assert page == target_reference.rewritten(page), "stale: python -m tests.target_reference"


def test_every_key_of_a_target_file_has_its_meaning() -> None:
    rows = target_reference.written(text_of(DOCS / "targets.md"))
    keys = {key for model in target_reference.MODELS for key in model.model_fields}
    assert set(rows) == keys - target_reference.NOT_IN_ITS_TABLE
    assert [key for key, one in rows.items() if not one.meaning or not one.left_out] == []


def test_a_key_that_the_model_gained_or_changed_makes_the_reference_stale() -> None:
    page = text_of(DOCS / "targets.md")
    for stale in (
        page.replace("| 5 to 3600 |", "| 5 to 60 |"),
        re.sub(r"^\| `lease_s` .*\n", "", page, flags=re.MULTILINE),
    ):
        assert stale != page
        assert target_reference.rewritten(stale) != stale


def test_the_readme_tells_the_exit_codes_that_the_program_has() -> None:
    rows = dict(re.findall(r"^\| ([0-6]) \| ([^|]*)\|", text_of(CHECKOUT / "README.md"), re.MULTILINE))
    assert set(rows) == set(re.findall(r"\b([0-9]) ", EXIT_CODES))
    assert all(verdict.value in re.split(r"\W+", rows[str(verdict.exit_code)]) for verdict in Verdict)


def test_state_names_for_automations_are_all_listed() -> None:
    table = in_section(DOCS / "operating.md", "State names")
    assert {verdict.value for verdict in Verdict} <= set(re.findall(r"`(\w+)`", table))


def test_every_decision_is_in_the_index() -> None:
    files = {path.name for path in (DOCS / "adr").glob("[0-9]*.md")}
    assert files == set(_LINK.findall(text_of(DOCS / "adr" / "README.md")))
