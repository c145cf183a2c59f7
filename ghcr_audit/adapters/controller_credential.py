"""The controller's own read-only registry credential: a vantage point that no refusal of the host's can hide.

It comes from a file that its owner alone may read, and goes where every credential goes: to the registry's own host,
or to the one token host of the target. What it is used for reads: token endpoint, manifests, tags.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ghcr_audit.adapters.clock import utc_now
from ghcr_audit.adapters.observe import observe_registry
from ghcr_audit.audit import failed
from ghcr_audit.causes import Cause
from ghcr_audit.credentials import Credential, Secret
from ghcr_audit.errors import ConfigurationError
from ghcr_audit.evidence import Link, Observation, Vantage
from ghcr_audit.redaction import SHORTEST_LEARNED, current_redactor
from ghcr_audit.registry.views import CONTROLLER_CREDENTIAL
from ghcr_audit.targets import Target

MAX_FILE_BYTES = 16 * 1024
_OTHERS = 0o077


def observe_with_own(target: Target, references: Sequence[str]) -> tuple[Observation, ...]:
    """What the registry answers to the controller's own credential; () where the target names none.

    A credential that cannot be had is an observation that failed: the audit goes on without this vantage point.
    """
    if target.controller_credential_file is None:
        return ()
    try:
        credential = own_credential(target.controller_credential_file, target.controller_login)
    except ConfigurationError as error:
        return (_not_asked(target.controller_credential_file, error),)
    return (observe_registry(target, Link.PREFLIGHT, references, credential=credential, own=True),)


def learn_own(target: Target) -> None:
    """Let the redactor know the credential before anybody answers; what is wrong with it, `observe_with_own` tells."""
    if target.controller_credential_file is not None:
        with suppress(ConfigurationError):
            own_credential(target.controller_credential_file, target.controller_login)


def own_credential(path: str, user: str) -> Credential:
    """The token in the first line of this file (`~` is the home folder), which the redactor knows from here on.

    Raises:
        ConfigurationError: there is no such file, others may read it, or it holds no token; its content is not shown.
    """
    token = _first_line(path, _content(path))
    if not current_redactor().learn(token, "ghcr-token", user=user):
        raise ConfigurationError(f"{path}: holds no token (expected at least {SHORTEST_LEARNED} characters)")
    return Credential(user=user, secret=Secret(token))


def _not_asked(path: str, error: ConfigurationError) -> Observation:
    return failed(
        CONTROLLER_CREDENTIAL,
        Link.PREFLIGHT,
        vantage=Vantage.CONTROLLER_CREDENTIAL,
        where="controller",
        asked=f"read the controller's own credential from {path}",
        at=utc_now(),
        cause=Cause.OTHER,
        text=str(error),
    )


def _content(path: str) -> bytes:
    """The file's bytes. It is opened once, and that very file is checked; a pipe in its place keeps nobody waiting."""
    try:
        descriptor = os.open(Path(path).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _check(path, os.fstat(descriptor))
            return os.read(descriptor, MAX_FILE_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(path, error.strerror or "no reason given") from None
    except RuntimeError:  # pathlib's word for a home folder that is not known
        raise _unreadable(path, "its home folder is not known") from None


def _unreadable(path: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}: read the controller's own credential: {why}",
        hint="Put the token into it, on the machine that audits, or take controller_credential_file out of the target.",
    )


def _check(path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"{path}: is no file with a credential (expected a regular file)")
    if found.st_mode & _OTHERS:
        raise ConfigurationError(
            f"{path}: others may read it (mode {stat.S_IMODE(found.st_mode):o}, expected 600)",
            hint="Take that right from them, and replace the token if others use this machine.",
        )
    if found.st_size > MAX_FILE_BYTES:
        raise ConfigurationError(f"{path}: is too long (got {found.st_size} bytes, expected at most {MAX_FILE_BYTES})")


def _first_line(path: str, content: bytes) -> str:
    token = content.partition(b"\n")[0].removesuffix(b"\r").decode("ascii", "replace")
    if not token or not all("!" <= character <= "~" for character in token):
        raise ConfigurationError(
            f"{path}: holds no token in its first line (its content is not shown, expected visible ASCII characters)"
        )
    return token
