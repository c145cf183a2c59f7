"""pyinfra's operations: each command is one. Runs in the opponents' environment, beside play.json."""

import json
from pathlib import Path

from pyinfra.operations import server  # type: ignore[import-not-found]  # the opponents' environment has it

for _number, _command in enumerate(json.loads(Path("play.json").read_text())["commands"], 1):
    server.shell(name=f"Command {_number}", commands=[_command])
