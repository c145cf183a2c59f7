"""Observations as a ledger keeps them: a long output stands apart, once, under its hash."""

from collections.abc import Callable, Iterable

from pydantic import Field

from ghcr_audit.errors import AuditError
from ghcr_audit.evidence import Observation, Value
from ghcr_audit.ledger.canonical import canonical, sha256

INLINE_BYTES = 1024
"""An output up to this long stands in the entry itself."""


class Blob(Value):
    """A long output, kept apart: the SHA-256 and the size of its UTF-8 bytes."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)


class Recorded(Value):
    """An observation whose long outputs were taken out; `cut` in it says that an output was cut when it was read."""

    observation: Observation
    stdout_blob: Blob | None = None
    stderr_blob: Blob | None = None
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the whole observation's canonical form: its name within the ledger."""

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """The outputs that stand apart."""
        return tuple(blob for blob in (self.stdout_blob, self.stderr_blob) if blob is not None)


class OutputError(AuditError):
    """An output that stands apart is not there, or not what it was."""

    exit_code = 3


def digest_of(observation: Observation) -> str:
    """The observation's name within a ledger; a field that a later version adds, with a default, does not change it."""
    return sha256(canonical(observation.model_dump(mode="json", exclude_defaults=True)))


def recorded(observation: Observation) -> Recorded:
    """The observation as it is kept."""
    taken_out = {name: "" for name in ("stdout", "stderr") if _blob(getattr(observation, name)) is not None}
    return Recorded(
        observation=observation.model_copy(update=taken_out),
        stdout_blob=_blob(observation.stdout),
        stderr_blob=_blob(observation.stderr),
        digest=digest_of(observation),
    )


def long_outputs(observations: Iterable[Observation]) -> tuple[bytes, ...]:
    """The outputs that stand apart, each once."""
    texts = (text for one in observations for text in (one.stdout, one.stderr) if _blob(text) is not None)
    return tuple(dict.fromkeys(text.encode() for text in texts))


def restored(kept: Recorded, content: Callable[[str], bytes | None]) -> Observation:
    """The whole observation again; `content` gives the blob with this hash.

    Raises:
        OutputError: a blob is missing, or the observation is not the one that was kept.
    """
    outputs = {"stdout": kept.stdout_blob, "stderr": kept.stderr_blob}
    texts = {name: _text(blob, content) for name, blob in outputs.items() if blob is not None}
    whole = kept.observation.model_copy(update=texts)
    if digest_of(whole) != kept.digest:
        raise OutputError(f"observation {kept.observation.key}: it is not the one that was kept")
    return whole


def _blob(text: str) -> Blob | None:
    content = text.encode()
    if len(content) <= INLINE_BYTES:
        return None
    return Blob(sha256=sha256(content), size_bytes=len(content))


def _text(blob: Blob, content: Callable[[str], bytes | None]) -> str:
    found = content(blob.sha256)
    if found is None:
        raise OutputError(f"blob {blob.sha256}: missing")
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        raise OutputError(f"blob {blob.sha256}: not text") from None
