"""The answers that count for a promise: to drawn questions, about messages a model never saw."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier import registry
from classifier.messages import LabeledMessage
from classifier.model import Model
from classifier.promise import Outcomes, Reason, outcomes
from classifier.stops import parents_of, stops_of
from classifier.taxonomy import Taxonomy
from service.tables import DrawRow, LabelRow, MessageRow, StandingChangeRow
from service.training_rows import labeled_message

HELD_OUT = "held-out.json"
"""In a version's folder: how it did on the random hold-out of the file it was trained from."""


def carried(found: Outcomes) -> dict[str, bytes]:
    """What a version trained from a file takes along, as `extra` for `registry.save`."""
    return {HELD_OUT: json.dumps(found.to_dict()).encode()}


def evidence(
    answers: Sequence[LabeledMessage],
    model: Model,
    taxonomy: Taxonomy,
    *,
    folder: Path,
    key: bytes,
    anew: Collection[str] = (),
) -> Outcomes:
    """What counts for the promises of a model: answers in the store, or what it carries along.

    Per queue the one with more labels. Only the store's count where the drivers of the taxonomy in
    use go to other queues, or messages stop at other parents, than when the model was trained, and
    where the model was made before messages could stop at parents at all; and of the queues `anew`,
    whose promise was withdrawn.
    """
    found = outcomes(model, answers, drawn=True, key=key, taxonomy=taxonomy)
    path = folder / model.version / HELD_OUT
    if not path.exists() or _moved(model, taxonomy):
        return found
    registry.verify(path.parent)
    taken = Outcomes.from_dict(json.loads(path.read_text(encoding="utf-8")))
    taken = taken.without(anew)
    return found.joined(taken) if taken.levels == found.levels else found


def _moved(model: Model, taxonomy: Taxonomy) -> bool:
    before, drivers = model.taxonomy, model.drivers
    then, now = (sorted(parents_of(drivers, each).written(drivers)) for each in (before, taxonomy))
    if then != now:
        return True
    return any(
        each not in taxonomy.leaves or taxonomy.queue(each) != before.queue(each)
        for each in drivers
    )


def unseen_answers(session: Session, model: Model) -> list[LabeledMessage]:
    """Every answer to a drawn question whose message had no part in making the model.

    Those of the hold-out, and those given since it was trained. Learning picks and corrections
    never count; where a drawn answer was corrected later, it counts as it was given, for people
    look again at what went wrong more than at what went right.
    """
    query = (
        select(LabelRow, MessageRow, DrawRow.inclusion)
        .join(MessageRow, MessageRow.id == LabelRow.message_id)
        .join(DrawRow, DrawRow.message_id == MessageRow.id)
        .where(LabelRow.current, LabelRow.counts, DrawRow.drawn)
        .order_by(MessageRow.id)
    )
    found = [labeled_message(*row) for row in session.execute(query)]
    seen = model.trained_on(message.text for message in found)
    return [message for message, known in zip(found, seen, strict=True) if not known]


def withdrawals(session: Session) -> dict[str, datetime]:
    """When the promise of a queue was last withdrawn, for those of which it ever was."""
    query = (
        select(StandingChangeRow.queue, func.max(StandingChangeRow.changed_at).label("moment"))
        .where(StandingChangeRow.reason == Reason.PROMISE_BROKEN)
        .group_by(StandingChangeRow.queue)
    )
    return {row.queue: row.moment for row in session.execute(query)}


def since_withdrawn(
    session: Session,
    answers: Sequence[LabeledMessage],
    withdrawn: Mapping[str, datetime],
    model: Model,
    taxonomy: Taxonomy,
) -> list[LabeledMessage]:
    """Without the answers about messages for a queue that were given before its promise was
    withdrawn: whatever the model, what broke one promise bears no other.
    """
    if not withdrawn:
        return list(answers)
    first = _first_answered(session)
    last = max(withdrawn.values())
    old = [each for each in answers if first[each.message_id] <= last]
    queues = _queues(old, model, taxonomy)
    spent = {
        each.message_id
        for each, queue in zip(old, queues, strict=True)
        if queue in withdrawn and first[each.message_id] <= withdrawn[queue]
    }
    return [each for each in answers if each.message_id not in spent]


def _first_answered(session: Session) -> dict[str, datetime]:
    query = (
        select(MessageRow.external_id, func.min(LabelRow.answered_at).label("moment"))
        .join(LabelRow, LabelRow.message_id == MessageRow.id)
        .where(LabelRow.counts)
        .group_by(MessageRow.external_id)
    )
    return {row.external_id: row.moment for row in session.execute(query)}


def _queues(messages: Sequence[LabeledMessage], model: Model, taxonomy: Taxonomy) -> list[str]:
    """The queue that each message heads for."""
    if not messages:
        return []
    found = stops_of(model.judge([each.text for each in messages]), taxonomy)
    return [found.queues[place] for place in found.heading]


def named(answers: Sequence[LabeledMessage]) -> str:
    """A name for these answers: the same as long as none was added, withdrawn or changed."""
    digest = hashlib.blake2b(digest_size=8)
    for each in answers:
        digest.update(f"{each.message_id}\n{'|'.join(each.label.drivers)}\n".encode())
    return digest.hexdigest()
