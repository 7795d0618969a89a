"""What the newest model says of messages that others predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from classifier.fold_predictions import FoldPredictions
from classifier.messages import Prediction
from classifier.model import Model
from service.database import chunks
from service.tables import MessageRow
from service.terms import Logged, logged_of
from service.triage import as_logged, classified_text


@dataclass(frozen=True, slots=True)
class Newest:
    """The model that reads again; what its folds said of what it was trained on, None if that was
    not kept; and the drivers it had labels of."""

    model: Model
    folds: FoldPredictions | None
    learned: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """Of one message: `logged` as of any prediction, None where nothing can be said that does not
    flatter the model; `trained`: whether it was trained on the message."""

    logged: Logged | None
    trained: bool


def say_again(session: Session, rows: Sequence[Row[Any]], newest: Newest) -> list[Said]:
    """What the newest model says of messages (rows of `asked` with their `id`), in their order.

    What it said itself when they came in stands; of what it was trained on, its folds speak.
    """
    model = newest.model
    others = [row.id for row in rows if row.model != model.version]
    texts = _texts(session, others)
    trained = np.array(model.trained_on(texts.values()), dtype=bool)
    seen = dict(zip(texts, trained.tolist(), strict=True))
    fresh = [each for each in texts if not seen[each]]
    predicted = dict(zip(fresh, model.predict([texts[each] for each in fresh]), strict=True))

    def said(row: Row[Any], itself: Logged) -> Said:
        if row.id not in texts:
            return Said(itself, trained=False)
        by_folds = newest.folds.find(texts[row.id]) if newest.folds else None
        found: Prediction | None = by_folds if seen[row.id] else predicted[row.id]
        return Said(as_logged(found, model.version) if found else None, seen[row.id])

    return [said(row, itself) for row, itself in zip(rows, logged_of(rows), strict=True)]


def _texts(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Message -> what models read of it."""
    found: dict[int, str] = {}
    for some in chunks(ids):
        query = select(MessageRow.id, MessageRow.subject, MessageRow.text)
        for row in session.execute(query.where(MessageRow.id.in_(some))):
            found[row.id] = classified_text(row.subject, row.text)
    return found
