"""Samples of the documentation in TOML, YAML and JSON are what they say: read by the models that read real ones."""

import json
import textwrap
import tomllib
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig, RawScheduleConfig

from ghcr_audit.cli.arguments import parser
from ghcr_audit.cli.main import main
from ghcr_audit.targets import Target
from tests.pure.test_docs import CHECKOUT, DOCS, FENCE, PAGES, fences, named, text_of, words_of

pytestmark = pytest.mark.pure

LANGUAGES = {"", "console", "json", "sh", "text", "toml", "yaml", "{toctree}"}
REQUIRED = {"name": "shop", "image": "ghcr.io/acme/shop", "registry_user": "acme-bot", "container": "shop"}


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(block, id=f"{named(page)}-{number}")
        for page in PAGES
        for number, block in enumerate(fences(page, language))
    ]


def test_every_block_is_of_a_language_that_some_test_reads() -> None:
    found = {language for page in PAGES for language, _ in FENCE.findall(text_of(page))}
    assert found <= LANGUAGES


@pytest.mark.parametrize("block", blocks("toml"))
def test_a_toml_block_is_a_target_or_a_part_of_one(block: str) -> None:
    Target.model_validate({**REQUIRED, **tomllib.loads(block)})


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_yaml_block_is_a_schedule_of_prefect_or_steps_of_a_workflow(block: str) -> None:
    data = read(block)
    if isinstance(data, dict) and data.keys() & {"schedules", "entrypoint"}:
        assert DeploymentConfig.model_validate(data).schedules
        assert set(data) <= set(DeploymentConfig.model_fields)
        assert all(set(schedule) <= set(RawScheduleConfig.model_fields) for schedule in data["schedules"])
    elif isinstance(data, list):
        assert all(step["name"] and (("run" in step) != ("uses" in step)) for step in data)
    else:
        assert all("script" in job for job in data.values())


@pytest.mark.parametrize("block", blocks("yaml"))
def test_commands_of_ours_in_a_workflow_are_understood(block: str) -> None:
    for script in scripts_of(read(block)):
        for command in script.replace("\\\n", " ").splitlines():
            name, _, rest = command.strip().partition(" ")
            if name == "ghcr-audit":
                parser().parse_args(words_of(rest))


def read(block: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """What a block says; one that uses names of prefect.yaml is read as the next deployment there."""
    if not block.startswith("- <<: *"):
        return yaml.safe_load(block)
    whole = (CHECKOUT / "prefect.yaml").read_text(encoding="utf-8") + textwrap.indent(block, "  ")
    return yaml.safe_load(whole)["deployments"][-1]


def scripts_of(data: list[object] | dict[str, object]) -> list[str]:
    """The shell lines of a workflow's steps or a pipeline's jobs."""
    steps = data if isinstance(data, list) else list(data.values())
    return [str(step.get("run") or step.get("script") or "") for step in steps if isinstance(step, dict)]


def test_the_report_that_lint_reads_back_is_the_documented_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DOCS / "samples")
    assert main(["lint", "--json", "old-report.md"]) == 3
    real, shown = json.loads(capsys.readouterr().out), json.loads(fences(DOCS / "lint.md", "json")[0])
    assert set(real) == set(shown)
    real_file, shown_file = real["files"][0], shown["files"][0]
    assert set(real_file) == set(shown_file)
    for name, value in shown_file.items():
        kept = [one for one in real_file[name] if one in value] if isinstance(value, list) else real_file[name]
        assert kept == value, name


def test_the_samples_folder_holds_only_what_a_page_uses() -> None:
    used = " ".join(map(text_of, PAGES))
    assert [file.name for file in (DOCS / "samples").iterdir() if file.name not in used] == []
