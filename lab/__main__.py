"""`python -m lab up|down|status|incident`: the lab in a terminal. Steps go to stderr, the result to stdout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import get_args

from lab.errors import LabError
from lab.incidents.command import incident
from lab.lab import Lab
from lab.lifetime import LabStatus, take_down
from lab.state import Store


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words say; exit code 0: done (status: up), 1: not done (status: not up), 2: usage."""
    options = parse(argv)
    try:
        return _VERBS[options.verb](options)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The words as options; ends the process with exit code 2 when they are none."""
    parser = _parser()
    options = parser.parse_intermixed_args(argv)
    if options.incidents and options.verb != "incident":
        parser.error(f"{options.verb}: takes no further words (got {' '.join(options.incidents)!r})")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    parser.add_argument("verb", choices=tuple(_VERBS))
    parser.add_argument(
        "incidents",
        nargs="*",
        metavar="INCIDENT",
        help="of the verb incident: numbers and cause labels; `list` tells which there are, `none` puts the lab back",
    )
    parser.add_argument("--name", default="default", help="which lab (default: %(default)s)")
    parser.add_argument(
        "--store",
        choices=get_args(Store),
        default="containerd",
        help="the engine's image store (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _up(options: argparse.Namespace) -> int:
    lab = Lab.up(options.name, options.store, _say)
    status = lab.status()
    if options.json:
        print(_as_json(status, lab))
        return 0
    print(f"lab {lab.name} is up ({status.store} store) in {lab.folder}")
    print(f"  registry   {lab.image}")
    print(f"  host       ssh -p {lab.ssh_port} -i {lab.client_key} {lab.ssh_user}@127.0.0.1")
    print(f"  health     {lab.health_url}")
    print(f"  releases   {lab.repository} ({lab.releases.running} runs)")
    return 0


def _down(options: argparse.Namespace) -> int:
    take_down(options.name, _say)
    if options.json:
        print(json.dumps({"name": options.name, "up": False}))
    return 0


def _status(options: argparse.Namespace) -> int:
    lab = Lab.load(options.name)
    status = lab.status()
    if options.json:
        print(_as_json(status, lab))
    else:
        print(f"lab {status.name}: {'up' if status.up else 'NOT UP'} ({status.store} store)")
        for part in status.parts:
            words = "answers" if part.answering else "runs, no answer" if part.running else "ended"
            print(f"  {part.name:<9} {words} (process {part.pid})")
    return 0 if status.up else 1


def _incident(options: argparse.Namespace) -> int:
    return incident(options.name, options.incidents, as_json=options.json)


def _as_json(status: LabStatus, lab: Lab) -> str:
    """Everything another program needs to use the lab; no token is in it."""
    place = {
        "folder": str(lab.folder),
        "image": lab.image,
        "ssh_port": lab.ssh_port,
        "ssh_user": lab.ssh_user,
        "client_key": str(lab.client_key),
        "known_hosts": str(lab.known_hosts),
        "health_url": lab.health_url,
        "repository": str(lab.repository),
    }
    return json.dumps({**asdict(status), "up": status.up, **place}, indent=1)


_VERBS = {"up": _up, "down": _down, "status": _status, "incident": _incident}


if __name__ == "__main__":
    sys.exit(main())
