"""What an operator reads and answers when a run waits for a credential. No field can hold a token of GitHub's."""

from typing import Any

from prefect.input import RunInput
from pydantic import Field, create_model

from ghcr_audit.adapters.pool_key import public_key
from ghcr_audit.audit import Audit
from ghcr_audit.diagnosis import refusal
from ghcr_audit.fleet import Row
from ghcr_audit.handover import ANSWER_PATTERN, ONE_TIME_PREFIX, Handover, Way, key_line
from ghcr_audit.language import phrase, tell
from ghcr_audit.text.markdown import code, inline


def _credential() -> Any:  # noqa: ANN401 - what Field itself says of what it returns; so below
    return Field(
        title=phrase("Secret block"),
        description=phrase("The NAME of the Prefect Secret block that holds the new token. Never the token itself."),
        pattern=ANSWER_PATTERN,
        max_length=4100,
    )


def _registry_user() -> Any:  # noqa: ANN401
    return Field(
        title=phrase("Registry user"),
        description=phrase("The user name that the token belongs to."),
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.$+-]{0,38}(?:_[A-Za-z0-9]{3,8})?$",  # GitHub: at most a short _code at its end
    )


def _answered_by() -> Any:  # noqa: ANN401
    return Field(
        title=phrase("Your name"),
        description=phrase("Who answers; it goes into the report."),
        pattern=r"^[^\s_]{1,30}(?: [^\s_]{1,30}){0,4}$",
    )


class NewCredential(RunInput):
    """The form. No field has a default: an empty answer is no answer."""

    credential: str = _credential()
    registry_user: str = _registry_user()
    answered_by: str = _answered_by()


def form(description: str) -> type[NewCredential]:
    """The form in the language that is spoken, below this Markdown."""
    told = create_model(
        NewCredential.__name__,
        __base__=NewCredential,
        credential=(str, _credential()),
        registry_user=(str, _registry_user()),
        answered_by=(str, _answered_by()),
    )
    return told.with_initial_data(description=description)


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
    earlier = audit.attempts[-1].outcome if number > 1 else ""
    blocked = phrase(
        "{host} may not read {image}. {cause}",
        host=code(target.where),
        image=code(audit.image),
        cause=inline(tell(cause)),
    )
    return _form_head(blocked, run=audit.run, number=number, earlier=earlier)


def fleet_request(rows: tuple[Row, ...], *, run: str, number: int, earlier: str) -> str:
    """The same for all targets that one and the same new credential may help."""
    hosts = "\n".join(f"- {code(row.target)}: {code(row.where)}, {code(f'{row.image}:{row.tag}')}" for row in rows)
    why = " ".join(dict.fromkeys(inline(tell(row.told)) for row in rows if row.told))
    user = code(rows[0].login)
    refused = phrase("The credential of {user} is refused on {count} of the targets:", user=user, count=len(rows))
    blocked = f"{refused}\n\n{hosts}\n\n{why}"
    named = f"{run} --user {rows[0].login.partition(' at ')[0]}"  # a fleet has no target that names one
    return _form_head(blocked, run=named, number=number, earlier=earlier)


def _form_head(blocked: str, *, run: str, number: int, earlier: str) -> str:
    """`blocked` is Markdown already, `earlier` is why the attempt before was not accepted, in foreign words.

    `run`: what stands behind `ghcr-audit resume`.
    """
    why = inline(tell(earlier))
    refused = phrase("**Credential {number} was not accepted:** {why}", number=number - 1, why=why) if earlier else ""
    create = phrase("Create a personal access token (classic) with the scope `read:packages`.")
    save = phrase(
        "Save it as a **Secret** block (Blocks, +, Secret). One whose name begins with `{prefix}` is deleted once its"
        " token was judged.",
        prefix=ONE_TIME_PREFIX,
    )
    enter = phrase("Enter the block's *name* below. Never paste the token here.")
    terminal = phrase("Or in a terminal: `{command}`.", command=f"ghcr-audit resume {run}")
    steps = f"1. {create}\n2. {save}\n3. {enter}"
    return "\n\n".join(filter(None, (refused, blocked, steps, f"{terminal} {key_line(public_key())}")))
