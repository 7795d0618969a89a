"""Calls that bring messages: all that wait at a moment are stored in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from classifier.errors import WaaromError
from service.api import rendering
from service.api.rendering import Names
from service.errors import ContentConflict
from service.gathering import Gathering
from service.idempotency import Attempt, committed, recall, remember
from service.intake import Outcome, Receipt, copied, store
from service.messages import views
from service.problems import is_outage, problem_of
from service.runtime import Runtime, taxonomy_in_use
from service.schemas.messages import BatchItem, BatchOut, Classified
from service.tables import MessageRow


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """One call: its messages, prepared; who sent it; and how it wants to be answered.

    A call that is not a `batch` brings one message.
    """

    rows: Sequence[MessageRow]
    attempt: Attempt
    key_id: int
    now: datetime
    revise: bool = False
    batch: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def name(self) -> str | None:
        """What it is recognized by when it is sent again."""
        return self.attempt.name(self.key_id)


Answer = Classified | BatchOut
Arrivals = Gathering[Arrival, Answer]


def arrivals_of(request: Request) -> Arrivals:
    found: Arrivals = request.app.state.arrivals
    return found


ArrivalsDep = Annotated[Arrivals, Depends(arrivals_of)]


def store_together(runtime: Runtime, arrivals: Sequence[Arrival]) -> list[Answer | Exception]:
    """For each call its answer, now on disk, or its error, in order.

    One that fails does not hold up the others: they are then stored one by one. Calls with the
    same Idempotency-Key come after one another, so that the second finds the first one's answer.
    """
    found: dict[int, Answer | Exception] = {}
    left = dict(enumerate(arrivals))
    while left:
        group = _without_repeats(left)
        answers = _stored(runtime, list(group.values()))
        found |= zip(group, answers, strict=True)
        left = {number: each for number, each in left.items() if number not in group}
    return [found[number] for number in range(len(arrivals))]


def _without_repeats(arrivals: Mapping[int, Arrival]) -> dict[int, Arrival]:
    seen: set[str] = set()
    first = {}
    for number, each in arrivals.items():
        if each.name not in seen:
            first[number] = each
        if each.name:
            seen.add(each.name)
    return first


def _stored(runtime: Runtime, arrivals: Sequence[Arrival]) -> list[Answer | Exception]:
    try:
        return committed(runtime, lambda session: _answers(session, runtime, arrivals))
    except Exception as error:
        # A database out of reach fails them all; waiting for it once more for each helps nobody.
        if len(arrivals) == 1 or (isinstance(error, DBAPIError) and is_outage(error)):
            return [error] * len(arrivals)
        return [answer for each in arrivals for answer in _stored(runtime, [each])]


def _answers(
    session: Session, runtime: Runtime, arrivals: Sequence[Arrival]
) -> list[Answer | Exception]:
    found = _recalled(session, arrivals)
    fresh = [each for each in arrivals if each not in found]
    for revise in (False, True):
        found |= _taken(session, runtime, [each for each in fresh if each.revise is revise])
    for each in fresh:
        answer = found[each]
        if each.name and not isinstance(answer, Exception):
            body = answer.model_dump(mode="json")
            remember(session, each.attempt, body, api_key_id=each.key_id, now=each.now)
    return [found[each] for each in arrivals]


def _recalled(session: Session, arrivals: Sequence[Arrival]) -> dict[Arrival, Answer | Exception]:
    """Answers to calls that were made before, and errors of those that reuse a key."""
    found: dict[Arrival, Answer | Exception] = {}
    for each in arrivals:
        kind = BatchOut if each.batch else Classified
        try:
            body = recall(session, each.attempt, api_key_id=each.key_id)
        except WaaromError as error:
            found[each] = error
        else:
            if body is not None:
                found[each] = kind.model_validate(body)
    return found


def _taken(
    session: Session, runtime: Runtime, arrivals: Sequence[Arrival]
) -> dict[Arrival, Answer | Exception]:
    """Store the messages of calls that all revise, or all do not, and answer them."""
    if not arrivals:
        return {}
    rows = [copied(row) for each in arrivals for row in each.rows]
    now, revise = max(each.now for each in arrivals), arrivals[0].revise
    receipts = iter(store(session, runtime, rows, now=now, revise=revise))
    by_call = {each: [next(receipts) for _ in each.rows] for each in arrivals}
    answers = _classified(session, runtime, (one for some in by_call.values() for one in some))
    return {each: _reply(each, some, answers) for each, some in by_call.items()}


def _classified(
    session: Session, runtime: Runtime, receipts: Iterable[Receipt]
) -> dict[int, Classified]:
    """What was made of messages, by their id."""
    names = Names(taxonomy_in_use(session, runtime), runtime.settings.language)
    seen = views(session, [receipt.message_id for receipt in receipts])
    return {number: rendering.classified(view, names) for number, view in seen.items()}


def _reply(
    arrival: Arrival, receipts: Sequence[Receipt], answers: Mapping[int, Classified]
) -> Answer | ContentConflict:
    conflicts = {
        receipt: ContentConflict(receipt.external_id)
        for receipt in receipts
        if receipt.outcome is Outcome.CONFLICT
    }
    if not arrival.batch:
        (receipt,) = receipts
        return conflicts.get(receipt) or answers[receipt.message_id]
    return BatchOut(
        results=[
            BatchItem(error=problem_of(conflicts[receipt]))
            if receipt in conflicts
            else BatchItem(answer=answers[receipt.message_id])
            for receipt in receipts
        ]
    )
