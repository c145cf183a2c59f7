"""`ghcr-audit diff`: what changed from one run to another, or since a target last passed."""

import argparse
from itertools import islice
from pathlib import Path

from ghcr_audit.adapters.past_bundles import kept_bundle
from ghcr_audit.cli.history import named_target, no_runs
from ghcr_audit.cli.past_runs import checked_bundle, past_runs
from ghcr_audit.cli.printing import painter, say
from ghcr_audit.errors import ConfigurationError, shown
from ghcr_audit.evidence import Value
from ghcr_audit.history.changes import Comparison, compare
from ghcr_audit.history.kept import Kept, Trust
from ghcr_audit.history.past import Past
from ghcr_audit.history.words import comparison_text
from ghcr_audit.text.terminal import one_line

_RUNS_LIMIT = 500
"""So many runs are looked through for one that passed."""


class Diff(Value):
    """What `--json` prints: where both runs were read, how far each can be trusted, and everything compared."""

    before_place: str
    before_trust: Trust
    after_place: str
    after_trust: Trust
    comparison: Comparison


def run(options: argparse.Namespace) -> int:
    """Print what changed; exit code 0 with changes or without."""
    before, after = _two(options) if options.second else _since_passed(options)
    found = compare(_past(before), _past(after))
    if options.json:
        told = Diff(
            before_place=before.place,
            before_trust=before.trust,
            after_place=after.place,
            after_trust=after.trust,
            comparison=found,
        )
        print(told.model_dump_json(indent=2))
        return 0
    for one in (before, after):
        if one.trust is Trust.NOT_JUDGED:
            say(one_line(f"{one.place}: {one.trust.value}: {one.told}"))
    print(comparison_text(found, paint=painter()))
    return 0


def _two(options: argparse.Namespace) -> tuple[Kept, Kept]:
    return _named(options.first, options.bundles), _named(options.second, options.bundles)


def _named(name: str, bundles: str | None) -> Kept:
    """A bundle by its path, or a run by its id, or the beginning of it."""
    path = Path(name)
    if path.is_file():
        return kept_bundle(path, checked_bundle)
    source = past_runs(bundles)
    found = source.run(name)
    if found is None:
        raise ConfigurationError(
            f"diff: {shown(name)} is no bundle, and no run in {source.place}",
            hint="`ghcr-audit history TARGET` lists the runs; the beginning of an id is enough.",
        )
    return found


def _since_passed(options: argparse.Namespace) -> tuple[Kept, Kept]:
    """The newest run of the target, and the last one before it that passed."""
    if Path(options.first).is_file() and not options.first.endswith(".toml"):
        raise ConfigurationError(
            "diff: one bundle alone has nothing to be compared with", hint="Name two bundles or runs, or a target."
        )
    target, source = named_target(options.first), past_runs(options.bundles)
    found = islice(source.newest_first(target), _RUNS_LIMIT)
    usable = (one for one in found if one.past is not None)
    newest = next(usable, None)
    if newest is None:
        raise no_runs(target, source.place)
    passed = next((one for one in usable if _passed_before(one, newest)), None)
    if passed is None:
        raise ConfigurationError(
            f"diff: no earlier run of {target!r} passed, as far as {source.place} knows",
            hint="Name two runs: ghcr-audit diff RUN RUN; `ghcr-audit history` lists them.",
        )
    return passed, newest


def _passed_before(one: Kept, newest: Kept) -> bool:
    """Whether it passed; an earlier report of the same run is no earlier run."""
    return _past(one).verdict.passed and _past(one).run != _past(newest).run


def _past(kept: Kept) -> Past:
    """What a run tells.

    Raises:
        ConfigurationError: it may not be used.
    """
    if kept.past is None:
        raise ConfigurationError(
            f"diff: {kept.place}: {kept.trust.value}: {kept.told}", hint="`ghcr-audit verify` names every damage."
        )
    return kept.past
