"""From nothing to a healthy deployment: the parts side by side, then the deploy user's login and deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from lab.errors import LabError
from lab.host import make_home
from lab.images import publish_alias, publish_release, publish_sidecar
from lab.namespace import write_accounts
from lab.processes import LOG_TAIL_CHARS, wait_until
from lab.repository import Releases, create_repository
from lab.servers import Servers
from lab.sshd import make_keys
from lab.state import write_private
from lab.tokens import LabTokens

IMAGE_NAME = "acme/observer"
SIDECARS = ("postgres", "prometheus", "alertmanager", "grafana")
SIDECAR_TAG = "1"
REGISTRY_USER = "lab"

Outcome = TypeVar("Outcome")


def bring_up(servers: Servers, tokens: LabTokens, log: Callable[[str], None]) -> None:
    """Fill an empty lab folder, start everything, publish the releases and deploy the one that shall run."""
    place, clock = servers.place, Clock(log)
    for folder in (place.log, place.etc, place.packages):
        folder.mkdir(mode=0o755)
    write_private(place.tokens_file, tokens.to_json())
    with ThreadPoolExecutor(5, thread_name_prefix="lab") as pool:
        steps: list[Future[None] | Future[str]] = [
            pool.submit(clock.timed, "gateway answers", partial(servers.start, "gateway")),
            pool.submit(clock.timed, "engine answers", partial(servers.start, "engine")),
            pool.submit(clock.timed, "sshd answers", partial(_start_host, servers)),
        ]
        registry = pool.submit(clock.timed, "registry answers", partial(servers.start, "registry"))
        releases = clock.timed("repository has its releases", lambda: create_repository(place.repository))
        registry.result()
        steps.extend(_publish(servers, releases, pool))
        for step in steps:
            step.result()
    publish_alias(_upstream(servers), IMAGE_NAME, releases.newest_published, "latest")
    clock.say(f"{len(releases.published)} releases and {len(SIDECARS)} sidecar images published")
    clock.timed("deploy user logged in", lambda: _log_in(servers, tokens))
    clock.timed(f"release {releases.running} deployed and healthy", lambda: _deploy(servers, releases.running))
    servers.mark_ready(releases)


class Clock:
    """Says each step with its duration and the time since the beginning."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._began = time.monotonic()

    def timed(self, what: str, step: Callable[[], Outcome]) -> Outcome:
        """Do a step and say it."""
        began = time.monotonic()
        outcome = step()
        self.say(f"{what} ({_ms(began)} ms)")
        return outcome

    def say(self, what: str) -> None:
        """One line with the time since the beginning."""
        self._log(f"{_ms(self._began):6d} ms  {what}")


def _ms(since: float) -> int:
    return round((time.monotonic() - since) * 1000)


def _start_host(servers: Servers) -> None:
    """Accounts, keys and home must be there before the server starts."""
    write_accounts(servers.place, servers.state.user_id)
    make_keys(servers.place, servers.state, servers.packages)
    make_home(servers.place, servers.state, servers.packages)
    servers.start("sshd")


def _publish(servers: Servers, releases: Releases, pool: ThreadPoolExecutor) -> list[Future[str]]:
    """Push every image straight to the registry behind the gateway.

    The first release alone: a layer that two uploads link into one repository at once is for a moment unknown there
    (distribution writes the link's file anew), and a manifest that names it then is refused.
    """
    upstream, busybox = _upstream(servers), servers.packages.busybox
    release = partial(publish_release, upstream, IMAGE_NAME, busybox=busybox, port=servers.state.ports.health)
    sidecars = [
        pool.submit(publish_sidecar, upstream, f"{IMAGE_NAME}-{name}", SIDECAR_TAG, busybox=busybox)
        for name in SIDECARS
    ]
    first, *others = releases.published
    release(first)
    return [*sidecars, *(pool.submit(release, tag) for tag in others)]


def _upstream(servers: Servers) -> str:
    return f"127.0.0.1:{servers.state.ports.upstream}"


def _log_in(servers: Servers, tokens: LabTokens) -> None:
    registry = f"127.0.0.1:{servers.state.ports.registry}"
    command = f"docker login {registry} --username {REGISTRY_USER} --password-stdin"
    _on_host(servers, command, stdin=tokens.good.encode())


def _deploy(servers: Servers, tag: str) -> None:
    """The real script by the real user, then the container's own health check."""
    script = f"./server_deploy.sh {servers.place.deploy_dir} compose.yml {tag} deploy"
    _on_host(servers, f"cd {servers.place.deploy_dir} && {script}", timeout_s=60)
    wait_until(lambda: health_of(servers) == "healthy", what="container observer: healthy", limit_s=15)


def health_of(servers: Servers) -> str:
    """What the engine says of the service's health, empty when there is no such container."""
    done = servers.docker("inspect", "--format", "{{.State.Health.Status}}", "observer")
    return done.stdout.decode().strip()


def _on_host(servers: Servers, command: str, *, stdin: bytes = b"", timeout_s: float = 30) -> None:
    done = servers.ssh(command, stdin=stdin, timeout_s=timeout_s)
    if done.returncode != 0:
        words = (done.stdout + done.stderr).decode(errors="replace").strip()[-LOG_TAIL_CHARS:]
        raise LabError(f"{command}: exit code {done.returncode}: {words}")
