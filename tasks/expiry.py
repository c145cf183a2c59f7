"""A stored credential that is about to expire is told by an event, once per step; an automation passes that on."""

from typing import cast

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.filesystems import WritableFileSystem
from prefect.results import ResultStore, get_default_result_storage
from prefect.serializers import JSONSerializer

from ghcr_audit.audit import Audit
from ghcr_audit.links.lasting import Lasting, in_words, lasting
from ghcr_audit.release_event import RESOURCE_PREFIX

EXPIRY_EVENT = "ghcr-audit.credential-expires"


def tell_of_expiry(audit: Audit) -> bool:
    """Emit the event when a step is reached that was not told of this token yet; True when it was emitted."""
    found = lasting(audit)
    if found is None or found.step is None:
        return False
    memory, text = _Told(audit.target.name), f"{found.expires_at.isoformat()} {found.step}"
    if memory.last() == text:
        return False
    _emit(audit, found, found.step)
    memory.remember(text)
    return True


def _emit(audit: Audit, found: Lasting, step: int) -> None:
    target, left = audit.target, in_words(found.left)
    login = f"{target.registry_user} at {target.image_ref.registry}"
    get_run_logger().warning(f"the stored credential of {login} on {target.where} expires in {left}")
    emit_event(
        event=EXPIRY_EVENT,
        resource={"prefect.resource.id": f"{RESOURCE_PREFIX}{target.name}", "prefect.resource.name": target.name},
        payload={
            "target": target.name,
            "host": target.where,
            "credential": login,
            "expires_at": found.expires_at.isoformat(),
            "left": left,
            "step_days": step,
        },
    )


class _Told:
    """What was told last of one target's token, kept over runs in Prefect's result storage."""

    def __init__(self, target: str) -> None:
        self._key = f"ghcr-audit-expiry-{target}"
        storage = cast(WritableFileSystem, get_default_result_storage())
        self._store = ResultStore(result_storage=storage, serializer=JSONSerializer())

    def last(self) -> str:
        """End of the token and step; '' when nothing was told yet."""
        return str(self._store.read(self._key).result) if self._store.exists(self._key) else ""

    def remember(self, text: str) -> None:
        """Keep it, in place of what was told before."""
        self._store.write(text, key=self._key)
