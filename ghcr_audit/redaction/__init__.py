"""Nothing secret leaves: secrets are found by their value and by their form, in texts and in streams."""

from ghcr_audit.redaction.redactor import SHORTEST_LEARNED, Hit, RedactingFilter, Redactor, current_redactor

__all__ = ["SHORTEST_LEARNED", "Hit", "RedactingFilter", "Redactor", "current_redactor"]
