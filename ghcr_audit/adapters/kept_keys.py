"""SSH private keys that are no files here: who runs the audit says where they are kept, such as in Secret blocks."""

from collections.abc import Callable

from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Secret
from ghcr_audit.errors import AuditError, HostError
from ghcr_audit.redaction import current_redactor

KeySource = Callable[[str], Secret]
"""The text of the key with this name; raises AuditError with what is in the way."""

_sources: list[KeySource] = []


def read_keys_from(source: KeySource) -> None:
    """From now on, and in this process, kept keys are read there."""
    _sources[:] = [source]


def kept_key(name: str, where: str) -> Secret:
    """The text of the private key with this name; the redactor knows it from here on.

    Raises:
        HostError: nobody said where keys are kept, or it is not given out.
    """
    if not _sources:
        raise HostError(
            f"{where}: log in: the private key is kept in Prefect's Secret block {name}, which only a flow reads",
            cause=Cause.SSH_AUTH_FAILED,
            hint="Use `ghcr-audit run` or a deployment, or name an identity_file instead.",
        )
    try:
        text = _sources[0](name)
    except AuditError as error:
        raise HostError(
            f"{where}: log in: {error.message}",
            cause=Cause.SSH_AUTH_FAILED,
            hint="identity_block of [host] names the Secret block; the Blocks page shows those that there are.",
        ) from None
    current_redactor().learn(text.get_secret_value(), "private-key")
    return text
