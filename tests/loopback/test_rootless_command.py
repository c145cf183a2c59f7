"""What `./run` starts for a user without root, as far as that needs no namespaces."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.place import Place, in_own_namespace, outer_user_id, root_folder
from lab.processes import process_at
from lab.rootless.record import Held, Process, read_held, write_held
from lab.rootless.relay import listen

pytestmark = pytest.mark.loopback

CHECKOUT = Path(__file__).resolve().parents[2]


def test_without_words_the_command_says_what_it_is_for() -> None:
    done = subprocess.run([sys.executable, "-m", "lab.rootless"], cwd=CHECKOUT, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"MODULE ARGS" in done.stderr


def test_a_port_that_is_taken_is_told_and_none_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            listen([0, port])
    (free,) = listen([port])
    with free:
        assert free.getsockname() == ("127.0.0.1", port)


def test_labs_of_other_users_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = tmp_path / "uid_map"
    monkeypatch.setattr("lab.place.UID_MAP", told)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told.write_text("         0          0 4294967295\n")
    assert (outer_user_id(), in_own_namespace(), root_folder().name) == (0, False, "ghcr-audit-lab")
    told.write_text("         0       1000          1\n         1     100000      65536\n")
    assert (outer_user_id(), in_own_namespace(), root_folder().name) == (1000, True, "ghcr-audit-lab-1000")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    told.write_text("         0          0 4294967295\n")
    assert (outer_user_id(), in_own_namespace(), root_folder().name) == (1000, False, "ghcr-audit-lab-1000")


def test_namespaces_are_remembered_as_long_as_their_holder_lives(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "one")
    assert read_held(place) is None
    me = process_at(os.getpid())
    assert me is not None
    held = Held(holder=Process.of(me), relay=Process.of(me), ports=(1, 2))
    write_held(place, held)
    assert read_held(place) == held
    assert held.relays((1, 2))
    assert not held.relays((1, 3))
    file = tmp_path / ".held" / "one.json"
    assert file.stat().st_mode & 0o777 == 0o600
    # The same id with another start is another process: the holder has ended since.
    later = {**json.loads(file.read_text()), "holder": {"pid": me.pid, "started_ticks": me.started_ticks - 1}}
    file.write_text(json.dumps(later))
    assert read_held(place) is None
    file.write_text("{")
    assert read_held(place) is None
