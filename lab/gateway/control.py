"""The remote control of a running gateway, for tests and the demo."""

import http.client
import json
from typing import Final

from lab.gateway.state import GatewayState

_TIMEOUT_S: Final = 10.0


class GatewayControl:
    """Switches the gateway at `HOST:PORT`."""

    def __init__(self, address: str) -> None:
        self._address = address

    def switch(self, **changes: object) -> None:
        """Change what is named; see `GatewayState.changed` for the names.

        Raises:
            ValueError: the gateway knows no such switch or value.
            OSError: no gateway answers.
        """
        self._ask("POST", json.dumps(changes).encode())

    def state(self) -> GatewayState:
        """All switches and the counters of requests."""
        return GatewayState.from_json(self._ask("GET"))

    def _ask(self, method: str, body: bytes | None = None) -> str:
        host, _, port = self._address.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_S)
        try:
            connection.request(method, "/_lab", body)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ValueError(json.loads(text)["errors"][0]["message"])
        return text
