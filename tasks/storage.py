"""Prefect's result storage, where runs keep what outlives them: a folder of this machine, or a block workers share.

Shared where PREFECT_DEFAULT_RESULT_STORAGE_BLOCK names a block; else below PREFECT_HOME.
"""

import inspect
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.results import get_default_result_storage
from prefect.settings import get_current_settings
from prefect.utilities.asyncutils import run_coro_as_sync

_T = TypeVar("_T")


def storage_key() -> tuple[str, str]:
    """Tells storages apart: whoever keeps one for a whole run is not moved by a server that is away for a moment."""
    results = get_current_settings().results
    return str(results.default_storage_block), str(results.local_storage_path)


def result_storage() -> Path | WritableFileSystem:
    """The folder, or the block."""
    storage = cast(WritableFileSystem, get_default_result_storage())
    if isinstance(storage, LocalFileSystem):
        return Path(storage.basepath or ".").expanduser().resolve()
    return storage


def done(answer: Coroutine[Any, Any, _T]) -> _T:
    """What a block's method returns: a value here, where no event loop runs; of some blocks a coroutine still."""
    return run_coro_as_sync(answer) if inspect.isawaitable(answer) else cast(_T, answer)
