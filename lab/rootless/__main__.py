"""`python -m lab.rootless MODULE ARGS...`: run a module of this checkout where a user without root has the lab.

`lab` stays up between commands, in namespaces that a process holds; its ports are the user's own as well. `lab.demo`
and `pytest` have namespaces for as long as they run; of the demo, the port of its web page can be reached from
outside. Where namespaces cannot be had, one sentence says why (exit code 1; tests run without the lab).
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Sequence

import lab.__main__ as lab_words
from lab.errors import LabError
from lab.packages import ensure
from lab.place import Place, locked_root, place_of
from lab.processes import end
from lab.recipe import ELSEWHERE, why_no_way
from lab.rootless.holder import lasting, run_inside, temporary
from lab.rootless.machine import Machine, this_machine
from lab.rootless.record import Held, Process, let_go, read_held, write_held
from lab.rootless.relay import listen, start_relay
from lab.state import read_state


def main(argv: Sequence[str] | None = None) -> int:
    """The module's own exit code, 1 with one sentence when it cannot run, 2 when called otherwise."""
    words = tuple(sys.argv[1:] if argv is None else argv)
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return _run(words, this_machine())
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def _run(words: Sequence[str], machine: Machine) -> int:
    if reason := why_no_way():
        raise LabError(reason, hint=ELSEWHERE)
    match words[0]:
        case "lab":
            return _lab(machine, words[1:])
        case "lab.demo":
            return _demo(machine, words[1:])
        case "pytest":
            return _tests(machine, words)
        case _:
            return _once(machine, words)


def _once(machine: Machine, words: Sequence[str]) -> int:
    """Anything else, in namespaces of its own."""
    with temporary(machine) as holder:
        return run_inside(holder, _python(*words))


def _tests(machine: Machine, words: Sequence[str]) -> int:
    """The tests, as they are where the kernel refuses what nothing foretold: those without the lab still count."""
    with contextlib.ExitStack() as stack:
        try:
            holder = stack.enter_context(temporary(machine))
        except LabError as error:
            _say(f"{error}\nTests that need the lab are skipped.")
            return subprocess.call(_python(*words))
        return run_inside(holder, _python(*words))


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *words)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _demo(machine: Machine, words: Sequence[str]) -> int:
    """The demo with its web page on the user's own loopback: the port is chosen outside, where it has to be free."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--port", type=int, default=0)
    options, others = parser.parse_known_args(words)
    listening = listen([options.port])
    port = listening[0].getsockname()[1]
    with temporary(machine) as holder:
        start_relay(holder, listening)
        return run_inside(holder, _python("lab.demo", "--port", str(port), *others))


def _lab(machine: Machine, words: Sequence[str]) -> int:
    """A verb of the lab, in the namespaces that hold the lab of that name; new ones are made for `up` alone."""
    options = lab_words.parse(words)
    place = place_of(options.name)
    if options.verb == "up":
        return _up(machine, place, words)
    held = read_held(place)
    if held is None:
        return _once(machine, ("lab", *words))  # it can still say that there is no lab, and clear what one left
    code = run_inside(held.holder.id, _python("lab", *words))
    if options.verb == "down" and code == 0:
        let_go(place)
    return code


def _up(machine: Machine, place: Place, words: Sequence[str]) -> int:
    """Bring the lab up and hand on its ports; what did not come up leaves no namespaces that were made for it."""
    ensure(_say, from_outside=True)
    with locked_root():
        before = read_held(place)
        held = before or Held(holder=Process.of(lasting(machine)))
        write_held(place, held)
    code = 1
    try:
        code = run_inside(held.holder.id, _python("lab", *words))
        if code == 0:
            _relay(place, held)
    finally:
        if code != 0 and before is None:
            let_go(place)
    return code


def _relay(place: Place, held: Held) -> None:
    """Let the lab's ports be the user's own too."""
    state = read_state(place)
    ports = () if state is None else (*state.ports.model_dump().values(),)
    if held.relays(ports):
        return
    if held.relay is not None:
        end([held.relay.id])
    relay = start_relay(held.holder.id, listen(ports))
    write_held(place, held.model_copy(update={"relay": Process.of(relay), "ports": ports}))


if __name__ == "__main__":
    sys.exit(main())
