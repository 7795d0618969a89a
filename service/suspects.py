"""Labels that look wrong: which they are, and asking somebody else about the most doubtful.

What the model in use says of a message it never learned from, or its folds of one it did, is held
beside the label (`labeling.suspects`). Messages of the hold-out are left alone: an exam of which
only the answers are corrected that the pupil disagrees with says nothing of the pupil. So are
labels that two people gave each on their own, and those that somebody looked at again before.

A look again is blind. Its answer routes and trains as any newest answer does; volumes go on by the
answer to the drawn question, see `docs/labeling-quality.md`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.errors import ModelNotFound
from classifier.messages import Prediction, Predictions, RedactedText
from classifier.model import Model
from labeling.suspects import Suspect, Why, suspects
from service.answered import ReadBy
from service.database import chunks, take_turn
from service.outbox import announce
from service.rounds import ADJUDICATION, SUSPECT, holds, rounds
from service.runtime import Runtime
from service.tables import BookmarkRow, LabelRow, MessageRow, ReviewRow
from service.training_rows import training_set
from service.triage import LATER, OPEN_STATES
from service.weeks import day_of, week_of

BOOKMARK: Final = "suspects"
APART: Final = 2**40
"""So far are two in the order of questions: Label Studio has it as a fraction, beside 5."""


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """A label that looks wrong, and why; `message_id` is ours. `open`: somebody is asked already.
    `answered_at`: when it was given."""

    found: Suspect
    message_id: int
    text: RedactedText
    answered_at: datetime
    open: bool


def suspect_labels(session: Session, runtime: Runtime) -> list[SuspectLabel]:
    """The labels that look wrong and were not looked at again, the most doubtful first.

    Raises `ModelNotFound` where no model is in use.
    """
    model = runtime.current_model()
    if model is None:
        raise ModelNotFound(runtime.settings.models_dir, "no model yet; `waarom train` makes one")
    found = _found(session, runtime, model)
    texts, labels = _held(session, [each.message_id for each in found])
    ids = {name: row.message_id for name, row in labels.items()}
    done, asked = _looked_at(session, labels.values()), _open(session, ids.values())
    return [
        SuspectLabel(each, ids[name], texts[name], labels[name].answered_at, ids[name] in asked)
        for each in found
        if (name := each.message_id) in labels and ids[name] not in done
    ]


def ask_suspects(runtime: Runtime, *, now: datetime) -> int:
    """Ask somebody else about the most doubtful labels; how many were asked about now.

    Not about labels that are merely unlikely. Once a week and once a model, at most
    `suspects_a_week` a week, and not while as many wait for an answer. Run again, it finds nothing
    more to do.
    """
    model, most = runtime.current_model(), runtime.settings.suspects_a_week
    if model is None or most == 0:
        return 0
    seen = {"model": model.version, "week": week_of(day_of(now, runtime.settings.timezone))}
    with runtime.reading() as session:
        row = session.get(BookmarkRow, BOOKMARK)
        if row is not None and row.value == seen:
            return 0
        left = most - _taken(session, runtime, now)
        found = suspect_labels(session, runtime) if left > 0 else []
    doubtful = [each for each in found if not each.open and each.found.why != Why.UNLIKELY]
    with runtime.writing() as session:
        take_turn(session)
        made = _ask(session, runtime, doubtful[: max(0, left)], now)
        session.merge(BookmarkRow(name=BOOKMARK, value=seen))
    return made


def _found(session: Session, runtime: Runtime, model: Model) -> list[Suspect]:
    """Of the labels that may train, those another driver is likelier than."""
    messages = [row.message for row in training_set(session) if not row.holdout]
    said = ReadBy(model, runtime.settings.models_dir).said([each.text for each in messages])
    known = [row for row, each in enumerate(said) if each is not None]
    if not known:
        return []
    predictions = _together([each for each in said if each is not None])
    return suspects([messages[row] for row in known], predictions)


def _together(said: Sequence[Prediction]) -> Predictions:
    return Predictions(
        said[0].drivers,
        np.stack([each.probabilities for each in said]),
        np.array([each.unknown for each in said], dtype=np.float64),
    )


def _held(
    session: Session, external_ids: Collection[str]
) -> tuple[dict[str, RedactedText], dict[str, LabelRow]]:
    """By external id: the text, and the newest label that holds."""
    texts: dict[str, RedactedText] = {}
    labels: dict[str, LabelRow] = {}
    for some in chunks(sorted(external_ids)):
        query = (
            select(MessageRow, LabelRow)
            .join(LabelRow, LabelRow.message_id == MessageRow.id)
            .where(MessageRow.external_id.in_(some), LabelRow.current)
            .order_by(LabelRow.answered_at, LabelRow.id)
        )
        for message, label in session.execute(query):
            if holds(label):
                texts[message.external_id], labels[message.external_id] = message.text, label
    return texts, labels


def _looked_at(session: Session, labels: Iterable[LabelRow]) -> set[int]:
    """The messages whose label somebody looked at again, as it is now."""
    by_message = {label.message_id: label for label in labels}
    done = {id_ for id_, label in by_message.items() if label.chosen in (SUSPECT, ADJUDICATION)}
    done |= {
        id_
        for id_, each in rounds(session, by_message).items()
        if _agreed(each.settled, by_message)
    }
    for row in _reviews(session, by_message, ReviewRow.purpose == SUSPECT):
        if row.closed_at is not None and row.closed_at >= by_message[row.message_id].answered_at:
            done.add(row.message_id)
    return done


def _agreed(settled: LabelRow | None, by_message: Mapping[int, LabelRow]) -> bool:
    """Whether two people gave the label that holds."""
    return settled is not None and settled.id == by_message[settled.message_id].id


def _open(session: Session, message_ids: Collection[int]) -> set[int]:
    rows = _reviews(session, message_ids, ReviewRow.state.in_(OPEN_STATES))
    return {row.message_id for row in rows}


def _reviews(session: Session, message_ids: Collection[int], *which: Any) -> Iterable[ReviewRow]:
    for some in chunks(sorted(message_ids)):
        yield from session.scalars(select(ReviewRow).where(ReviewRow.message_id.in_(some), *which))


def _taken(session: Session, runtime: Runtime, now: datetime) -> int:
    """How much of the week's number is used: by labels asked about, or by those that wait."""
    zone = runtime.settings.timezone
    this = week_of(day_of(now, zone))
    made = session.execute(
        select(ReviewRow.made_at, ReviewRow.state).where(ReviewRow.purpose == SUSPECT)
    ).all()
    lately = sum(week_of(day_of(row.made_at, zone)) == this for row in made)
    return max(lately, sum(row.state in OPEN_STATES for row in made))


def _ask(session: Session, runtime: Runtime, found: Sequence[SuspectLabel], now: datetime) -> int:
    """Blind questions, the most doubtful label first; none about what somebody is asked already."""
    ids = [each.message_id for each in found]
    asked = _open(session, ids)
    last = _rounds(session, ids)
    made = [
        ReviewRow(
            message_id=id_,
            round=last.get(id_, 0) + 1,
            purpose=SUSPECT,
            blind=True,
            priority=LATER,
            order_key=place * APART,
            state="open",
            made_at=now,
        )
        for place, id_ in enumerate(ids)
        if id_ not in asked
    ]
    session.add_all(made)
    session.flush()
    announce(session, runtime.settings, made, now=now)
    return len(made)


def _rounds(session: Session, message_ids: Collection[int]) -> dict[int, int]:
    """Message -> the last round it was asked in."""
    found: dict[int, int] = {}
    for some in chunks(sorted(message_ids)):
        query = select(ReviewRow.message_id, func.max(ReviewRow.round))
        rows = session.execute(
            query.where(ReviewRow.message_id.in_(some)).group_by(ReviewRow.message_id)
        )
        found |= {row[0]: row[1] for row in rows}
    return found
