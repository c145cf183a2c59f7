"""Looking whether a tag has appeared in the registry: as anybody sees it, and as the host's credential does."""

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import close_connections, host_of
from ghcr_audit.adapters.controller_credential import observe_with_own
from ghcr_audit.adapters.observe import Asked, observe_host, observe_registry
from ghcr_audit.audit import Audit
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.questions import registry_question
from ghcr_audit.registry.views import CONTROLLER, CONTROLLER_CREDENTIAL, published, view

POLL_EVERY_S = 5


def look_again(audit: Audit) -> Audit:
    """The registry asked anew; the host with its credential only where the controller does not see the tag missing.

    The controller asks without a credential, and with its own where it has one. A host that is away for a moment is
    asked at the next look: until then its last word stands.
    """
    references = (audit.tag, "latest")
    audit = audit.seeing(
        observe_registry(audit.target, Link.PREFLIGHT, references), *observe_with_own(audit.target, references)
    )
    views = (view(audit, key) for key in (CONTROLLER_CREDENTIAL, CONTROLLER))
    if any(seen is not None and seen.published(audit.tag) is False for seen in views):
        return audit
    question = registry_question(audit.target, audit.tag, anonymous=False)
    try:
        return audit.seeing(*observe_host(host_of(audit.target), Asked(link=Link.AUTH, commands=(question,))))
    except HostError:
        close_connections()
        return audit


def waited(audit: Audit, *, seconds: int, asked: int) -> Observation:
    """What came of waiting."""
    there = published(audit, audit.tag)[0]
    words = {True: "the registry has it", False: "the registry still does not have it", None: "no view can tell"}
    return Observation(
        key="registry.waited",
        link=Link.PREFLIGHT,
        vantage=Vantage.CONTROLLER,
        where="controller",
        asked=f"wait for {audit.image} for up to {audit.target.wait_for_tag_s} s",
        observed_at=utc_now(),
        duration_ms=seconds * 1000,
        stdout=f"waited {seconds} s, asked {asked} times: {words[there]}",
    )
