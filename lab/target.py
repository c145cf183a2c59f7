"""The target file that describes a lab to the product."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lab.gateway.requests import API_PATH
from lab.namespace import DEPLOY_USER
from lab.place import Place
from lab.state import LabState

Setting = str | int | tuple[str, ...]


def target_toml(place: Place, state: LabState, overrides: Mapping[str, Setting | None]) -> str:
    """The text of a target file. Overrides name keys, in a table as `host__port`; None leaves one out."""
    settings = {**_settings(place, state), **overrides}
    unknown = [name for name in overrides if name.count("__") > 1]
    if unknown:
        raise ValueError(f"target settings: not TABLE__KEY: {unknown}")
    lines = [_line(name, value) for name, value in settings.items() if "__" not in name and value is not None]
    for table in ("host", "deploy"):
        prefix = f"{table}__"
        lines.extend(("", f"[{table}]"))
        lines.extend(
            _line(name.removeprefix(prefix), value)
            for name, value in settings.items()
            if name.startswith(prefix) and value is not None
        )
    return "\n".join(lines) + "\n"


def _line(name: str, value: Setting) -> str:
    if isinstance(value, str) and "\\" in value and "'" not in value:
        return f"{name} = '{value}'"  # a literal string: patterns stay readable
    return f"{name} = {json.dumps(value)}"


def _settings(place: Place, state: LabState) -> Mapping[str, Setting]:
    ports = state.ports
    return {
        "image": f"127.0.0.1:{ports.registry}/acme/observer",
        "registry_user": "lab",
        "tag_pattern": r"^\d{8}-\d{6}$",
        "repository": str(place.repository),
        "github_api": f"http://127.0.0.1:{ports.registry}{API_PATH}",
        "container": "observer",
        "drill": "allowed",
        "health_url": f"http://127.0.0.1:{ports.health}/health",
        "host__address": "127.0.0.1",
        "host__port": ports.ssh,
        "host__user": DEPLOY_USER,
        "host__identity_file": str(place.client_key),
        "host__known_hosts": str(place.known_hosts),
        "host__docker_command": ("docker",),
        "deploy__method": "script",
        "deploy__directory": str(place.deploy_dir),
        "deploy__compose_file": "compose.yml",
        "deploy__script": "server_deploy.sh",
        # Short: the service is healthy a second or two after its start, and whatever is not shall be known soon.
        "deploy__healthy_within_s": 8,
        "deploy__settle_s": 1,
    }
