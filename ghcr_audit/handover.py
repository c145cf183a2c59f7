"""How a credential is handed to a waiting run: the form, and the sealed box. Neither ever holds it in clear.

web: the operator saves the token in a Prefect Secret block and answers with the block's *name*.
terminal: `ghcr-audit resume` seals the token to the work pool's public key and answers with ciphertext.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from ghcr_audit.credentials import Secret

BLOCK_NAME = r"[a-z][a-z0-9]{0,19}(?:-[a-z0-9]{1,20}){0,5}"
"""A Secret block's name. Words of at most 20 characters: no token of GitHub's, old or new, is one."""

SEALED = r"sealed\.v1\.[A-Za-z0-9_-]{60,4000}"
ANSWER_PATTERN = rf"^(?:{BLOCK_NAME}|{SEALED})$"
"""What the form's first field may hold; the server refuses everything else before it is stored."""

ONE_TIME_PREFIX = "once-"
"""A Secret block with such a name is deleted once its credential was judged, good or bad."""

KEY_PATTERN = r"[A-Za-z0-9_-]{43}"
_KEY_LINE = re.compile(rf"\(work pool key: ({KEY_PATTERN})\)\W*\Z")
"""Only at the very end: what stands before it in a prompt is foreign text (a registry's words)."""


class Way(StrEnum):
    """How an answer names the credential."""

    BLOCK = "secret block"
    SEALED = "sealed"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """An operator's answer: the way, what it names, and who answers for whom. Never the secret itself."""

    way: Way
    reference: str
    registry_user: str
    answered_by: str

    @property
    def told(self) -> str:
        """The way, for the report."""
        return f"secret block {self.reference}" if self.way is Way.BLOCK else self.way.value


class UnusableAnswerError(ValueError):
    """The answer holds no credential; the text says why, without any of it."""


def sealed_text(public_key: str, token: Secret, *, run: str, attempt: int) -> str:
    """The token as ciphertext for the work pool, bound to this run and attempt.

    Raises:
        UnusableAnswerError: the key is none.
    """
    from nacl.exceptions import CryptoError
    from nacl.public import PublicKey, SealedBox

    message = json.dumps({"run": run, "attempt": attempt, "token": token.get_secret_value()})
    try:
        box = SealedBox(PublicKey(_decoded(public_key, "the work pool's key")))
    except (CryptoError, ValueError):
        raise UnusableAnswerError("what the prompt shows is no key of a work pool") from None
    return "sealed.v1." + base64.urlsafe_b64encode(box.encrypt(message.encode())).decode().rstrip("=")


def opened(private_key: bytes, sealed: str, *, run: str, attempt: int) -> Secret:
    """The token that was sealed for exactly this run and attempt.

    Raises:
        UnusableAnswerError: sealed to another key, damaged, or meant for another run or attempt.
    """
    from nacl.exceptions import CryptoError
    from nacl.public import PrivateKey, SealedBox

    box = SealedBox(PrivateKey(private_key))
    try:
        message = json.loads(box.decrypt(_decoded(sealed.removeprefix("sealed.v1."), "the sealed text")))
    except (CryptoError, ValueError, TypeError):
        raise UnusableAnswerError("it was sealed to another key than this work pool's, or is damaged") from None
    if not isinstance(message, dict) or (message.get("run"), message.get("attempt")) != (run, attempt):
        raise UnusableAnswerError("it was sealed for another run or an earlier attempt")
    return Secret(str(message.get("token", "")))


def key_in(description: str) -> str | None:
    """The work pool's public key as the prompt shows it."""
    found = _KEY_LINE.search(description)
    return found[1] if found else None


def key_line(public_key: str) -> str:
    """How the prompt shows the work pool's public key."""
    return f"(work pool key: {public_key})"


def encoded_key(key: bytes) -> str:
    """A 32-byte key as URL-safe Base64 without padding (43 characters)."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _decoded(text: str, name: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise UnusableAnswerError(f"{name} is not Base64") from None
