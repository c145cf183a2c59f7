"""testinfra's way: one host, each command by `host.run`. Runs in the opponents' environment, told by a file."""

import json
import sys
from pathlib import Path

import testinfra  # type: ignore[import-not-found]  # the opponents' environment has it

play = json.loads(Path(sys.argv[1]).read_text())
options = f"-F none -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile={play['known_hosts']}"
address = f"ssh://{play['user']}@127.0.0.1:{play['port']}?ssh_identity_file={play['key']}"
host = testinfra.get_host(address, ssh_extra_args=options)
for command in play["commands"]:
    print(host.run(command).stdout)
