"""What "as before" means after a drill, and what is not as before. Pure.

A container that was made again is never *exactly* the old one: its id and its times differ, and do not count.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit.drill.snapshot import ComposeOrigin, Service, Snapshot, is_set_aside
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.images import parse_image

_PIN_NAME = "ghcr-audit/pin:"
_MAX_TOLD = 6


class Aspect(StrEnum):
    """What is compared."""

    IMAGE = "image"
    CONFIGURATION = "configuration"
    MOUNTS = "mounts"
    NETWORKS = "networks"
    RESTART_POLICY = "restart_policy"
    STATE = "state"
    SIDECARS = "sidecars"
    TAGS = "tags"
    STATE_FILES = "state_files"
    FILES = "files"

    @property
    def told(self) -> str:
        """In words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a host is not as it was, or could not be seen to be."""

    aspect: Aspect
    told: str


def differences(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """All of them, aspect by aspect; none: the host is the same. What could not be seen is a difference."""
    return tuple(
        Difference(aspect=aspect, told=told) for aspect, compare in _COMPARED.items() for told in compare(before, after)
    )


_Comparison = Callable[[Snapshot, Snapshot], Iterator[str]]


def _of_service(compare: Callable[[Service, Service], Iterator[str]]) -> _Comparison:
    def compared(before: Snapshot, after: Snapshot) -> Iterator[str]:
        if before.service is None or after.service is None:
            yield _unseen("the container", before.service)
        else:
            yield from compare(before.service, after.service)

    return compared


def _unseen(what: str, before: object) -> str:
    return f"{what} could not be seen{' before' if before is None else ''}"


def _changed(what: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"{what} is {_word(after)}, was {_word(before)}"


def _word(value: object) -> str:
    return " ".join(str(value).split())[:200] or "none"


def _image(before: Service, after: Service) -> Iterator[str]:
    """By manifest digest under its own name where both have one; else by id, which tells within one store."""
    name = _name_of(before.image_text)
    was, is_ = set(before.digests_of(name)), set(after.digests_of(name))
    if was and is_:
        if not was & is_:
            yield f"the image is {_list(is_)}, was {_list(was)}"
    else:
        yield from _changed("the image", before.image_id, after.image_id)
        if was and before.image_id == after.image_id:
            yield f"its digest is gone: {_list(was)}"
    yield from _changed("its name", before.image_text, after.image_text)


def _name_of(text: str) -> str:
    try:
        return parse_image(text).name
    except ConfigurationError:
        return ""


def _configuration(before: Service, after: Service) -> Iterator[str]:
    yield from _lists("environment variables", before.environment, after.environment)
    if before.compose is None or after.compose is None:
        if before.compose != after.compose:
            yield f"the container is {'not ' if after.compose is None else ''}made by compose"
        return
    for name in ComposeOrigin.model_fields:
        yield from _changed(
            f"compose's {name.replace('_', ' ')}", getattr(before.compose, name), getattr(after.compose, name)
        )


def _mounts(before: Service, after: Service) -> Iterator[str]:
    yield from _lists("mounts", map(str, before.mounts), map(str, after.mounts))


def _networks(before: Service, after: Service) -> Iterator[str]:
    yield from _lists("networks", before.networks, after.networks)
    yield from _changed("the network mode", before.network_mode, after.network_mode)


def _restart_policy(before: Service, after: Service) -> Iterator[str]:
    yield from _changed("the restart policy", before.restart_policy, after.restart_policy)


def _state(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What was healthy must be healthy; what was not may be anything."""
    if before.service is None or after.service is None:
        yield _unseen("the container", before.service)
        return
    yield from _changed("the container", before.service.status, after.service.status)
    if before.service.health == "healthy" and after.service.health != "healthy":
        yield f"Docker says {after.service.health or 'nothing of its health'}, was healthy"
    if before.http_healthy and not after.http_healthy:
        yield f"the health URL {'was not asked' if after.http_healthy is None else 'is not healthy'}, was healthy"


