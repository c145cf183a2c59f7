"""pyinfra's inventory: the one host. Runs in the opponents' environment, beside play.json."""

import json
from pathlib import Path

_play = json.loads(Path("play.json").read_text())

hosts = [
    (
        "127.0.0.1",
        {
            "ssh_port": _play["port"],
            "ssh_user": _play["user"],
            "ssh_key": _play["key"],
            "ssh_known_hosts_file": _play["known_hosts"],
            "ssh_strict_host_key_checking": "yes",
        },
    )
]
