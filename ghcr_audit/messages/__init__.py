"""What an error output means: text of docker, compose, podman, ssh or a registry in, ranked causes out. Pure.

`features.py` takes the text apart, the tables say which features mean what (one `Rule` each), `rank.py` puts the root
cause first. To teach it a new message, add one entry to the table it belongs to.
"""

from ghcr_audit.messages.features import read_message
from ghcr_audit.messages.rank import Candidate, ranked
from ghcr_audit.messages.tables import RULES

__all__ = ["Candidate", "diagnose_text"]


def diagnose_text(text: str, *, operation: str = "", registry: str = "") -> tuple[Candidate, ...]:
    """The causes that explain the text, the likeliest first; empty when nothing in it is known.

    `operation` (pull, push, login, build, compose, ssh, api, manifest, daemon) and `registry` (a host) help where the
    text does not tell. Beginning and end of a long text are looked at (`features.LIMIT_CHARS`).
    """
    return ranked(read_message(text, operation=operation, registry=registry), RULES)
