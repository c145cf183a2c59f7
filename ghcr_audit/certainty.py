"""How sure a finding is. A module of its own, so that naming a message's cause loads nothing else."""

from enum import StrEnum


class Certainty(StrEnum):
    """How sure a finding is."""

    PROVEN = "proven"
    LIKELY = "likely"
    POSSIBLE = "possible"
