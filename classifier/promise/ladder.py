"""Recommend, select, automate: the ladder of each queue, climbed by a person, rung by rung.

Evidence alone takes nobody up: it says how high a person may climb, and takes a queue down again
when it no longer holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FEW: Final = 20
"""With fewer labels, the share that is right says too little to take anything back."""


class Rung(StrEnum):
    """What the model may do for a queue, and what is promised of that.

    `recommend`: it proposes, a person decides message by message; nothing needs promising.
    `select`: it routes what reaches the threshold from which held-out messages, of all queues
    together, were right often enough; of one queue nothing is promised. `automate`: it routes
    from the queue's own threshold, and of what it routes there the target is promised.
    """

    RECOMMEND = "recommend"
    SELECT = "select"
    AUTOMATE = "automate"

    @property
    def above(self) -> "Rung | None":
        """The next rung up; None on the highest."""
        return next((rung for rung in ORDER if rung.height == self.height + 1), None)

    @property
    def below(self) -> "Rung | None":
        """The next rung down; None on the lowest."""
        return next((rung for rung in ORDER if rung.height == self.height - 1), None)

    @property
    def height(self) -> int:
        """How many rungs are below it."""
        return ORDER.index(self)


ORDER: Final = tuple(Rung)
START: Final = Rung.SELECT
"""Where every queue begins."""


class Reason(StrEnum):
    """Why a queue stands where it stands."""

    AS_ASKED = "as_asked"
    ONE_RUNG_AT_A_TIME = "one_rung_at_a_time"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    EVIDENCE_LOST = "evidence_lost"
    NEW_MODEL = "new_model"
    PROMISE_BROKEN = "promise_broken"
    NOTHING_CHANGED = "nothing_changed"


@dataclass(frozen=True, slots=True)
class Standing:
    """The rung a queue is on, and why."""

    rung: Rung
    reason: Reason


def evidenced(*, promised: bool, right: int, labels: int, target: float) -> Rung:
    """The rung that evidence speaks for.

    `automate` with the promise; `recommend` where at least 20 labels are right less often than
    the target; else `select`, where every queue begins.
    """
    if promised:
        return Rung.AUTOMATE
    return Rung.RECOMMEND if labels >= FEW and right < target * labels else START


def climb(current: Rung, asked: Rung, *, promised: bool) -> Standing:
    """A person asks for a rung: down at once; up one at a time, to `automate` with the promise."""
    following = current.above
    if following is None or asked.height <= current.height:
        return Standing(asked, Reason.AS_ASKED)
    if following is Rung.AUTOMATE and not promised:
        return Standing(current, Reason.NOT_ENOUGH_EVIDENCE)
    alone = following is asked
    return Standing(following, Reason.AS_ASKED if alone else Reason.ONE_RUNG_AT_A_TIME)


def fall(current: Rung, *, promised: bool) -> Standing:
    """New evidence, or a new model: from `automate` to `select` without the promise; never up."""
    if current is Rung.AUTOMATE and not promised:
        return Standing(Rung.SELECT, Reason.EVIDENCE_LOST)
    return Standing(current, Reason.NOTHING_CHANGED)
