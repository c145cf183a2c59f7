"""`./run serve`: Prefect server, work pool, deployments and worker on this machine, until Ctrl-C."""

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from platformdirs import user_data_path

from deployments.server_secrets import SecretFileError
from deployments.stack import SERVER, Stack, StackError

DEFAULT_PORT = 4200
_SHORTEST_DELAY_S, _LONGEST_DELAY_S = 1.0, 30.0
_STEADY_AFTER_S = 60
"""A worker that ran for so long did not die of being started."""


def main(arguments: list[str] | None = None) -> int:
    """Start all parts, say where they are, and stop them all at the end."""
    options = _options(arguments)
    stack = Stack(
        folder=options.folder,
        port=options.port,
        login_file=options.auth_file,
        postgres=options.postgres,
        passfile=options.passfile,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _up(stack, notify=options.notify)
        _until_the_server_ends(stack)
    except (StackError, SecretFileError) as error:
        print(f"ghcr-audit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        stack.close()


def _up(stack: Stack, *, notify: str | None) -> None:
    began = time.monotonic()
    stack.start_server()
    print("starting the Prefect server …", file=sys.stderr, flush=True)
    stack.wait_for_server()
    print("creating work pool and deployments …", file=sys.stderr, flush=True)
    stack.start_worker()
    stack.deploy()
    if notify is not None:
        stack.notify(notify)
    print(_told(notify), file=sys.stderr)
    print(f"up in {time.monotonic() - began:.0f} s; data in {stack.folder}", file=sys.stderr, flush=True)


def _told(notify: str | None) -> str:
    if notify is not None:
        return f"notifications: by the block {notify}"
    return "notifications: none are set up now (what an earlier --notify TYPE/NAME made stays)"


def _until_the_server_ends(stack: Stack) -> NoReturn:
    """A worker that died is started again: it may have to recover a host (see flows/recover.py)."""
    print(f"Prefect is at {stack.url} (Ctrl-C stops everything)", flush=True)
    print(f"  another terminal: export PREFECT_API_URL={stack.api_url}", flush=True)
    delay_s = _SHORTEST_DELAY_S
    while True:
        began = time.monotonic()
        ended = stack.wait()
        if SERVER in ended:
            raise StackError(f"the server ended by itself; see the logs in {stack.folder / 'log'}")
        if time.monotonic() - began > _STEADY_AFTER_S:
            delay_s = _SHORTEST_DELAY_S
        for name in ended:
            print(f"the {name} ended by itself; it is started again in {delay_s:g} s", file=sys.stderr, flush=True)
            time.sleep(delay_s)
            stack.start_worker(name)
        delay_s = min(2 * delay_s, _LONGEST_DELAY_S)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run serve", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"of the UI and API (default {DEFAULT_PORT})")
    parser.add_argument("--folder", type=Path, default=user_data_path("ghcr-audit"), help="database, logs and keys")
    parser.add_argument(
        "--auth-file", type=Path, metavar="FILE", help="the API asks for the login (user:password) in it"
    )
    parser.add_argument("--postgres", metavar="URL", help="PostgreSQL instead of SQLite: postgresql://USER@HOST/DB")
    parser.add_argument("--passfile", type=Path, metavar="FILE", help="PostgreSQL's password file for it, mode 0600")
    parser.add_argument(
        "--notify", metavar="TYPE/NAME", help="a notification block; who is told what: automations.yaml"
    )
    return parser.parse_args(arguments)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
