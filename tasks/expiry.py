"""A stored credential that is about to expire is told by an event, once per step; an automation passes that on."""

from prefect import get_run_logger
from prefect.events import emit_event

from ghcr_audit.audit import Audit
from ghcr_audit.links.lasting import Lasting, in_words, lasting
from ghcr_audit.release_event import RESOURCE_PREFIX
from tasks.storage import KeptTexts

EXPIRY_EVENT = "ghcr-audit.credential-expires"


def tell_of_expiry(audit: Audit) -> bool:
    """Emit the event when a step is reached that was not told of this token yet; True when it was emitted."""
    found = lasting(audit)
    if found is None or found.step is None:
        return False
    told, key = KeptTexts(), f"ghcr-audit-expiry-{audit.target.name}"
    text = f"{found.expires_at.isoformat()} {found.step}"
    if told.read(key) == text:
        return False
    _emit(audit, found, found.step)
    told.write(key, text)
    return True


def _emit(audit: Audit, found: Lasting, step: int) -> None:
    target, left = audit.target, in_words(found.left)
    get_run_logger().warning(f"the stored credential of {target.login} on {target.where} expires in {left}")
    emit_event(
        event=EXPIRY_EVENT,
        resource={"prefect.resource.id": f"{RESOURCE_PREFIX}{target.name}", "prefect.resource.name": target.name},
        payload={
            "target": target.name,
            "host": target.where,
            "credential": target.login,
            "expires_at": found.expires_at.isoformat(),
            "left": left,
            "step_days": step,
        },
    )
