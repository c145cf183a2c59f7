"""Prefect's result storage, where runs keep what outlives them: a folder of this machine, or a block workers share.

Shared where PREFECT_DEFAULT_RESULT_STORAGE_BLOCK names a block; else below PREFECT_HOME.
"""

import inspect
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from prefect.filesystems import LocalFileSystem, WritableFileSystem
from prefect.results import ResultStore, get_default_result_storage
from prefect.serializers import JSONSerializer
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


class KeptTexts:
    """Texts by their keys, as Prefect keeps a run's results: for what a folder and a block need not be told apart."""

    def __init__(self) -> None:
        storage = cast(WritableFileSystem, get_default_result_storage())
        self._store = ResultStore(result_storage=storage, serializer=JSONSerializer())

    def read(self, key: str) -> str | None:
        """The text, or None."""
        return str(self._store.read(key).result) if self._store.exists(key) else None

    def write(self, key: str, text: str) -> None:
        """Keep it, in place of an earlier one."""
        self._store.write(text, key=key)


def done(answer: Coroutine[Any, Any, _T]) -> _T:
    """What a block's method returns: a value here, where no event loop runs; of some blocks a coroutine still."""
    return run_coro_as_sync(answer) if inspect.isawaitable(answer) else cast(_T, answer)
