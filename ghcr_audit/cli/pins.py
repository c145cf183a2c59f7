"""Pinned work pool keys: the one a prompt shows is taken at first sight, and never changed in silence."""

import json
import re
from pathlib import Path

from ghcr_audit.cli.printing import say
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.handover import KEY_PATTERN


def pins_file() -> Path:
    """Where this user's pins lie: one key per API address."""
    from platformdirs import user_config_path

    return user_config_path("ghcr-audit") / "pools.json"


def trusted_key(shown_key: str, given: str | None) -> str:
    """The key to seal to: the one the prompt shows, if it is the one given or pinned; pinned now if it is new.

    Raises:
        ConfigurationError: the prompt shows another key than the one given or pinned.
    """
    from prefect.settings import get_current_settings

    server = str(get_current_settings().api.url)
    pins = _read()
    expected = given or pins.get(server)
    if expected and expected != shown_key:
        raise ConfigurationError(
            f"resume: the prompt shows another work pool key than is pinned (got {shown_key}, expected {expected})",
            hint=f"Ask who changed it; then remove the line of {server} from {pins_file()}, or give --pool-key.",
        )
    if server not in pins:
        say(f"first use of this work pool: pinning its key {shown_key} in {pins_file()}")
        _write({**pins, server: shown_key})
    return shown_key


def _read() -> dict[str, str]:
    try:
        data = json.loads(pins_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ConfigurationError(f"{pins_file()}: cannot be read as a file of pins") from None
    return (
        {str(k): str(v) for k, v in data.items() if re.fullmatch(KEY_PATTERN, str(v))} if isinstance(data, dict) else {}
    )


def _write(pins: dict[str, str]) -> None:
    path = pins_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps(pins, indent=1) + "\n", encoding="utf-8")
