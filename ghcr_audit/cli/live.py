"""The chain while it is walked, on a terminal: each link with its state and time, until the final text replaces it.

Without a terminal, with NO_COLOR or a dumb one, nothing is drawn, and rich is not even imported.
"""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

_DUMB = (None, "", "dumb")


def watching_live(title: str, *, quiet: bool = False) -> AbstractContextManager[None]:
    """While this lasts the chain is shown on stderr, if somebody looks at it there and wants to; else nothing is.

    `title` may hold foreign words. Whatever is printed to stderr meanwhile appears above the chain. Afterwards, also
    after Ctrl-C, the terminal is as it was, cursor and all.
    """
    if quiet or not is_lively():
        return nullcontext()
    from ghcr_audit.cli.live_chain import shown_live

    return shown_live(title)


def is_lively() -> bool:
    """Whether stderr is a terminal that can move its cursor, and colours are wanted (https://no-color.org)."""
    isatty = getattr(sys.stderr, "isatty", None)
    return bool(isatty and isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in _DUMB
