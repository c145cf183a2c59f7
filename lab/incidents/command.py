"""`lab incident N|LABEL...|list|none`: incidents in a terminal."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator

from lab.errors import LabError
from lab.incidents import INCIDENTS, NOT_HERE, Applied, Incident, apply, now, reset
from lab.lab import Lab

TARGET_NAME = "observer"


def incident(lab_name: str, words: list[str], *, as_json: bool) -> int:
    """Do what the words say: `list`, `none` (put the lab back), or the incidents to put it into."""
    if words == ["list"]:
        print(_listed(as_json=as_json))
        return 0
    lab = Lab.load(lab_name)
    if not lab.status().deployed:
        raise LabError(f"lab {lab_name}: never came up", hint=f"./run lab up --name {lab_name}")
    began = time.monotonic()
    if words == ["none"]:
        reset(lab)
    applied = now(lab) if not words or words == ["none"] else apply(lab, *words)
    _write_target(lab, applied)
    print(_json(lab, applied) if as_json else _text(lab, applied, round((time.monotonic() - began) * 1000)))
    return 0


def _listed(*, as_json: bool) -> str:
    ordered = sorted(INCIDENTS, key=_order)
    if as_json:
        known = [{"name": one.name, "told": one.told, "causes": one.causes, "mode": one.mode} for one in ordered]
        return json.dumps({"incidents": known, "not_here": dict(NOT_HERE)}, indent=1)
    width = max(len(one.name) for one in INCIDENTS)
    lines = [f"{one.name:>{width}}  {one.told}{_labels(one)}" for one in ordered]
    missing = [f"{name:>{width}}  {why}" for name, why in NOT_HERE.items()]
    return "\n".join([*lines, "", "not on one machine:", *missing])


def _order(one: Incident) -> tuple[int, str]:
    return (int(one.name), "") if one.name.isdigit() else (len(INCIDENTS), one.name)


def _labels(one: Incident) -> str:
    return "" if (one.name,) == one.causes else f" ({', '.join(one.causes)})"


def _text(lab: Lab, applied: Applied, took_ms: int) -> str:
    told = {one.name: one for one in INCIDENTS}
    lines = [f"{name}: {told[name].told}{_labels(told[name])}" for name in applied.names]
    head = f"lab {lab.name}: {'in ' + str(len(lines)) + ' incidents' if lines else 'as it came up'} ({took_ms} ms)"
    return "\n".join([head, *(f"  {line}" for line in lines), *(f"  audit: {line}" for line in _audit(lab, applied))])


def _audit(lab: Lab, applied: Applied) -> Iterator[str]:
    """The command that sees all of it."""
    target = lab.folder / f"{TARGET_NAME}.toml"
    if applied.mode == "observe":
        yield shlex.join(("./run", "audit", "check", str(target), "--tag", applied.tag))
    else:
        words = ("./run", "audit", "run", TARGET_NAME, "--tag", applied.tag, "--mode", applied.mode)
        yield f"GHCR_AUDIT_TARGETS={shlex.quote(str(lab.folder))} {shlex.join(words)}"


def _json(lab: Lab, applied: Applied) -> str:
    return json.dumps(
        {
            "name": lab.name,
            "incidents": applied.names,
            "tag": applied.tag,
            "mode": applied.mode,
            "target": str(lab.folder / f"{TARGET_NAME}.toml"),
        },
        indent=1,
    )


def _write_target(lab: Lab, applied: Applied) -> None:
    text = lab.target_toml(**applied.settings)
    (lab.folder / f"{TARGET_NAME}.toml").write_text(text, encoding="utf-8")
