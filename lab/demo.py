"""`./run demo`: a real deploy chain is audited, blocked by a refused credential, resumed with a new one, and drilled.

The lab stands in the state of incidents 5 and 6: the host's stored credential is refused, and behind it hides that
the newest git tag was never pushed. Then the newest release is deployed, rolled back, and the host put back as it
was. Nothing here is simulated: real engine, registry, sshd and Prefect server.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import NoReturn

from deployments.stack import Stack, StackError, free_port
from lab.demo_run import DemoRun
from lab.demo_story import check_story
from lab.errors import LabError
from lab.lab import Lab
from lab.lifetime import take_down

LAB_NAME = "demo"
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Tell the story; exit code 0 only when it went as told."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="ghcr-audit-demo-"))
    out = options.out or Path(tempfile.mkdtemp(prefix="ghcr-audit-report-"))
    out.mkdir(parents=True, exist_ok=True)
    stack = Stack(
        folder=folder / "stack", port=options.port or free_port(), extra=_environment(folder), worker_query_s=1
    )
    code = 1
    try:
        code = _told(stack, folder, out, keep=options.keep)
    except (StackError, LabError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ndemo: interrupted; shutting down", file=sys.stderr)
        code = _INTERRUPTED
    finally:
        stack.close()
        take_down(f"{LAB_NAME}-{os.getpid()}")
        _tidy(folder, failed=code == 1)
    return code


def _told(stack: Stack, folder: Path, out: Path, *, keep: bool) -> int:
    began = time.monotonic()
    say("A release chain on this machine: git tag → registry → docker pull over SSH → deploy by tag → rollback.")
    with ThreadPoolExecutor(max_workers=1) as pool:
        building = pool.submit(Lab.up, f"{LAB_NAME}-{os.getpid()}")
        stack.start_server()
        lab = building.result()
        say(f"lab up: registry {lab.registry}, host labdeploy@127.0.0.1:{lab.ssh_port}, {lab.releases.running} runs")
        _incidents_5_and_6(lab, folder)
        stack.wait_for_server()
    say(f"Prefect server up: {stack.url}")
    stack.start_worker()
    stack.deploy()
    run = DemoRun(stack=stack, lab=lab, out=out)
    run.start()
    run.follow_until_blocked()
    run.let_somebody_resume()
    run.follow_to_the_end()
    failures = check_story(run)
    _farewell(run, failures, time.monotonic() - began)
    if keep:
        _wait_for_the_reader(stack)
    return 1 if failures else 0


def _incidents_5_and_6(lab: Lab, folder: Path) -> None:
    """The stored credential becomes the gh tool's, without package scope; the newest tag has no image already."""
    lab.store_credential(lab.tokens.gh_oauth)
    targets = folder / "targets"
    targets.mkdir()
    (targets / "observer.toml").write_text(lab.target_toml(), encoding="utf-8")
    say(f"incident 5: the host's stored credential is refused; incident 6: {lab.releases.unpublished} was never pushed")


def _environment(folder: Path) -> dict[str, str]:
    """Targets, pool key and pins of this demo, apart from the user's own."""
    return {
        "GHCR_AUDIT_TARGETS": str(folder / "targets"),
        "GHCR_AUDIT_POOL_KEY": str(folder / "pool.key"),
        "GHCR_AUDIT_SIGNING_KEY": str(folder / "signing.key"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def _farewell(run: DemoRun, failures: list[str], took_s: float) -> None:
    say("")
    for failure in failures:
        say(f"NOT AS TOLD: {failure}")
    say(f"report: {run.out / 'report.md'} and {run.out / 'report.json'}; the BLOCKED one: {run.out / 'blocked.md'}")
    say(f"every form in English and Korean: {run.out / 'report.en.html'}, {run.out / 'report.ko.html'}, ...")
    say(f"evidence: ./run audit verify {run.evidence} --key {run.out / 'signing.pub'}")
    say(f"{'the story went as told' if not failures else 'the story did not go as told'} in {took_s:.0f} s")


def _wait_for_the_reader(stack: Stack) -> None:
    say(f"kept: {stack.url} (Ctrl-C shuts everything down)")
    try:
        stack.wait()
    except KeyboardInterrupt:
        say("shutting down")


def _tidy(folder: Path, *, failed: bool) -> None:
    """Remove what the demo made, but for its reports - and for its logs when it failed."""
    if failed:
        print(f"demo: logs are kept in {folder / 'stack' / 'log'}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def say(text: str) -> None:
    """One line of the story, at once."""
    print(text, flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description="Watch a deploy chain being audited.")
    parser.add_argument("--out", type=Path, help="leave the reports and the evidence bundle in this folder")
    parser.add_argument("--keep", action="store_true", help="keep everything running until Ctrl-C")
    parser.add_argument("--port", type=int, help="port of the Prefect UI (left out: a free one)")
    return parser.parse_args(arguments)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
