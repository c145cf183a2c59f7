"""paramiko without invoke, which it would import for `Match exec` alone, and asyncio, unittest and yaml with it.

We refuse `Match exec` (ssh_config.py), and paramiko does without invoke where that is not installed: as much as all the
rest of a check's imports together. Whoever needs paramiko takes it from here.
"""

import sys

_absent = "invoke" not in sys.modules
if _absent:
    sys.modules["invoke"] = None  # type: ignore[assignment]  # the import system's own word for: not to be had
try:
    import paramiko
finally:
    if _absent:
        del sys.modules["invoke"]

__all__ = ["paramiko"]
