"""All faults, in the order in which they are tried. What an entry does stands in `deeds` and `disks`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ghcr_audit.drill.journal import Step
from lab.faults import deeds, disks
from lab.faults.fault import Fault, Part, Way
from lab.faults.scene import Act, nothing
from lab.target import Setting
from lab.tokens import TokenKind

_ODD_SCRIPT: Final[Mapping[str, Setting | None]] = MappingProxyType({"deploy__script": deeds.SCRIPT})
_TIMER: Final[Mapping[str, Setting | None]] = MappingProxyType({"deploy__dead_man": True})
_BEFORE_CLOSING = (Step.BEGUN, Step.DEPLOYING, Step.ROLLING_BACK, Step.RESTORING)
_BY_SCRIPT = (Step.DEPLOYING, Step.ROLLING_BACK)
_NO_REGISTRY = "closing asks no registry"
_NO_SCRIPT = "no command of the target's runs then"
_OVER_LEASE_S = 7.0

_PROCESS: Final = (
    Fault(name="sigkill", told="the drill is killed", part=Part.PROCESS, act=deeds.kill),
    Fault(name="sigterm", told="the drill is told to end", part=Part.PROCESS, act=deeds.terminate),
    Fault(
        name="asleep",
        told="the drill sleeps for longer than its lease, is recovered meanwhile, and wakes up",
        part=Part.PROCESS,
        act=deeds.stop,
        heal=deeds.wake,
        hold_s=_OVER_LEASE_S,
        way=Way.WHILE_ASLEEP,
    ),
    Fault(
        name="asleep-deployed",
        told="the same, and somebody deploys a release before it wakes up",
        part=Part.PROCESS,
        act=deeds.stop,
        heal=deeds.wake,
        way=Way.DEPLOYED_SINCE,
        mixes=False,
    ),
    Fault(
        name="controller-gone",
        told="the controller is gone for good, with its journals; nobody recovers (target with a dead-man timer)",
        part=Part.PROCESS,
        act=deeds.kill_for_good,
        way=Way.TIMER,
        settings=_TIMER,
        mixes=False,
    ),
    Fault(
        name="clock-ahead",
        told="the controller's clock jumps a day ahead",
        part=Part.CLOCK,
        act=deeds.jump_ahead,
    ),
    Fault(
        name="clock-behind",
        told="the controller's clock is a day behind, and the drill is killed",
        part=Part.CLOCK,
        prepare=deeds.clock_behind,
        act=deeds.kill,
        mixes=False,
    ),
    Fault(
        name="disk-controller",
        told="the controller's disk has no room for the journal",
        part=Part.DISK,
        act=deeds.fill_controllers_disk,
        heal=deeds.empty_controllers_disk,
        hold_s=4,
    ),
    Fault(name="second-drill", told="another controller begins a drill", part=Part.RIVAL, act=deeds.second_drill),
)

_HOST: Final = (
    Fault(name="ssh-cut", told="all SSH sessions end", part=Part.NETWORK, act=deeds.cut_sessions),
    Fault(
        name="ssh-lost",
        told="all SSH connections break; what runs on the host goes on",
        part=Part.NETWORK,
        act=deeds.cut_connections,
    ),
    Fault(
        name="sshd-down",
        told="the host is away for 3 s",
        part=Part.NETWORK,
        act=deeds.stop_sshd,
        heal=deeds.start_sshd,
        hold_s=3,
    ),
    Fault(
        name="sshd-down-long",
        told="the host is away for longer than the lease",
        part=Part.NETWORK,
        act=deeds.stop_sshd,
        heal=deeds.start_sshd,
        hold_s=_OVER_LEASE_S,
    ),
    Fault(
        name="engine-restart",
        told="the engine is stopped (TERM) and started",
        part=Part.ENGINE,
        act=deeds.stop_engine,
        heal=deeds.start_engine,
    ),
    Fault(
        name="engine-killed",
        told="the engine is killed (KILL) with all its containers, and started",
        part=Part.ENGINE,
        act=deeds.kill_engine,
        heal=deeds.start_engine,
        hold_s=1,
    ),
    Fault(
        name="disk-host",
        told="no room on the host for lease and journal",
        part=Part.DISK,
        prepare=disks.cover_state_folder,
        act=disks.fill_state_folder,
        heal=disks.empty_state_folder,
        hold_s=_OVER_LEASE_S,
        tidy=disks.uncover_state_folder,
        own_disk=True,
        mixes=False,
    ),
    Fault(
        name="disk-engine",
        told="no room where the engine keeps its containers",
        part=Part.DISK,
        prepare=disks.cover_engine,
        act=disks.fill_engine,
        heal=disks.empty_engine,
        hold_s=_OVER_LEASE_S,
        tidy=disks.uncover_engine,
        mixes=False,
    ),
    Fault(
        name="journal-cut",
        told="the journal on the host is truncated; the drill goes on",
        part=Part.JOURNAL,
        act=deeds.spoiled(deeds.truncate, then=nothing),
    ),
    Fault(
        name="journal-forged",
        told="the journal on the host is forged, and the drill is killed",
        part=Part.JOURNAL,
        act=deeds.spoiled(deeds.forge, then=deeds.kill),
    ),
    Fault(
        name="journal-link",
        told="the journal on the host becomes a symbolic link to the settings, and the drill is killed",
        part=Part.JOURNAL,
        act=deeds.spoiled(deeds.link, then=deeds.kill),
    ),
)


def _registry(name: str, told: str, act: Act, *, heal: Act | None = None, hold_s: float = 5) -> Fault:
    return Fault(
        name=name,
        told=told,
        part=Part.REGISTRY,
        prepare=deeds.pull_on_rollback,
        act=act,
        heal=heal or deeds.switched(fault=None),
        hold_s=hold_s,
        steps=_BEFORE_CLOSING,
        because=_NO_REGISTRY,
    )


_REGISTRY: Final = (
    _registry("registry-403", "the registry refuses", deeds.switched(fault="403")),
    _registry("registry-429", "the registry has had enough", deeds.switched(fault="429", retry_after_s=600)),
    _registry("registry-503", "the registry is out of order", deeds.switched(fault="503")),
    _registry("registry-slow", "the registry waits 3 s before each answer", deeds.switched(delay_s=3)),
    _registry("registry-drop", "the registry drops every connection", deeds.switched(fault="drop")),
    _registry("registry-down", "the registry is away", deeds.stop_gateway, heal=deeds.start_gateway),
    _registry(
        "revoked",
        "the host's credential is revoked",
        deeds.switched(revoke=TokenKind.GOOD.value),
        heal=deeds.switched(restore=TokenKind.GOOD.value),
        hold_s=8,
    ),
    Fault(
        name="pushed-again",
        told="the tag is pushed again with another image",
        part=Part.RELEASE,
        act=deeds.push_again,
        tidy=deeds.push_as_before,
        steps=_BEFORE_CLOSING,
        because=_NO_REGISTRY,
    ),
)

_DEPLOY: Final = (
    Fault(
        name="script-hangs",
        told="the target's command hangs until its limit",
        part=Part.SCRIPT,
        prepare=deeds.hanging,
        steps=_BY_SCRIPT,
        because=_NO_SCRIPT,
        settings={"deploy__limit_s": 10},
    ),
    Fault(
        name="script-idle",
        told="the target's command exits 0 without effect",
        part=Part.SCRIPT,
        prepare=deeds.without_effect,
        tidy=deeds.remove_script,
        steps=_BY_SCRIPT,
        because=_NO_SCRIPT,
        settings=_ODD_SCRIPT,
    ),
    Fault(
        name="script-child",
        told="the target's command leaves a child that removes the container later; the connection is cut",
        part=Part.SCRIPT,
        prepare=deeds.leaving_a_child,
        act=deeds.cut_connections,
        tidy=deeds.remove_script,
        steps=_BY_SCRIPT,
        because=_NO_SCRIPT,
        settings=_ODD_SCRIPT,
    ),
    Fault(
        name="release-crashes",
        told="the new release ends at once, again and again",
        part=Part.RELEASE,
        prepare=deeds.publish_crashing,
        steps=(Step.DEPLOYING,),
        because="a release is started by the deploy alone",
        tag=deeds.CRASHES,
    ),
    Fault(
        name="release-sick",
        told="the new release never becomes healthy",
        part=Part.RELEASE,
        prepare=deeds.publish_sick,
        steps=(Step.DEPLOYING,),
        because="a release is started by the deploy alone",
        tag=deeds.SICK,
    ),
)

FAULTS: Final = (*_PROCESS, *_HOST, *_REGISTRY, *_DEPLOY)
