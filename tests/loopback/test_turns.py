"""Many targets in one process: none waits for another's login, and neither sshd nor registry sees too many at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ghcr_audit.adapters import connections, registry_turns, ssh
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.registry_turns import registry_turn
from ghcr_audit.adapters.ssh import SshHost
from ghcr_audit.causes import Cause
from ghcr_audit.errors import HostError
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import HostAccess

pytestmark = pytest.mark.loopback


class Gauge:
    """How many are inside at once, now and at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = self.most = 0

    @contextmanager
    def inside(self, stay_s: float = 0.0) -> Iterator[None]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(stay_s)
            yield
        finally:
            with self._lock:
                self.now -= 1


def target(name: str) -> Target:
    access = HostAccess(address="127.0.0.1", user=name)
    return Target(name=name, image="ghcr.io/acme/observer", registry_user="lab", container="observer", host=access)


def all_at_once(works: list[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)


def test_logins_go_side_by_side_but_never_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = Gauge()

    def refusing(access: HostAccess, where: str) -> SshHost:
        with gauge.inside(0.2):
            raise HostError(f"{where}: no", cause=Cause.SSH_UNREACHABLE)

    monkeypatch.setattr(ssh, "connect", refusing)

    def refused(one: Target) -> None:
        with pytest.raises(HostError, match="no"):
            host_of(one)

    targets = [target(f"t{number}") for number in range(3 * connections.STARTS_AT_ONCE)]
    began = time.monotonic()
    all_at_once([lambda one=one: refused(one) for one in targets])  # type: ignore[misc]
    assert gauge.most == connections.STARTS_AT_ONCE
    assert time.monotonic() - began < 0.2 * len(targets)
    close_connections()


def test_each_registry_is_asked_a_few_at_a_time_and_waits_for_no_other() -> None:
    one, other = Gauge(), Gauge()

    def ask(registry: str, gauge: Gauge) -> None:
        with registry_turn(registry), gauge.inside(0.1):
            pass

    works = [lambda: ask("one.example", one)] * (3 * registry_turns.AT_ONCE)
    all_at_once([*works, *[lambda: ask("other.example", other)] * registry_turns.AT_ONCE])
    assert (one.most, other.most) == (registry_turns.AT_ONCE, registry_turns.AT_ONCE)
