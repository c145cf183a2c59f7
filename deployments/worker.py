"""A worker for a server elsewhere: `python -m deployments.worker [OPTIONS OF prefect worker start]`.

It is what a container or a service manager starts. TERM ends its runs first, while somebody is there to hear of it: one
that drills puts its host back. Prefect's own worker, told to end, leaves its runs without the reader of their output,
and they die of that. Where the server is, and by which login: PREFECT_API_URL, and PREFECT_PROFILES_PATH.
"""

import signal
import subprocess
import sys
from types import FrameType

from deployments.processes import end_runs
from deployments.stack import STOP_LIMIT_S, WORKER


def main(words: list[str] | None = None) -> int:
    """Run until it is told to end, or its worker ends by itself; then that one's exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    worker = subprocess.Popen(
        [sys.executable, "-m", "prefect", *WORKER, *(sys.argv[1:] if words is None else words)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for this process: the worker is told when its runs have ended
    )
    try:
        return worker.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(worker)


def _end(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is not None:
        return
    end_runs(worker.pid)
    worker.terminate()
    try:
        worker.wait(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
