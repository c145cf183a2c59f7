"""No exception leaves a task or a flow with a secret in its text: states, events and logs of Prefect hold that text.

Anticipated errors (`AuditError`) are redacted by whoever raises them; this is the last gate, and the only one for bugs.
"""

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from prefect import get_run_logger
from prefect.exceptions import MissingContextError

from ghcr_audit.errors import AuditError
from ghcr_audit.redaction import current_redactor

_P = ParamSpec("_P")
_R = TypeVar("_R")
_LONGEST = 4000


class UnexpectedError(Exception):
    """A bug, in words without secrets; the traceback of what happened stands in the run's log, redacted, too."""


def redacting(work: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same work; what it raises holds no known secret, and none that shows by its form."""

    @wraps(work)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return work(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text goes to the server
            raised, told = _without_secrets(error), _traceback(error)
        # Out here nothing is being handled: whatever goes wrong in logging has no context that it might print.
        if told:
            _logger().error("%s", told)
        raise raised

    return guarded


def _without_secrets(error: Exception) -> Exception:
    """An anticipated error as it is, without what led to it (a traceback would print that); else its words."""
    if not isinstance(error, AuditError | UnexpectedError):
        return UnexpectedError(redacted(f"{type(error).__name__}: {error}"))
    if redacted(str(error)) != str(error)[:_LONGEST]:
        return UnexpectedError(redacted(str(error)))
    error.__cause__ = error.__context__ = None
    return error


def _traceback(error: Exception) -> str:
    """Of a bug, where it is met first; what is anticipated, or was told already, needs none."""
    if isinstance(error, AuditError | UnexpectedError):
        return ""
    return redacted("".join(traceback.format_exception(error)))


def _logger() -> "logging.Logger | logging.LoggerAdapter[logging.Logger]":
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("ghcr_audit")


def redacted(text: str) -> str:
    """At most `_LONGEST` characters of it, without secrets."""
    return current_redactor().redact(text)[:_LONGEST]
