"""Every incident on request: a lab is put into one or several of them, and back.

`apply(lab, "5", "6")`, `apply(lab, "disk_full")`, `reset(lab)`. A lab in an incident can be put into further ones; the
table (`table.py`) says what each does, and in which order several are done.
"""

from __future__ import annotations

from lab.errors import LabError
from lab.incidents import restoring
from lab.incidents.incident import MODES, Applied, Incident, Mode
from lab.incidents.memory import forget, look, remember, remembered
from lab.incidents.table import INCIDENTS, NOT_HERE
from lab.lab import Lab
from lab.target import Setting

__all__ = ["INCIDENTS", "NOT_HERE", "Applied", "Incident", "Mode", "apply", "find", "now", "reset"]


def find(name: str) -> Incident:
    """The incident of this number or label; a label of which an incident has the number names that one.

    Raises:
        LabError: there is none, or it cannot be made on one machine.
    """
    found = next((one for one in INCIDENTS if one.name == name), None)
    others = sorted((one for one in INCIDENTS if name in one.causes), key=lambda one: len(one.causes))
    found = found or next(iter(others), None)
    if found is None:
        why = f"cannot be made here: {NOT_HERE[name]}" if name in NOT_HERE else "no such incident"
        raise LabError(f"incident {name!r}: {why}", hint="./run lab incident list")
    return found


def apply(lab: Lab, *names: str) -> Applied:
    """Put the lab into all of these, besides what it is in already; returns the audit that sees them.

    Raises:
        LabError: an unknown name, incidents that exclude each other, or a step that failed; `reset` mends that, too.
    """
    chosen = {find(name).name for name in names}
    memory = remembered(lab) or look(lab)
    _check_places([one for one in INCIDENTS if one.name in chosen or one.name in memory.names])
    todo = [one for one in INCIDENTS if one.name in chosen and one.name not in memory.names]
    for incident in todo:
        memory = memory.model_copy(update={"names": (*memory.names, incident.name)})
        remember(lab, memory)
        incident.break_(lab)
    return _applied(lab, [one for one in INCIDENTS if one.name in memory.names])


def _check_places(incidents: list[Incident]) -> None:
    """Nothing can be in two states at once."""
    held: dict[str, Incident] = {}
    for one in incidents:
        place = one.leaves.partition(":")[0]
        other = held.setdefault(place, one)
        if place and other.leaves != one.leaves:
            raise LabError(
                f"incidents {other.name} and {one.name}: exclude each other ({other.leaves}; {one.leaves})",
                hint="./run lab incident none puts the lab back first",
            )


def now(lab: Lab) -> Applied:
    """The incidents that the lab is in; none at first."""
    memory = remembered(lab)
    names = memory.names if memory is not None else ()
    return _applied(lab, [one for one in INCIDENTS if one.name in names])


def reset(lab: Lab) -> None:
    """Put the lab back as it was before the first incident.

    Raises:
        LabError: a part of it cannot be put back; `down` and `up` make it anew.
    """
    restoring.restore_way(lab)
    restoring.restore_files(lab)
    memory = remembered(lab)
    if memory is None:
        return
    restoring.restore_repository(lab, memory)
    restoring.restore_published(lab, memory)
    restoring.restore_container(lab, memory)
    forget(lab)


def _applied(lab: Lab, incidents: list[Incident]) -> Applied:
    """The tag of the last that names another release than the one that runs; the farthest mode that one needs."""
    tags = [tag for one in incidents if (tag := one.tag(lab)) != lab.releases.running]
    settings: dict[str, Setting | None] = {}
    for one in incidents:
        settings |= one.settings(lab)
    return Applied(
        names=tuple(one.name for one in incidents),
        tag=tags[-1] if tags else lab.releases.running,
        mode=max((one.mode for one in incidents), key=MODES.index, default="observe"),
        settings=settings,
    )
