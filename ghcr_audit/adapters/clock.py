"""The controller's clock: aware UTC for evidence, a monotonic one for durations."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, aware, in UTC, to the millisecond."""
    now = datetime.now(tz=UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Stopwatch:
    """Measures one action in whole milliseconds from its making."""

    def __init__(self) -> None:
        self.began_at = utc_now()
        self._began = time.monotonic()

    @property
    def ms(self) -> int:
        """Milliseconds since the beginning."""
        return round((time.monotonic() - self._began) * 1000)
