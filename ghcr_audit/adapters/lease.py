"""Keeping a drill's lease on the host while the drill goes on: renewed in the background, every quarter of it."""

import threading
from contextlib import suppress

from ghcr_audit.adapters.connections import host_of
from ghcr_audit.drill.questions import Drill
from ghcr_audit.errors import HostError

_keepers: dict[str, "LeaseKeeper"] = {}
_lock = threading.Lock()


class LeaseKeeper:
    """Renews the lease of one run until it is stopped, or the host says that the lease is another run's."""

    def __init__(self, drill: Drill, holder: str) -> None:
        self._drill = drill
        self._holder = holder
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {drill.target.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still renews."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Renew no more; returns when a renewal under way has ended (a few seconds at most)."""
        self._stopped.set()
        self._thread.join(timeout=self._drill.deploy.lease_s)

    def _renew(self) -> None:
        """A lost connection is tried anew: the lease may still stand when it is back."""
        while not self._stopped.wait(self._drill.deploy.lease_s / 4):
            with suppress(HostError):
                command = self._drill.renew(self._holder)
                answer = host_of(self._drill.target).run([command])[command.key]
                if answer.exit_code != 0:
                    return


def keep_lease(drill: Drill, holder: str) -> None:
    """From now on the lease of this run is renewed."""
    with _lock:
        keeper = _keepers.get(drill.run)
        if keeper is None or not keeper.alive:  # one that was refused has ended; the lease may be had again
            _keepers[drill.run] = LeaseKeeper(drill, holder)


def let_lease_go(run: str) -> None:
    """It is renewed no more; no error when it was not."""
    with _lock:
        keeper = _keepers.pop(run, None)
    if keeper is not None:
        keeper.stop()
