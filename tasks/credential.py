"""A new credential: read where it was handed over, judge it, log the host in. The secret never leaves this task."""

import getpass

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.connections import host_of
from ghcr_audit.adapters.login import login
from ghcr_audit.adapters.observe import observe_registry
from ghcr_audit.adapters.pool_key import private_key
from ghcr_audit.audit import Audit
from ghcr_audit.credentials import Credential, Secret, problems
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.evidence import Attempt, Link, Observation
from ghcr_audit.handover import ONE_TIME_PREFIX, Handover, UnusableAnswerError, Way, opened
from ghcr_audit.redaction import current_redactor
from ghcr_audit.registry.view import parse_view
from ghcr_audit.registry.views import Access, answered
from ghcr_audit.watching import watcher
from tasks.failures import redacting
from tasks.secret_blocks import SecretBlockError, delete_secret, stored_secret


@task(name="new credential", cache_policy=NO_CACHE, persist_result=False)
@redacting
def use_credential(audit: Audit, answer: Handover, number: int) -> tuple[Attempt, tuple[Observation, ...]]:
    """Judge the credential that was handed over; where it may read the image, log the host in with it.

    Returns its outcome, without any secret, and what was observed on the way.
    """
    try:
        secret = _read(answer, audit, number)
    except UnusableAnswerError as error:
        return attempt_of(answer, number, str(error)), ()
    if found := problems(secret):
        return attempt_of(answer, number, "; ".join(found), judged=True), ()
    return _judged(audit, answer, number, Credential(user=answer.registry_user, secret=secret))


def _judged(
    audit: Audit, answer: Handover, number: int, credential: Credential
) -> tuple[Attempt, tuple[Observation, ...]]:
    seen = observe_registry(audit.target, Link.AUTH, (audit.tag, "latest"), credential=credential)
    found = answered(parse_view(seen.stdout), audit.tag)
    if found.access is Access.REFUSED:
        return attempt_of(answer, number, f"the registry refuses it too: {found.told}", judged=True), (seen,)
    if found.access is Access.UNKNOWN:
        return attempt_of(answer, number, f"it could not be judged: {found.told}"), (seen,)
    return _logged_in(audit, answer, number, credential, seen)


def _logged_in(
    audit: Audit, answer: Handover, number: int, credential: Credential, seen: Observation
) -> tuple[Attempt, tuple[Observation, ...]]:
    try:
        observed = login(host_of(audit.target), audit.target, credential)
    except HostError as error:
        return attempt_of(answer, number, f"the host was lost at docker login: {error.message}"), (seen,)
    done = next(observation for observation in observed if observation.key == "auth.login")
    if not done.ok:
        words = (done.stderr or done.stdout).strip().splitlines()
        failed = attempt_of(answer, number, f"docker login failed: {words[-1][:200] if words else '?'}")
        return failed, (seen, *observed)
    return attempt_of(answer, number, "accepted", accepted=True, judged=True), (seen, *observed)


def attempt_of(answer: Handover, number: int, outcome: str, *, accepted: bool = False, judged: bool = False) -> Attempt:
    """How the credential of this answer fared, as of now."""
    return Attempt(
        number=number,
        outcome=outcome,
        accepted=accepted,
        judged=judged,
        answered_by=answer.answered_by,
        way=answer.told,
        answered_at=utc_now(),
    )


def _read(answer: Handover, audit: Audit, number: int) -> Secret:
    """The secret itself; from here on every output is redacted of it."""
    if answer.way is Way.BLOCK:
        secret = _from_block(answer.reference)
    elif answer.way is Way.SEALED:
        secret = _from_seal(answer.reference, audit.run, number)
    else:
        secret = _from_terminal(answer.registry_user)
    current_redactor().learn(secret.get_secret_value(), "ghcr-token")
    return secret


def _from_block(name: str) -> Secret:
    if not name:
        raise UnusableAnswerError("no answer was given")
    try:
        return stored_secret(name)
    except SecretBlockError as error:
        raise UnusableAnswerError(error.message) from None


def _from_seal(text: str, run: str, number: int) -> Secret:
    try:
        return opened(private_key(), text, run=run, attempt=number)
    except AuditError as error:
        raise UnusableAnswerError(f"the worker cannot open it: {error.message}") from None


def _from_terminal(user: str) -> Secret:
    try:
        with watcher().aside():
            return Secret(getpass.getpass(f"New token for {user} (not shown): ").strip())
    except EOFError:
        raise UnusableAnswerError("no answer was given") from None


def delete_one_time_block(answer: Handover, attempt: Attempt) -> None:
    """Delete a block that was named to be used once, after its token was judged; a failure is only a warning."""
    if answer.way is not Way.BLOCK or not answer.reference.startswith(ONE_TIME_PREFIX) or not attempt.judged:
        return
    try:
        delete_secret(answer.reference)
    except SecretBlockError as error:
        get_run_logger().warning(error.message)
