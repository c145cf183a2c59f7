"""The one error that the lab raises when it cannot do what was asked."""

from __future__ import annotations


class LabError(Exception):
    """What was attempted and what happened; `hint` says what to do next (may be empty)."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """The message, with the hint on a line of its own."""
        message = str(self.args[0])
        return f"{message}\n{self.hint}" if self.hint else message
