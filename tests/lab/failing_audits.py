"""As a program: `python -m tests.lab.failing_audits TAG TOKEN_FILE` audits target `observer` once for each link.

At that link an exception is raised that holds the token in its text, in its arguments, and in its context.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from flows.release_audit import release_audit
from ghcr_audit.adapters import drill, walk
from ghcr_audit.audit import Audit

PLACES = (
    ("observe", walk, "preflight"),
    ("observe", walk, "auth"),
    ("pull", walk, "pull_release"),
    ("pull", walk, "digest"),
    ("drill", drill, "deploy"),
    ("drill", drill, "roll_back"),
)
"""Mode in which the link is walked, and the function that looks."""


def failing(token: str) -> Callable[..., Audit]:
    def fail(*_: object, **__: object) -> Audit:
        raise RuntimeError(f"could not log in with {token}", {"auth": token}) from ValueError(f"password={token}")

    return fail


@contextmanager
def broken(module: object, name: str, token: str) -> Iterator[None]:
    with patch.object(module, name, failing(token)):
        yield


def main() -> None:
    tag, token = sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8").strip()
    for mode, module, name in PLACES:
        with broken(module, name, token):
            state = release_audit(target="observer", tag=tag, mode=mode, wait_hours=0, return_state=True)
        print(f"{name}: {state.type.value} {state.name}: {state.message}")


if __name__ == "__main__":
    main()
