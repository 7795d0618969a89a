"""Recommend, select, automate: the ladder of each queue, climbed by a person, step by step.

Evidence alone takes nobody up: it says how high a person may climb, and takes a queue down again
when it no longer holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FEW: Final = 20
"""With fewer labels, the share that is right says too little to let anyone rely on it."""


class Step(StrEnum):
    """What the model may do for a queue.

    `recommend`: it proposes, a person decides message by message. `select`: it sets apart what it
    is sure of, a person confirms the lot. `automate`: it routes without a person.
    """

    RECOMMEND = "recommend"
    SELECT = "select"
    AUTOMATE = "automate"


ORDER: Final = tuple(Step)


class Reason(StrEnum):
    """Why a queue stands where it stands."""

    AS_ASKED = "as_asked"
    ONE_STEP_AT_A_TIME = "one_step_at_a_time"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    EVIDENCE_LOST = "evidence_lost"
    NOTHING_CHANGED = "nothing_changed"


@dataclass(frozen=True, slots=True)
class Standing:
    """The step a queue is on, and why."""

    step: Step
    reason: Reason


def evidenced(*, promised: bool, right: int, labels: int, target: float) -> Step:
    """The highest step that evidence allows.

    `automate` with the promise; `select` where at least 20 labels are right at the target's rate,
    which shows nothing yet but is no reason for alarm; else `recommend`.
    """
    if promised:
        return Step.AUTOMATE
    return Step.SELECT if labels >= FEW and right >= target * labels else Step.RECOMMEND


def climb(current: Step, asked: Step, highest: Step) -> Standing:
    """A person asks for a step: down at once, up one step at a time as far as evidence allows."""
    if _height(asked) <= _height(current):
        return Standing(asked, Reason.AS_ASKED)
    following = ORDER[_height(current) + 1]
    if _height(following) > _height(highest):
        return Standing(current, Reason.NOT_ENOUGH_EVIDENCE)
    alone = following == asked
    return Standing(following, Reason.AS_ASKED if alone else Reason.ONE_STEP_AT_A_TIME)


def fall(current: Step, highest: Step) -> Standing:
    """New evidence, or a new model: down to what still holds; never up, that is for a person."""
    if _height(current) > _height(highest):
        return Standing(highest, Reason.EVIDENCE_LOST)
    return Standing(current, Reason.NOTHING_CHANGED)


def _height(step: Step) -> int:
    return ORDER.index(step)
