"""A credential of the controller's own in the lab: what the host's refusal hides is found in the same pass."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import incidents
from lab.lab import Lab
from lab.processes import run_or_fail
from tests.lab.command_line import CommandLine

pytestmark = [pytest.mark.lab, pytest.mark.timeout(360)]

REFUSED = "token_scope_insufficient"


@pytest.fixture
def own(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """A file with a token that reads, for a lab that is put back in the end."""
    file = tmp_path / "read.token"
    file.touch(mode=0o600)
    file.write_text(f"{lab.tokens.good}\n", encoding="ascii")
    try:
        yield file
    finally:
        incidents.reset(lab)


def checked(lab: Lab, cli: CommandLine, tag: str, own: Path) -> tuple[str, dict[str, tuple[str, str]], str]:
    """Verdict, findings as `cause of subject` with certainty and summary, and all that was printed."""
    cli.target("shop", lab.target_toml(controller_credential_file=str(own), controller_user="lab"))
    done = cli("check", "shop", "--tag", tag, "--json")
    assert done.stderr == ""
    report = json.loads(done.stdout)
    found = {f"{one['cause']} of {one['subject']}": (one["certainty"], one["summary"]) for one in report["findings"]}
    return report["verdict"], found, done.stdout


def test_a_refused_host_and_the_hidden_unpublished_tag_are_named_together(
    lab: Lab, cli: CommandLine, own: Path
) -> None:
    """Incidents 5 and 6, in one pass; and a whole lab with the same credential has nothing to tell."""
    hidden = incidents.apply(lab, "5", "6").tag
    verdict, found, printed = checked(lab, cli, hidden, own)
    refused = next(key for key in found if key.startswith(f"{REFUSED} of credential of "))
    assert verdict == "Blocked"
    assert {key: certainty for key, (certainty, _) in found.items()} == {
        refused: "proven",
        f"tag_not_published of {hidden}": "proven",
    }
    assert "the image is missing, too: the controller's own credential is told so" in found[refused][1]
    assert lab.tokens.good not in printed
    incidents.reset(lab)

    run_or_fail(("git", "-C", str(lab.repository), "tag", "--delete", lab.releases.unpublished), timeout_s=20)
    try:
        verdict, found, printed = checked(lab, cli, lab.releases.running, own)
    finally:
        run_or_fail(("git", "-C", str(lab.repository), "tag", lab.releases.unpublished, "main"), timeout_s=20)
    assert (verdict, found) == ("Passed", {})
    assert "controller with its own credential" in printed
    assert lab.tokens.good not in printed
