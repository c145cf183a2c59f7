"""The quick start as a reader walks through it: its commands, on a host that their `ssh` knows by name."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.doc_samples import differences, run, samples_of
from tests.lab.command_line import HostState, state_of_host

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

PAGE = Path(__file__).parents[2] / "docs" / "quick-start.md"


@pytest.fixture
def reader(lab: Lab, tmp_path: Path) -> Mapping[str, str]:
    """A reader's shell: `shop.example` in its OpenSSH configuration, a clone in ~/src, no target yet."""
    (tmp_path / ".ssh").mkdir(mode=0o700)
    (tmp_path / ".ssh" / "config").write_text(
        "Host shop.example\n"
        f"  HostName 127.0.0.1\n  Port {lab.ssh_port}\n  User {lab.ssh_user}\n"
        f"  IdentityFile {lab.client_key}\n  UserKnownHostsFile {lab.known_hosts}\n",
        encoding="utf-8",
    )
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "observer").symlink_to(lab.repository)
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GHCR_AUDIT_TARGETS": str(tmp_path / "deployments" / "targets"),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONUNBUFFERED": "1",
    }


def test_the_quick_start_prints_what_it_shows(
    lab: Lab, whole: HostState, reader: Mapping[str, str], tmp_path: Path
) -> None:
    samples = list(samples_of(PAGE))
    told = [differences(sample, run(sample, tmp_path, reader)) for sample in samples]
    assert len(samples) > 2
    assert "\n".join(filter(None, told)) == ""
    assert state_of_host(lab) == whole
