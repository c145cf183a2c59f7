"""What the variables of a `run:` script hold, as far as the workflow tells: `$NAME`, `${NAME#…}`, `${NAME,,}`."""

import re
from collections.abc import Iterable
from dataclasses import replace

from ghcr_audit.workflows.answers import ANY, MAX_TEXT
from ghcr_audit.workflows.expressions import Value, as_text
from ghcr_audit.workflows.shell import CalledCommand
from ghcr_audit.workflows.situation import Situation

_VARIABLE = re.compile(r"\$(?:(\w{1,100})|\{(\w{1,100})([^{}]{0,100})\}|\([^()]*\)|\()|`[^`]*`")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w{0,100})=(.*)", re.DOTALL)
_PROVIDED = {
    "GITHUB_REF": "ref",
    "GITHUB_REF_NAME": "ref_name",
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_REPOSITORY_OWNER": "repository_owner",
    "GITHUB_EVENT_NAME": "event_name",
}


def with_assignments(here: Situation, called: Iterable[CalledCommand]) -> Situation:
    """With the plain assignments of a script on top of the environment; one that is set twice is not known."""
    seen: set[str] = set()
    for command in called:
        found = [_ASSIGNMENT.fullmatch(word.text) for word in command.words if word.text not in ("export", "readonly")]
        for one in found if all(found) else ():
            if one is not None:
                value = ANY if one[1] in seen else expanded(one[2], here)
                here = replace(here, env=(*here.env, (one[1], value)))
                seen.add(one[1])
    return here


def expanded(text: str, here: Situation) -> str:
    """A shell word with its `${{ … }}` and variables filled in; ANY where only a run can tell."""
    return _VARIABLE.sub(lambda found: _value(found, here), here.resolved(text))[:MAX_TEXT]


def _value(found: re.Match[str], here: Situation) -> str:
    name = found[1] or found[2]
    if not name:
        return ANY
    value = as_text(_held(name, here))
    return _changed(value, found[3] or "")


def _held(name: str, here: Situation) -> Value:
    if name in _PROVIDED:
        return here.looked_up(("github", _PROVIDED[name]))
    return here.looked_up(("env", name))


def _changed(value: str, change: str) -> str:
    """`${NAME#prefix}`, `${NAME##*/}`, `${NAME,,}`, `${NAME:-default}` of a value that is known; else ANY."""
    if not change or change.startswith((":-", ":?", "-", "?")):
        return value
    if ANY not in value:
        if change == ",,":
            return value.lower()
        if change == "##*/":
            return value.rpartition("/")[2]
        if change.startswith("#") and not re.search(r"[*?\[#]", change[1:]):
            return value.removeprefix(change[1:])
    return ANY
