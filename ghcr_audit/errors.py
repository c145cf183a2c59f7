"""The errors an operator may see: what was attempted, what happened, what to do next."""

from ghcr_audit.causes import Cause


class AuditError(Exception):
    """Base of every anticipated failure.

    The text follows one grammar: `subject: what was attempted: what happened (got X, expected Y)`.
    `hint` says what to do next, in one sentence. `temporary` means that another try may succeed.
    No text ever holds a secret: adapters redact before they raise.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", temporary: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.temporary = temporary

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigurationError(AuditError):
    """What the user wrote (target file, option, tag) cannot be meant; nothing was touched."""

    exit_code = 2


class HostError(AuditError):
    """The host could not be looked at: not reached, not trusted, or no usable shell there."""

    exit_code = 5

    def __init__(self, message: str, *, cause: Cause, hint: str = "", temporary: bool = False) -> None:
        super().__init__(message, hint=hint, temporary=temporary)
        self.cause = cause


class RegistryError(AuditError):
    """The registry gave no usable answer at all (an HTTP refusal is an answer, not an error)."""

    exit_code = 5

    def __init__(self, message: str, *, cause: Cause, hint: str = "", temporary: bool = False) -> None:
        super().__init__(message, hint=hint, temporary=temporary)
        self.cause = cause


def shown(value: object, limit: int = 80) -> str:
    """A foreign value for an error text: its repr, at most `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
