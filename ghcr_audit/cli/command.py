"""The command without a verb: its help lists the verbs in groups, so that the list can be read."""

import argparse
import difflib
import re
from typing import NoReturn

from ghcr_audit.errors import shown
from ghcr_audit.language import tell, told_as

GROUPS = (
    ("look, without changing anything", ("check", "doctor", "init")),
    ("run the flow", ("run", "fleet", "resume", "recover", "notify-release")),
    ("reports of past runs", ("report", "history", "diff")),
    ("evidence", ("verify", "schema")),
    ("texts, without any network", ("diagnose", "lint", "redact")),
    ("this shell", ("completion",)),
)
_TITLE = "verbs"
_LISTED = re.compile(rf"^{_TITLE}:\n(?:  \S.*\n)?((?: {{4}}.*\n)+)", re.MULTILINE)
_MISTYPED = re.compile(r"argument VERB: invalid choice: '(.*)' \(choose from", re.DOTALL)
_ENTRY = re.compile(r"^ {4}(?=\S)", re.MULTILINE)


class Command(argparse.ArgumentParser):
    """A parser whose verbs, added by `verbs()`, are listed by `GROUPS`; one that is in no group comes last."""

    def verbs(self) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
        """Where verbs are added; their own help is as argparse makes it."""
        return self.add_subparsers(
            title=_TITLE, dest="verb", metavar="VERB", required=True, parser_class=argparse.ArgumentParser
        )

    def error(self, message: str) -> NoReturn:
        """What was mistyped, in one sentence, and the verb that may have been meant; exit code 2."""
        found = _MISTYPED.search(message)
        if found is not None:
            known = [verb for _, verbs in GROUPS for verb in verbs]
            near = difflib.get_close_matches(found[1], known, n=1)
            meant = f"did you mean {near[0]}?" if near else "ghcr-audit --help lists the verbs"
            message = tell(f"there is no verb {shown(found[1])}; {meant}")
        super().error(message)

    def format_help(self) -> str:
        """As argparse makes it, with the verbs in groups."""
        return _LISTED.sub(lambda found: _grouped(found[1]), super().format_help())


def _grouped(listed: str) -> str:
    """The lines of each verb, several where its text is wrapped, below the title of its group."""
    entries = {text.split(None, 1)[0]: f"    {text}" for text in _ENTRY.split(listed) if text.strip()}
    groups = [(title, [entries.pop(verb) for verb in verbs if verb in entries]) for title, verbs in GROUPS]
    groups += [("more", list(entries.values()))]
    return "\n".join(f"{told_as(title)}:\n{''.join(lines)}" for title, lines in groups if lines)


TARGETS = "_ghcr_audit_targets"
"""The shell function that completes targets; `ghcr-audit completion` prints it."""


def completed_as_target(argument: argparse.Action) -> None:
    """Let shells complete this argument by the names of targets."""
    argument.complete = {"bash": TARGETS, "zsh": TARGETS, "fish": f"({TARGETS})"}  # type: ignore[attr-defined]  # shtab's own way to be told
