"""The answers that count for a promise: to drawn questions, about messages a model never saw."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier import registry
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import Model
from classifier.promise import Outcomes, outcomes
from classifier.stops import parents_of
from classifier.taxonomy import Taxonomy
from service.tables import DrawRow, LabelRow, MessageRow
from service.triage import classified_text

HELD_OUT = "held-out.json"
"""In a version's folder: how it did on the random hold-out of the file it was trained from."""


def carried(found: Outcomes) -> dict[str, bytes]:
    """What a version trained from a file takes along, as `extra` for `registry.save`."""
    return {HELD_OUT: json.dumps(found.to_dict()).encode()}


def evidence(
    answers: Sequence[LabeledMessage], model: Model, taxonomy: Taxonomy, *, folder: Path, key: bytes
) -> Outcomes:
    """What counts for the promises of a model: answers in the store, or what it carries along.

    Per queue the one with more labels. Only the store's count where the drivers of the taxonomy in
    use go to other queues, or messages stop at other parents, than when the model was trained, and
    where the model was made before messages could stop at parents at all.
    """
    found = outcomes(model, answers, drawn=True, key=key, taxonomy=taxonomy)
    path = folder / model.version / HELD_OUT
    if not path.exists() or _moved(model, taxonomy):
        return found
    registry.verify(path.parent)
    taken = Outcomes.from_dict(json.loads(path.read_text(encoding="utf-8")))
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
    found = [_labeled(*row) for row in session.execute(query)]
    seen = model.trained_on(message.text for message in found)
    return [message for message, known in zip(found, seen, strict=True) if not known]


def _labeled(label: LabelRow, message: MessageRow, inclusion: float) -> LabeledMessage:
    return LabeledMessage(
        text=RedactedText(classified_text(message.subject, message.text)),
        label=Label(label.driver, tuple(label.also)),
        message_id=message.external_id,
        group=message.customer or message.text_key,
        channel=message.channel,
        language=message.language,
        received_at=message.received_at,
        inclusion=inclusion,
    )


def named(answers: Sequence[LabeledMessage]) -> str:
    """A name for these answers: the same as long as none was added, withdrawn or changed."""
    digest = hashlib.blake2b(digest_size=8)
    for each in answers:
        digest.update(f"{each.message_id}\n{'|'.join(each.label.drivers)}\n".encode())
    return digest.hexdigest()
