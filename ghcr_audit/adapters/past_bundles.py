"""Past runs in a folder of evidence bundles. Each is checked as `verify` checks it before anything of it is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from ghcr_audit.adapters.bundle import read_bundle
from ghcr_audit.bundle.content import MANIFEST, Manifest
from ghcr_audit.bundle.damage import NoBundleError
from ghcr_audit.bundle.reading import opened
from ghcr_audit.bundle.verified import Verification
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.history.kept import Kept, Trust
from ghcr_audit.history.past import past_of

_FILES_LIMIT = 2000
"""So many files of a folder are looked into, the last written first."""
_SHORTEST_RUN = 4
"""Characters by which a run can be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that may be a bundle. Without a manifest that can be read: why not."""

    path: Path
    target: str = ""
    finished_at: AwareDatetime | None = None
    altered: bool = False
    told: str = ""


class BundleFolder:
    """The bundles `*.tar.gz` of one folder; `check` is the whole check of one."""

    def __init__(self, folder: Path, check: Callable[[bytes], Verification]) -> None:
        if not folder.is_dir():
            raise ConfigurationError(
                f"bundles: {folder}: no such folder", hint="Name one that holds evidence-….tar.gz."
            )
        self._folder, self._check = folder, check

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def newest_first(self, target: str) -> Iterator[Kept]:
        """A target's runs by their own word on when they ended; first what no manifest can be read of."""
        files = [_file(path) for path in self._paths("*.tar.gz")]
        yield from (_unreadable(one) for one in files if one.finished_at is None)
        dated = [(one.finished_at, one.path) for one in files if one.finished_at is not None and one.target == target]
        for _, path in sorted(dated, reverse=True):
            yield kept_bundle(path, self._check)

    def run(self, name: str) -> Kept | None:
        """The run of this id, or the only one whose id begins so, in the file that it was stored as.

        Raises:
            ConfigurationError: several begin so.
        """
        if len(name) < _SHORTEST_RUN or not name.replace("-", "").isalnum():
            return None
        found = self._paths(f"evidence-{name}*.tar.gz")
        if len(found) > 1:
            raise ConfigurationError(
                f"run: several begin with {name!r} in {self._folder}", hint="Give more characters of its id."
            )
        return kept_bundle(found[0], self._check) if found else None

    def _paths(self, pattern: str) -> list[Path]:
        files = [(path.stat().st_mtime, path) for path in self._folder.glob(pattern) if path.is_file()]
        return [path for _, path in sorted(files, reverse=True)[:_FILES_LIMIT]]


def kept_bundle(path: Path, check: Callable[[bytes], Verification]) -> Kept:
    """A bundle's run, once it was checked; an altered bundle tells nothing but that."""
    try:
        found = check(read_bundle(path))
    except NoBundleError as error:
        return Kept(place=path.name, trust=Trust.UNREADABLE, told=error.message)
    if found.damages:
        return Kept(place=path.name, trust=Trust.ALTERED, told=str(found.damages[0]))
    if found.report is None:
        return Kept(place=path.name, trust=Trust.UNREADABLE, told="; ".join(found.not_judged[:1]))
    trust = Trust.NOT_JUDGED if found.not_judged else Trust.INTACT
    return Kept(place=path.name, trust=trust, past=past_of(found.report), told="; ".join(found.not_judged[:1]))


def _file(path: Path) -> _File:
    """Whose bundle a file says it is; that is believed only to find it."""
    try:
        found = opened(read_bundle(path))
        manifest = Manifest.model_validate_json(found.content(MANIFEST) or b"")
    except NoBundleError as error:
        return _File(path=path, told=error.message)
    except ValidationError:
        told = next(map(str, found.damages), "its manifest cannot be read")
        return _File(path=path, altered=bool(found.damages), told=told)
    return _File(path=path, target=manifest.target, finished_at=manifest.finished_at)


def _unreadable(file: _File) -> Kept:
    trust = Trust.ALTERED if file.altered else Trust.UNREADABLE
    return Kept(place=file.path.name, trust=trust, told=file.told)
