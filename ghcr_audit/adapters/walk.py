"""Walking the chain: each link looks at what it needs and returns the audit with more in it.

These functions know no Prefect: the tasks call them one by one, `ghcr-audit check` all at once.
They raise HostError when the host is lost, except `at_once`; `unreached` turns that into an observation, in one place.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from ghcr_audit import questions
from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.controller_credential import learn_own, observe_with_own
from ghcr_audit.adapters.host import Host
from ghcr_audit.adapters.observe import Asked, observe_host, observe_registry
from ghcr_audit.adapters.pull import pull
from ghcr_audit.audit import HOST_REACHED, Audit, failed
from ghcr_audit.commands import Command, Progress
from ghcr_audit.delivery_questions import delivery_questions
from ghcr_audit.errors import HostError
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.targets import Target
from ghcr_audit.watching import watcher


def preflight(audit: Audit) -> Audit:
    """The host at rest, and meanwhile repository and registry without the host's credential."""
    learn_own(audit.target)
    host = host_of(audit.target)
    return _with_outside(audit, lambda: observe_host(host, _preflight_questions(audit)))


def auth(audit: Audit) -> Audit:
    """What credential the host has, and what the registry answers to it and without it."""
    return audit.seeing(*observe_host(host_of(audit.target), _auth_questions(audit)))


def pull_release(audit: Audit, on_progress: Callable[[Progress], None] | None = None) -> Audit:
    """The tag and `latest`, by the host's own docker."""
    host = host_of(audit.target)
    for name, tag in (("tag", audit.tag), ("latest", "latest")):
        seen = pull(host, audit.target, name=name, tag=tag, run=audit.run, on_progress=on_progress)
        audit = audit.seeing(*seen)
    return audit


def digest(audit: Audit) -> Audit:
    """What runs now: the container and its image, looked at again after the pull."""
    return audit.seeing(*observe_host(host_of(audit.target), _digest_questions(audit)))


def at_once(audit: Audit, meanwhile: Callable[[], None] = lambda: None) -> Audit:
    """Everything that reads only: the host in one framed exec on one connection, and meanwhile all the rest.

    A host that is lost is an observation, too. `meanwhile` is whatever else is to be done while the host is at work.
    """
    learn_own(audit.target)
    watcher().begins(Link.PREFLIGHT, "repository, registry and host")
    watcher().begins(Link.AUTH, "the host's credential, in the same exec")
    try:
        host = host_of(audit.target)
    except HostError as error:
        return lost(outside(audit), Link.PREFLIGHT, error)
    return _with_outside(audit, lambda: _told_by(host, audit), meanwhile)


def _with_outside(
    audit: Audit, ask_host: Callable[[], tuple[Observation, ...]], meanwhile: Callable[[], None] = lambda: None
) -> Audit:
    """The host, and while it is at work what can be seen without it; then `meanwhile`."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        elsewhere = pool.submit(copy_context().run, outside, audit)
        pool.submit(meanwhile)
        seen = ask_host()
        return elsewhere.result().seeing(*seen)


def _told_by(host: Host, audit: Audit) -> tuple[Observation, ...]:
    try:
        return observe_host(host, *read_only_questions(audit))
    except HostError as error:
        return (unreached(audit.target, Link.PREFLIGHT, error),)


def read_only_questions(audit: Audit) -> tuple[Asked, ...]:
    """All that a check asks the host."""
    return (_preflight_questions(audit), _auth_questions(audit))


def outside(audit: Audit) -> Audit:
    """What can be seen without the host: the repository, and the registry without the host's credential."""
    from ghcr_audit.adapters.git import observe_repository
    from ghcr_audit.adapters.git_files import observe_delivery  # with YAML: loaded while a check's host is at work

    if audit.target.repository:
        audit = audit.seeing(*observe_repository(audit.target.repository), *observe_delivery(audit.target, audit.tag))
    references = (audit.tag, "latest")
    seen = observe_registry(audit.target, Link.PREFLIGHT, references)
    return audit.seeing(seen, *observe_with_own(audit.target, references))


def lost(audit: Audit, link: Link, error: HostError) -> Audit:
    """The audit with the reason why the host cannot be looked at."""
    return audit.seeing(unreached(audit.target, link, error))


def unreached(target: Target, link: Link, error: HostError) -> Observation:
    """Why the host cannot be looked at."""
    return failed(
        HOST_REACHED,
        link,
        vantage=Vantage.HOST,
        where=target.where,
        asked="connect and run commands",
        at=utc_now(),
        cause=error.cause,
        text=str(error),
    )


def _preflight_questions(audit: Audit) -> Asked:
    delivery = delivery_questions(audit.target, audit.tag)
    return Asked(link=Link.PREFLIGHT, commands=(*questions.host_questions(audit.target, audit.tag), *delivery))


def _auth_questions(audit: Audit) -> Asked:
    commands: tuple[Command, ...] = (
        questions.credential_question(audit.target),
        questions.registry_question(audit.target, audit.tag, anonymous=False),
        questions.registry_question(audit.target, audit.tag, anonymous=True),
        *questions.token_question(audit.target),
    )
    return Asked(link=Link.AUTH, commands=commands)


def _digest_questions(audit: Audit) -> Asked:
    return Asked(link=Link.DIGEST, commands=questions.running_questions(audit.target))
