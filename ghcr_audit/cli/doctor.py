"""`ghcr-audit doctor`: looks at this machine, the Prefect server and a target, and says what to do.

One line each. It only reads; what is not configured and not needed is a note, not a failure.
"""

import argparse
from collections.abc import Iterator

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.cli.checkup import Checkup, Line, Part, Sign
from ghcr_audit.cli.checkup_machine import TARGETS, machine, targets
from ghcr_audit.cli.checkup_server import server
from ghcr_audit.cli.checkup_target import of_target
from ghcr_audit.cli.printing import painter
from ghcr_audit.language import tell
from ghcr_audit.targets import Target, load_target
from ghcr_audit.text.columns import wrapped
from ghcr_audit.text.terminal import one_line, plain

_WIDTH = 100
_SIGNS = {Sign.GOOD: "✓", Sign.NOTE: "–", Sign.WRONG: "✗"}
_INDENT = " " * 4


def run(options: argparse.Namespace) -> int:
    """Look and print, line by line; an unknown or malformed TARGET is a ConfigurationError before anything else."""
    target = load_target(options.target, targets_folder()) if options.target else None
    lines = []
    for title, part in _parts(target):
        if not options.json:
            print(tell(title), flush=True)
        for line in part:
            lines.append(line)
            if not options.json:
                print(_shown(line), flush=True)
    checkup = Checkup(lines=tuple(lines))
    print(checkup.model_dump_json(indent=2) if options.json else f"\n{tell(_ending(checkup, target))}")
    return checkup.exit_code


def _parts(target: Target | None) -> Iterator[Part]:
    yield "this machine", machine()
    yield "targets", targets()
    yield "Prefect", server()
    if target is not None:
        yield one_line(f"target {target.name}: {target.where}"), of_target(target)


def _shown(line: Line) -> str:
    """What was found; what to do about it, if anything, below. Of several sentences each has a line."""
    found = [one_line(tell(sentence)) for sentence in plain(line.found).split("\n")]
    head = f"  {painter()(_SIGNS[line.sign])} {one_line(tell(line.what))}: {found[0]}"
    more = [f"{_INDENT}{sentence}" for sentence in found[1:]]
    todo = one_line(tell(line.todo)) if line.sign is not Sign.GOOD else ""
    return "\n".join([head, *more, *wrapped(todo, _WIDTH, first=f"{_INDENT}→ ", rest=f"{_INDENT}  ")])


def _ending(checkup: Checkup, target: Target | None) -> str:
    """How it stands, and the next command."""
    wrong = checkup.count(Sign.WRONG)
    if wrong:
        return f"{wrong} of {len(checkup.lines)} things are wrong: do what stands below each ✗, then look again."
    if target is not None:
        return f"Nothing is wrong. Next: ghcr-audit check {target.name}"
    none_yet = any(line.what == TARGETS and line.sign is Sign.NOTE for line in checkup.lines)
    return f"Nothing is wrong. Next: ghcr-audit {'init USER@HOST' if none_yet else 'doctor TARGET'}"
