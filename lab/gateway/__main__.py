"""`python -m lab.gateway`: one gateway in the foreground, until TERM."""

import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType

from lab.gateway.gateway import Gateway
from lab.gateway.server import GatewayServer
from lab.gateway.upstream import Upstream
from lab.tokens import LabTokens


def main() -> None:
    """Serve; prints `listening on HOST:PORT` once the port is bound."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _stop)
    gateway = Gateway(
        name=arguments.name,
        upstream=Upstream(arguments.upstream),
        tokens=LabTokens.from_json(arguments.tokens.read_text()),
    )
    with (
        arguments.log.open("a") as log,
        GatewayServer((arguments.host, arguments.port), gateway=gateway, log=log) as server,
    ):
        print(f"listening on {server.address}", flush=True)
        server.serve_forever()


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m lab.gateway", description="A ghcr.io look-alike for the lab.")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT", help="the registry behind")
    parser.add_argument("--tokens", type=Path, required=True, help="LabTokens as JSON, mode 0600")
    parser.add_argument("--log", type=Path, required=True, help="one line per request is appended")
    parser.add_argument("--name", default="ghcr.io", help="the service named in challenges")
    return parser


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
