"""What a run must know again after it was suspended: its beginning and how each credential fared. No secret.

Kept as JSON in Prefect's result storage, keyed by run and attempt: local by default, shared where several workers
share a storage block (PREFECT_DEFAULT_RESULT_STORAGE_BLOCK).
"""

from collections.abc import Iterable

from pydantic import AwareDatetime, TypeAdapter

from ghcr_audit.evidence import Attempt, Value
from ghcr_audit.fleet import Row
from tasks.storage import KeptTexts

MAX_ATTEMPTS = 20
"""So many credentials are asked for in one run; then it ends as Blocked."""
_ROWS = TypeAdapter(tuple[Row, ...])


class Beginning(Value):
    """When a run's first pass began, and which tag it found: later passes audit the same."""

    started_at: AwareDatetime
    tag: str


class RunRecord:
    """The record of one run."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._texts = KeptTexts()

    def beginning(self) -> Beginning | None:
        """How the first pass of this run began; None on the first pass."""
        text = self._read("began")
        return Beginning.model_validate_json(text) if text else None

    def begin(self, beginning: Beginning) -> None:
        """Keep how the first pass began."""
        self._write("began", beginning.model_dump_json())

    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts with an outcome, in order."""
        found = (self.attempt(number) for number in range(1, MAX_ATTEMPTS + 1))
        return tuple(attempt for attempt in found if attempt is not None)

    def attempt(self, number: int) -> Attempt | None:
        """The outcome of one attempt, or None when it has none yet."""
        text = self._read(f"cred-{number}")
        return Attempt.model_validate_json(text) if text else None

    def remember(self, attempt: Attempt) -> None:
        """Keep an attempt's outcome."""
        self._write(f"cred-{attempt.number}", attempt.model_dump_json())

    def asked(self, number: int) -> Attempt | None:
        """What was asked for, and why, without its outcome; None when it was not asked for yet."""
        text = self._read(f"cred-{number}-asked")
        return Attempt.model_validate_json(text) if text else None

    def ask(self, attempt: Attempt) -> None:
        """Keep that a credential is asked for; what was first kept stands."""
        if self.asked(attempt.number) is None:
            self._write(f"cred-{attempt.number}-asked", attempt.model_dump_json())

    def with_question(self, attempt: Attempt) -> Attempt:
        """The attempt with when and why it was asked for."""
        asked = self.asked(attempt.number)
        if asked is None:
            return attempt
        return attempt.model_copy(update=asked.model_dump(include={"asked_at", "asked_because", "asked_summary"}))

    def rows(self) -> tuple[Row, ...]:
        """The matrix of a fleet as it stood when this run began to wait; () when it never did."""
        text = self._read("rows")
        return _ROWS.validate_json(text) if text else ()

    def awaiting(self) -> tuple[str, ...]:
        """The targets for whose credential the run was waiting then."""
        return tuple((self._read("awaiting") or "").split())

    def keep_rows(self, rows: tuple[Row, ...], awaiting: Iterable[str]) -> None:
        """Keep the matrix over a wait, and the targets that it is a wait for."""
        self._write("rows", _ROWS.dump_json(rows).decode())
        self._write("awaiting", " ".join(awaiting))

    def _key(self, name: str) -> str:
        return f"ghcr-audit-{self._run}-{name}"

    def _read(self, name: str) -> str | None:
        return self._texts.read(self._key(name))

    def _write(self, name: str, text: str) -> None:
        self._texts.write(self._key(name), text)