def _sidecars(before: Snapshot, after: Snapshot) -> Iterator[str]:
    if before.sidecars is None or after.sidecars is None:
        yield _unseen("the sidecars", before.sidecars)
        return
    left = {one.name for one in before.sidecars if is_set_aside(one.name)}  # compose's own, who takes them away
    now = {one.name: one for one in after.sidecars if one.name not in left}
    was = {one.name: one for one in before.sidecars if one.name not in left}
    yield from _lists("sidecars", was, now)
    for name in sorted(was.keys() & now.keys()):
        if was[name].id != now[name].id:
            yield f"{name} is another container now"
        if (was[name].status == "running") != (now[name].status == "running"):
            yield f"{name} is {_word(now[name].status)}, was {_word(was[name].status)}"


def _tags(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Those that stood before stand where they stood, and no image of the drill has got another name."""
    if before.tags is None or after.tags is None:
        yield _unseen("the local tags", before.tags)
        return
    was = {tag.reference: tag.image_id for tag in before.tags}
    now = {tag.reference: tag.image_id for tag in after.tags}
    for name in sorted(was):
        if name not in now:
            yield f"{name} is gone"
        elif now[name] != was[name]:
            yield f"{name} stands on {now[name]}, stood on {was[name]}"
    images = {*was.values(), *([before.service.image_id] if before.service else [])}
    new = (name for name in now if name not in was and now[name] in images and not name.startswith(_PIN_NAME))
    yield from (f"{name} was not there before" for name in sorted(new))


def _state_files(before: Snapshot, after: Snapshot) -> Iterator[str]:
    if before.state_files is None or after.state_files is None:
        yield _unseen("the state files", before.state_files)
        return
    was, now = ({file.name: file for file in files} for files in (before.state_files, after.state_files))
    yield from _lists("state files", was, now)
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name]:
            both = now[name].content != was[name].content and now[name].plain and was[name].plain
            told = f"says {_word(now[name].content)}, said {_word(was[name].content)}" if both else "has changed"
            yield f"{name} {told}"


def _files(before: Snapshot, after: Snapshot) -> Iterator[str]:
    if before.files is None or after.files is None:
        yield _unseen("the files of the deployment", before.files)
        return
    was, now = ({file.path: file.sha256 for file in files} for files in (before.files, after.files))
    yield from _lists("files", was, now)
    yield from (f"{path} has changed" for path in sorted(was.keys() & now.keys()) if was[path] != now[path])


def _lists(what: str, before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    was, now = set(before), set(after)
    if was - now:
        yield f"{what} gone: {_list(was - now)}"
    if now - was:
        yield f"{what} that were not there before: {_list(now - was)}"


def _list(names: set[str]) -> str:
    told = [_word(name) for name in sorted(names)]
    more = len(told) - _MAX_TOLD
    return ", ".join(told[:_MAX_TOLD]) + (f" and {more} more" if more > 0 else "")


_COMPARED: dict[Aspect, _Comparison] = {
    Aspect.IMAGE: _of_service(_image),
    Aspect.CONFIGURATION: _of_service(_configuration),
    Aspect.MOUNTS: _of_service(_mounts),
    Aspect.NETWORKS: _of_service(_networks),
    Aspect.RESTART_POLICY: _of_service(_restart_policy),
    Aspect.STATE: _state,
    Aspect.SIDECARS: _sidecars,
    Aspect.TAGS: _tags,
    Aspect.STATE_FILES: _state_files,
    Aspect.FILES: _files,
}


def mendable(before: Snapshot, after: Snapshot) -> tuple[Difference, ...]:
    """The differences that another restore may mend: a sidecar that was replaced stays replaced for ever."""
    now = {one.name: one for one in after.sidecars or () if one.status == "running"}
    kept = tuple(now.get(one.name, one) for one in before.sidecars or ())
    return differences(before.model_copy(update={"sidecars": kept if before.sidecars is not None else None}), after)
