"""What an operator reads and answers when a run waits for a credential. No field can hold a token of GitHub's."""

from prefect.input import RunInput
from pydantic import Field

from ghcr_audit.adapters.pool_key import public_key
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import refusal
from ghcr_audit.handover import ANSWER_PATTERN, ONE_TIME_PREFIX, Handover, Way, key_line
from ghcr_audit.markdown_text import code, inline


class NewCredential(RunInput):
    """The form. No field has a default: an empty answer is no answer."""

    credential: str = Field(
        title="Secret block",
        description="The NAME of the Prefect Secret block that holds the new token. Never the token itself.",
        pattern=ANSWER_PATTERN,
        max_length=4100,
    )
    registry_user: str = Field(
        title="Registry user",
        description="The user name that the token belongs to.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.$+-]{0,38}(?:_[A-Za-z0-9]{3,8})?$",  # GitHub: at most a short _code at its end
    )
    answered_by: str = Field(
        title="Your name",
        description="Who answers; it goes into the report.",
        pattern=r"^[^\s_]{1,30}(?: [^\s_]{1,30}){0,4}$",
    )


def handover(answer: NewCredential | None) -> Handover:
    """What the answer names; of no answer, an empty one that counts as unanswered."""
    reference = answer.credential if answer else ""
    return Handover(
        way=Way.SEALED if reference.startswith("sealed.") else Way.BLOCK,
        reference=reference,
        registry_user=answer.registry_user if answer else "",
        answered_by=answer.answered_by if answer else "",
    )


def request(audit: Audit, number: int) -> str:
    """What stands above the form, as Markdown. Foreign words in it are escaped; our key line is its very end."""
    target, found = audit.target, next(iter(refusal.credential(audit)), None)
    cause = found.summary if found else "The registry refuses the host's credential."
    earlier = (
        f"**Credential {number - 1} was not accepted:** {inline(audit.attempts[-1].outcome)}\n\n" if number > 1 else ""
    )
    return (
        f"{earlier}{code(target.where)} may not read {code(audit.image)}. {inline(cause)}\n\n"
        f"1. Create a personal access token (classic) with the scope `read:packages`.\n"
        f"2. Save it as a **Secret** block (Blocks, +, Secret). One whose name begins with `{ONE_TIME_PREFIX}` is "
        f"deleted once its token was judged.\n3. Enter the block's *name* below. Never paste the token here.\n\n"
        f"Or in a terminal: `ghcr-audit resume {audit.run}`. {key_line(public_key())}"
    )
