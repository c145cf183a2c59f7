"""A Prefect server, its deployments and a worker on this machine: loopback only, stopped by recorded pids.

The server process alone gets the encryption key of Secret blocks; the worker gets a scrubbed environment, nothing but
what is listed here. How each part comes to the secrets that it needs: server_secrets.py.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployments.processes import end_runs
from deployments.server_secrets import (
    api_login,
    basic_header,
    checked_passfile,
    database_address,
    encryption_key,
    keep_profile,
)

CHECKOUT = Path(__file__).resolve().parents[1]
POOL = "ghcr-audit"
WORKER = ("worker", "start", "--pool", POOL, "--type", "process", "--install-policy", "never")
"""What `prefect` is told: nothing is installed when a worker starts."""
SERVER = "server"
HOST = "127.0.0.1"
START_LIMIT_S = 90
STOP_LIMIT_S = 20
_ERROR_LINE = re.compile(r"[\w.]*(?:Error|Exception): (.+)")
_ERROR_WITHIN_LINES = 20

_PASSED_ON = ("HOME", "LANG", "PATH", "TMPDIR", "TZ", "USER", "SSH_AUTH_SOCK", "SSL_CERT_FILE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""Passed on unless their address holds a password (`user:password@host`)."""
_GHCR_AUDIT = ("GHCR_AUDIT_TARGETS", "GHCR_AUDIT_POOL_KEY", "GHCR_AUDIT_SIGNING_KEY", "XDG_CONFIG_HOME")


class StackError(Exception):
    """A part did not start, or a port is taken: one clear sentence."""


