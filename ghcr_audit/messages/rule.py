"""One entry of the tables: what a message must show, and what it then means.

A phrase is lower-case text. `…` in it stands for anything within one sentence (a line and the indented lines below it);
without `…` white space of any kind is one space, so that a phrase is also found where a terminal broke the line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from ghcr_audit.causes import Cause
from ghcr_audit.certainty import Certainty
from ghcr_audit.messages.features import Message, Operation, Refusal, Sent, Stage, without_logs
from ghcr_audit.messages.hosts import Registry

GAP = "…"


class Rank(IntEnum):
    """How near to the root a rule's words are. Of several rules that match, the highest speaks first."""

    NAMED = 90
    """The words name the cause itself; all else in the message follows from it."""
    SHAPE = 70
    """A form that one cause usually has: wording, stage and status taken together."""
    USUAL = 50
    """Words of one family of causes; which of them, experience tells."""
    VAGUE = 30
    """Words that most refusals share."""
    ECHO = 10
    """Usually a consequence of something that the message tells elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A cause and the message that points to it. Every condition that is given must hold.

    `says`, `and_says`: one phrase of each must occur; `never`: none of these. `code`, `message`, `wrapped`, `single`
    must hold of one and the same refusal (`features.Refusal`); a message is compared whole. `others` are causes that
    print the same words, the likeliest first. `probe` and `remedy`, where empty, are those of the cause (`advice.py`).
    `own_words`: lines that a container logged do not count. `holds` settles what no list of words can. Within a rank
    the earlier rule wins.
    """

    name: str
    cause: Cause
    why: str
    certainty: Certainty = Certainty.LIKELY
    rank: Rank = Rank.SHAPE
    others: tuple[Cause, ...] = ()
    says: tuple[str, ...] = ()
    and_says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    wrapped: bool | None = None
    single: bool | None = None
    status: tuple[int, ...] = ()
    stage: tuple[Stage, ...] = ()
    operation: tuple[Operation, ...] = ()
    registry: tuple[Registry, ...] = ()
    not_registry: tuple[Registry, ...] = ()
    sent: Sent | None = None
    own_words: bool = False
    holds: Callable[[Message], bool] | None = None
    probe: str = ""
    remedy: str = ""

    def matches(self, message: Message) -> bool:
        """Whether the message shows everything that this rule asks for."""
        heard = without_logs(message) if self.own_words else message
        return self._fits(heard) and self._is_said(heard) and (self.holds is None or self.holds(heard))

    def _fits(self, message: Message) -> bool:
        return (
            _of(self.operation, message.operation)
            and _of(self.registry, message.registry)
            and (message.registry not in self.not_registry)
            and (not self.status or not message.statuses.isdisjoint(self.status))
            and (not self.stage or not message.stages.isdisjoint(self.stage))
            and (self.sent is None or self.sent is message.sent)
            and (not self._asks_for_refusal or any(self._refused(refusal) for refusal in message.refusals))
        )

    def _is_said(self, message: Message) -> bool:
        return (
            (not self.says or said(message, self.says))
            and (not self.and_says or said(message, self.and_says))
            and (not self.never or not said(message, self.never))
        )

    @property
    def _asks_for_refusal(self) -> bool:
        return bool(self.code or self.message)

    def _refused(self, refusal: Refusal) -> bool:
        return (
            _of(self.code, refusal.code)
            and _of(self.message, refusal.message)
            and self.wrapped in (None, refusal.wrapped)
            and self.single in (None, refusal.single)
        )


def said(message: Message, phrases: Sequence[str]) -> bool:
    """Whether one of the phrases occurs in the message."""
    flat = message.flat
    for phrase in phrases:  # the inner loop of everything: a generator here costs a third of the speed
        if phrase in flat or (GAP in phrase and _pieces(phrase)[0] in flat and _occurs_with_gaps(phrase, message)):
            return True
    return False


def _of(allowed: tuple[object, ...], value: object) -> bool:
    return not allowed or value in allowed


def _occurs_with_gaps(phrase: str, message: Message) -> bool:
    pieces = _pieces(phrase)
    if not all(piece in message.flat for piece in pieces):
        return False
    return any(_in_order(pieces, sentence) for sentence in message.sentences)


@cache
def _pieces(phrase: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in phrase.split(GAP))


def _in_order(pieces: Sequence[str], sentence: str) -> bool:
    """Whether the pieces stand in the sentence one after the other; the leftmost place of each is enough to know."""
    position = 0
    for piece in pieces:
        position = sentence.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True
