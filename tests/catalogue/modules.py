"""Which modules' sentences the catalogues hold, in which order, and the words that stand alone there."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ghcr_audit.language.template import parse_template
from tests.catalogue.sentences import sentences
from tests.catalogue.shell import refusals

ROOT = Path(__file__).parents[2]
COVERED = (
    "ghcr_audit/verdicts.py",
    "ghcr_audit/evidence.py",
    "ghcr_audit/certainty.py",
    "ghcr_audit/report/words.py",
    "ghcr_audit/report/markdown.py",
    "ghcr_audit/report/drill.py",
    "ghcr_audit/report/text.py",
    "ghcr_audit/report/summary.py",
    "ghcr_audit/report/tables.py",
    "ghcr_audit/report/html.py",
    "ghcr_audit/report/junit.py",
    "ghcr_audit/report/recovery.py",
    "ghcr_audit/report/evidence.py",
    "ghcr_audit/page/*.py",
    "ghcr_audit/pictures/*.py",
    "ghcr_audit/history/*.py",
    "ghcr_audit/causes.py",
    "ghcr_audit/links/*.py",
    "ghcr_audit/registry/views.py",
    "ghcr_audit/facts.py",
    "ghcr_audit/diagnosis/*.py",
    "ghcr_audit/drill/candidate.py",
    "ghcr_audit/drill/dead_man.py",
    "ghcr_audit/drill/sameness.py",
    "ghcr_audit/drill/snapshot.py",
    "ghcr_audit/drill/compose.py",
    "ghcr_audit/drill/settled.py",
    "ghcr_audit/drill/summary.py",
    "ghcr_audit/workflows/*.py",
    "ghcr_audit/credentials.py",
    "ghcr_audit/handover.py",
    "ghcr_audit/messages/advice.py",
    "ghcr_audit/messages/rank.py",
    "ghcr_audit/messages/table_*.py",
    "ghcr_audit/host_scripts/*.sh",
    "ghcr_audit/adapters/*.py",
    "ghcr_audit/images.py",
    "ghcr_audit/targets/tables.py",
    "ghcr_audit/targets/target.py",
    "ghcr_audit/tags.py",
    "ghcr_audit/targets/candidates.py",
    "ghcr_audit/drill/journal.py",
    "ghcr_audit/fleet.py",
    "ghcr_audit/fleet_forms.py",
    "ghcr_audit/report/forms.py",
    "ghcr_audit/bundle/*.py",
    "ghcr_audit/ledger/*.py",
    "ghcr_audit/attestation/*.py",
    "ghcr_audit/lint/*.py",
    "flows/*.py",
    "tasks/*.py",
    "ghcr_audit/cli/*.py",
)
"""What is not among these is told in English (docs/reports.md)."""
_WORDS = {
    "ghcr_audit/verdicts.py": ("Passed", "PassedWithWarnings", "Broken", "Blocked", "Unknown", "RestoreFailed"),
    "ghcr_audit/evidence.py": (
        *("preflight", "auth", "pull", "digest", "deploy", "rollback"),
        *("holds", "broken", "unknown", "host"),
    ),
    "ghcr_audit/certainty.py": ("proven", "likely", "possible"),
    "ghcr_audit/report/drill.py": ("before", "deployed", "restored", "deploy", "rollback", "restore"),
    "ghcr_audit/handover.py": ("sealed", "prompt"),
    "ghcr_audit/links/preflight.py": ("clean",),
    "ghcr_audit/links/rollback.py": ("gone",),
    "ghcr_audit/drill/sameness.py": (
        *("image", "configuration", "mounts", "networks", "state", "sidecars", "tags", "files"),
    ),
    "ghcr_audit/drill/summary.py": ("absent",),
    "ghcr_audit/history/changes.py": ("credential", "findings", "claims", "times"),
    "tasks/credential.py": ("accepted",),
    "flows/waiting.py": ("asked",),
    "ghcr_audit/cli/command.py": ("evidence", "more"),
    "ghcr_audit/cli/verify.py": ("BROKEN", "INTACT", "report", "run", "ledger", "interrupted", "nobody"),
    "ghcr_audit/cli/lint.py": ("fence",),
    "ghcr_audit/lint/model.py": ("paragraph", "heading", "html"),
    "ghcr_audit/cli/checkup_machine.py": ("targets",),
    "ghcr_audit/cli/checkup_server.py": ("server", "deployments"),
    "ghcr_audit/cli/checkup_target.py": ("tags",),
}
"""Single words: elsewhere they are keys."""
_PUT_TOGETHER = {
    "ghcr_audit/links/lasting.py": ("1 day", "{number} days", "1 hour", "{number} hours"),
    "ghcr_audit/links/pull.py": (
        "{tag} did not move",
        "{tag} was moved by the pull and put back",
        "{tag} was not there before",
        "{tag} could not be put back",
        "{tag} not seen before, then {after}",
    ),
    "ghcr_audit/diagnosis/image.py": (
        "{container} runs {told}.",
        "{container} runs {text}, which is no image that the registry gave out as {name}.",
        "{container} runs {text} with {join}, but that tag names {served} by now.",
        "{container} was started as {text}, not as {name}.",
    ),
    "ghcr_audit/links/delivered.py": (
        "valid",
        "the repository's at {tag}",
        "not the repository's at {tag} but that of {other}",
        "not the repository's at {tag}",
    ),
    "ghcr_audit/links/conditions.py": (
        "{tag} ({source}): on the host",
        "{tag} ({source}): not on the host, the registry serves it",
        "the container, sidecars, local tags, state files, files of the deployment",
        "lease of {lease_s} s for run {run}",
    ),
    "ghcr_audit/cli/arguments.py": (
        "example: ghcr-audit {example}",
        "exit codes: 0 passed (with or without warnings), 1 tool error, 2 configuration, 3 broken, 4 blocked,",
        "            5 unknown, 6 could not restore",
    ),
    "ghcr_audit/drill/settled.py": ("unhealthy", "not healthy in time", "restarts again and again"),
    "ghcr_audit/drill/sameness.py": ("restart policy", "state files"),
    "ghcr_audit/report/recovery.py": (
        *("begun", "deploying", "rolling back", "restoring", "closing"),
        *("nothing", "busy", "failed"),
    ),
}
"""Sentences that are put together of parts, and words that programs on the host print."""


def sources() -> dict[str, tuple[str, ...]]:
    """All templates in their order, each with the files that it stands in.

    Templates that differ in the names of their places alone are one: the first of them.
    """
    found: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for name, text in _all():
        if text not in FOR_PROGRAMS and not text.startswith(_COMMANDS):
            found.setdefault(parse_template(text).texts, {}).setdefault(text, []).append(name)
    return {
        next(iter(names)): tuple(dict.fromkeys(place for places in names.values() for place in places))
        for names in found.values()
    }


def gone() -> frozenset[str]:
    """What is listed as being for programs, and no file holds any more."""
    return FOR_PROGRAMS - {text for _, text in _all()}


@cache
def _all() -> tuple[tuple[str, str], ...]:
    """Every text with the file that it stands in."""
    named = [(path, str(path.relative_to(ROOT))) for path in _files()]
    return tuple(
        (name, text) for path, name in named for text in (*_sentences(path, name), *_PUT_TOGETHER.get(name, ()))
    )


def _sentences(path: Path, name: str) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    return refusals(text) if path.suffix == ".sh" else sentences(text, _WORDS.get(name, ()))


def _files() -> Iterator[Path]:
    for pattern in COVERED:
        yield from sorted(ROOT.glob(pattern))


_COMMANDS = ("cat > ", "{join} --password-stdin", "ghcr-audit verify ", "{again} --", "{{{{json")
FOR_PROGRAMS = frozenset(json.loads(Path(__file__).with_name("for_programs.json").read_text(encoding="utf-8")))
"""Texts with blanks that nobody reads, and parts of sentences that stand in the catalogue as wholes."""