@dataclass(kw_only=True)
class Stack:
    """One server and its workers. `folder` holds database, results, logs and the encryption key's file."""

    folder: Path
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further variables for worker and flows (`GHCR_AUDIT_TARGETS`); never a secret."""
    worker_query_s: float = 2.0
    login_file: Path | None = None
    """Holds `user:password`, without which the API answers nobody; None: it answers everybody on this machine."""
    postgres: str | None = None
    """The address of a PostgreSQL database, without a password; None: SQLite, in `folder`."""
    passfile: Path | None = None
    """PostgreSQL's password file for it."""
    works_in: Path = CHECKOUT
    """Where its processes stand. Runs go to the checkout that was deployed, wherever their worker stands."""
    _processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the UI."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return f"{self.url}/api"

    @property
    def database(self) -> Path:
        """Prefect's SQLite database."""
        return self.folder / "prefect" / "prefect.db"

    def environment(self) -> dict[str, str]:
        """What workers, flows and clients see: no secret of any kind."""
        known = {name: os.environ[name] for name in (*_PASSED_ON, *_GHCR_AUDIT) if name in os.environ}
        known |= {name: os.environ[name] for name in _PROXIES if "@" not in os.environ.get(name, "@")}
        return {
            **known,
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_WORKER_QUERY_SECONDS": str(self.worker_query_s),
            "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
            **self.extra,
        }

    def start_server(self) -> None:
        """Start the server, without waiting for it.

        Raises:
            StackError: the port is taken.
        """
        (self.folder / "prefect").mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_profile(self.folder / "prefect", self._login())
        if not _port_is_free(self.port):
            raise StackError(
                f"port {self.port} of {HOST} is taken: stop what listens there, or name another with --port"
            )
        words = ("server", "start", "--host", HOST, "--port", str(self.port))
        self._start(SERVER, words, self._server_environment())

    def wait_for_server(self) -> None:
        """Return when the API answers.

        Raises:
            StackError: it ended, or did not answer within START_LIMIT_S.
        """
        deadline = time.monotonic() + START_LIMIT_S
        while not _answers(f"{self.api_url}/health"):
            self._must_run(SERVER)
            if time.monotonic() > deadline:
                raise StackError(f"the server gave no answer in {START_LIMIT_S} s; see {self._log('server')}")
            time.sleep(0.1)

    def deploy(self) -> None:
        """Create all deployments of prefect.yaml; the work pool is made by the first worker, or here without one.

        Raises:
            StackError: no pool in time, or Prefect refused; the logs say why.
        """
        if all(name == SERVER for name in self._processes):
            self._prefect("work-pool", "create", POOL, "--type", "process")
        deadline = time.monotonic() + START_LIMIT_S
        while not _answers(f"{self.api_url}/work_pools/{POOL}", self._login()):
            if time.monotonic() > deadline:
                raise StackError(f"no worker made the work pool in {START_LIMIT_S} s; see {self.folder / 'log'}")
            time.sleep(0.1)
        self._prefect("--no-prompt", "deploy", "--all")

    def notify(self, block: str) -> None:
        """Create the automations of automations.yaml, or bring them up to date, with this notification block.

        Raises:
            StackError: the server has no such block; the log says so.
        """
        self._run("-m", "deployments.automations", block)

    def start_worker(self, name: str = "worker", *, queue: str | None = None) -> None:
        """Start a worker of the pool, which it makes where it is missing; it polls for runs until it is stopped.

        `queue`: it takes runs of this work queue alone. A server of another stack may be at this port, too.
        """
        words = (*WORKER, "--name", name)
        self._start(name, (*words, *(("--work-queue", queue) if queue else ())), self.environment())

    def stop(self, name: str, *, limit_s: float = STOP_LIMIT_S) -> None:
        """TERM one part and wait for it; KILL only what ignores that. A worker's runs are ended before it."""
        process = self._processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        if name != SERVER:
            end_runs(process.pid)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=limit_s)

    def close(self) -> None:
        """Stop everything, workers first."""
        for name in sorted(self._processes, key=lambda one: one == SERVER):
            self.stop(name)

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return self._processes[name].pid

    def wait(self) -> tuple[str, ...]:
        """Return when a part ends: the names of all that have ended."""
        while not (ended := tuple(name for name, one in self._processes.items() if one.poll() is not None)):
            time.sleep(0.5)
        return ended

    def _start(self, name: str, words: tuple[str, ...], environment: dict[str, str]) -> None:
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "prefect", *words],
                cwd=self.works_in,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _login(self) -> str | None:
        return None if self.login_file is None else api_login(self.login_file)

    def _server_environment(self) -> dict[str, str]:
        """What the server sees beyond the others: its secrets, and where its database is."""
        environment = {
            **self.environment(),
            "PREFECT_SERVER_ENCRYPTION_KEY": encryption_key(self.folder / "server.key"),
            "PREFECT_UI_API_URL": self.api_url,  # without it the pages ask port 4200
            "PREFECT_UI_URL": self.url,
        }
        if (login := self._login()) is not None:
            environment["PREFECT_SERVER_API_AUTH_STRING"] = login
        if self.postgres is not None:
            environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database_address(self.postgres)
        if self.passfile is not None:
            environment["PGPASSFILE"] = str(checked_passfile(self.passfile))
        return environment

    def _prefect(self, *words: str) -> None:
        self._run("-m", "prefect", *words)

    def _run(self, *words: str) -> None:
        ended = subprocess.run(
            [sys.executable, *words],
            cwd=CHECKOUT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
            check=False,
        )
        with self._log("deploy").open("a", encoding="utf-8") as log:
            log.write(ended.stdout + ended.stderr)
        if ended.returncode:
            raise StackError(f"{' '.join(words[1:])} failed: {_last_line(ended.stderr)}; see {self._log('deploy')}")

    def _must_run(self, name: str) -> None:
        if self._processes[name].poll() is not None:
            raise StackError(f"the {name} ended at once{_why(self._log(name))}; see {self._log(name)}")

    def _log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"


def free_port() -> int:
    """A free TCP port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:300]


def _why(log: Path) -> str:
    """The last error that the end of a log tells, such as a database that refuses the password."""
    end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_ERROR_WITHIN_LINES:]
    told = [found[1] for line in end if (found := _ERROR_LINE.match(line))]
    return f": {told[-1][:300]}" if told else ""


def _answers(url: str, login: str | None = None) -> bool:
    headers = {} if login is None else {"Authorization": basic_header(login)}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - an http address of our own
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - the same
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False
