"""The switches in use: shared by the threads of all connections, changed while they run."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from lab.gateway.requests import Request
from lab.gateway.state import GatewayState, Impairment


class Switchboard:
    """One gateway's state. `GET /_lab` shows it, `POST /_lab` with a JSON object changes what it names."""

    def __init__(self) -> None:
        self._state = GatewayState()
        self._changes = 0
        self._changed = threading.Condition()

    @property
    def state(self) -> GatewayState:
        """The state now."""
        return self._state

    def change(self, changes: Mapping[str, object]) -> None:
        """Apply changes; requests that hang are let go.

        Raises:
            ValueError: see `GatewayState.changed`; nothing was changed then.
        """
        with self._changed:
            self._state = self._state.changed(changes)
            self._changes += 1
            self._changed.notify_all()

    def count(self, counter: str) -> None:
        """One more request of that family."""
        with self._changed:
            self._state = self._state.with_one_more(counter)

    def draw(self, request: Request) -> Impairment | None:
        """The impairment for this request, counted as used; None when the request goes through."""
        with self._changed:
            impairment = self._state.impairment
            if not impairment.hits(request):
                return None
            if impairment.times > 0:
                used = replace(impairment, times=impairment.times - 1)
                self._state = replace(self._state, impairment=used)
            return impairment

    def hang(self, limit_s: float) -> None:
        """Keep a request waiting until something is switched, `limit_s` at most."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            before = self._changes
            while self._changes == before and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
