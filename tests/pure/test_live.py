"""The live view of a chain: what it shows while it goes on, when it stays away, and that it leaves a sane terminal."""

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from itertools import count

import pytest
from rich.console import Console

from ghcr_audit.cli.live import is_lively
from ghcr_audit.cli.live_chain import LiveChain
from ghcr_audit.commands import Progress
from ghcr_audit.evidence import Link, Outcome
from ghcr_audit.report.model import LinkState
from ghcr_audit.watching import watched_by, watcher
from tests.pure.report_example import claim

pytestmark = pytest.mark.pure

SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"
_PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
from ghcr_audit.cli.live import watching_live
from ghcr_audit.watching import watcher
from ghcr_audit.evidence import Link
try:
    with watching_live("check of shop 1"):
        watcher().begins(Link.PREFLIGHT, "the host")
        print("said meanwhile", file=sys.stderr, flush=True)
        for _ in range(600):  # a signal that comes just before a sleep does not end it
            time.sleep(0.05)
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
"""


class Drawn:
    """A live chain on a terminal of 80 columns that is none, with a clock that goes a second at every look."""

    def __init__(self, title: str = "check of shop 1") -> None:
        self._seconds = count()
        console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
        self.chain = LiveChain(title, console, lambda: float(next(self._seconds)))
        self._console = console

    @property
    def lines(self) -> list[str]:
        """What is to be seen now."""
        with self._console.capture() as captured:
            self._console.print(self.chain.drawn())
        return [line.rstrip() for line in captured.get().splitlines()]


def state(link: Link, *outcomes: Outcome) -> LinkState:
    return LinkState(
        link=link, claims=tuple(claim(f"{link.value}.{at}", link, "x", one) for at, one in enumerate(outcomes))
    )


def test_every_link_is_there_from_the_beginning() -> None:
    lines = Drawn().lines
    assert lines[0].startswith("check of shop 1  ")
    assert [line.split()[1] for line in lines[1:]] == [link.value for link in Link]


def test_a_link_that_goes_on_tells_at_what_and_for_how_long() -> None:
    drawn = Drawn()
    drawn.chain.begins(Link.PREFLIGHT, "repository and registry")
    assert re.search(r"preflight +repository and registry +\d\.\d s$", drawn.lines[1])
    assert drawn.lines[2] == "· auth"


def test_a_link_that_ended_tells_its_claims_and_its_time() -> None:
    drawn = Drawn()
    drawn.chain.begins(Link.AUTH)
    drawn.chain.ends(state(Link.AUTH, Outcome.HOLDS, Outcome.BROKEN))
    assert re.fullmatch(r"✗ auth +1 of 2 claims hold +1\.0 s", drawn.lines[2])


def test_a_link_that_is_walked_again_begins_anew() -> None:
    drawn = Drawn()
    drawn.chain.begins(Link.AUTH)
    drawn.chain.ends(state(Link.AUTH, Outcome.BROKEN))
    drawn.chain.begins(Link.AUTH)
    assert "claims" not in drawn.lines[2]


def test_a_pull_tells_its_layers() -> None:
    drawn = Drawn()
    drawn.chain.begins(Link.PULL)
    drawn.chain.pulls(Progress(key="pull.tag", done=3, total=8))
    assert "3 of 8 layers" in drawn.lines[3]
    drawn.chain.pulls(Progress(key="pull.tag", done=9, total=8))
    assert "8 of 8 layers" in drawn.lines[3]
    drawn.chain.ends(state(Link.PULL, Outcome.HOLDS))
    assert "layers" not in drawn.lines[3]


@pytest.mark.parametrize("hostile", ["\x1b[2J\x1b]0;owned\x07", "[red]x[/red]", "a\nb\rc", "\u202eabc"])
def test_foreign_words_are_neither_markup_nor_escapes_and_take_one_line(hostile: str) -> None:
    drawn = Drawn(hostile)
    drawn.chain.begins(Link.PREFLIGHT, hostile)
    drawn.chain.ends(LinkState(link=Link.AUTH, not_run=hostile))
    lines = drawn.lines
    assert len(lines) == 1 + len(Link)
    assert not any(character in "".join(lines) for character in "\x1b\x07\r\u202e")
    if "red" in hostile:
        assert hostile in lines[0]


def test_a_long_line_is_cut_to_the_terminal() -> None:
    drawn = Drawn("x" * 500)
    drawn.chain.ends(LinkState(link=Link.AUTH, not_run="y " * 500))
    assert len(drawn.lines) == 1 + len(Link)
    assert all(len(line) <= 80 for line in drawn.lines)


def test_nobody_watches_unless_somebody_is_told() -> None:
    silent, drawn = watcher(), Drawn()
    silent.begins(Link.AUTH)
    with silent.aside(), watched_by(drawn.chain):
        assert watcher() is drawn.chain
    assert watcher() is silent


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}, {"TERM": ""}, {}])
def test_it_stays_away_where_it_is_not_wanted(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not is_lively()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert is_lively()


def test_without_a_terminal_rich_is_not_even_imported() -> None:
    program = (
        "import sys, ghcr_audit.cli.check\n"
        "from ghcr_audit.cli.live import watching_live\n"
        "with watching_live('x'): pass\n"
        "sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_leaves_a_sane_terminal() -> None:
    controller, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stderr=terminal, stdout=subprocess.DEVNULL, env=environment
    )
    try:
        seen = _read_until(controller, b"said meanwhile")
        child.send_signal(signal.SIGINT)
        seen += _read_until(controller, b"interrupted")
        assert child.wait(timeout=10) == 0
        assert seen.rindex(SHOW_CURSOR) > seen.rindex(HIDE_CURSOR)
        assert termios.tcgetattr(terminal) == before
    finally:
        child.kill()
        child.wait(timeout=10)
        os.close(controller)
        os.close(terminal)


def _read_until(controller: int, wanted: bytes, limit_s: float = 15) -> bytes:
    seen, until = b"", time.monotonic() + limit_s
    while wanted not in seen:
        ready, _, _ = select.select([controller], [], [], max(until - time.monotonic(), 0))
        assert ready, f"{wanted!r} did not come: {seen[-300:]!r}"
        seen += os.read(controller, 65_536)
    return seen
