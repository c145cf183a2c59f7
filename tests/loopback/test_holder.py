"""A lease's holder that ran on this machine can be seen to be dead; one of another machine never."""

import os
import subprocess
import sys

from ghcr_audit.adapters.holder import holder, is_dead

_SAY = "from ghcr_audit.adapters.holder import holder; print(holder())"


def test_this_process_lives() -> None:
    assert str(os.getpid()) in holder()
    assert not is_dead(holder())


def test_a_process_that_ended_is_dead() -> None:
    done = subprocess.run((sys.executable, "-c", _SAY), capture_output=True, text=True, timeout=30, check=True)
    assert is_dead(f"refused: run 0b9f (  {done.stdout.strip()}) holds the lease for 17 s more")


def test_another_process_under_the_same_id_is_another_one() -> None:
    words, _, rest = holder().rpartition(f"process {os.getpid()}.")
    assert is_dead(f"{words}process {os.getpid()}.1{rest}")


def test_of_a_process_elsewhere_nothing_is_known() -> None:
    for told in (
        "",
        "ghcr-audit on shop, process 1",
        "process 1.1 of 00000000-0",
        f"process 1.1 of 1badb007-{os.getpid()}",
    ):
        assert not is_dead(told)
