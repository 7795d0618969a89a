"""What picks are for beside doubt: drivers with few labels, and queues short of automation."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.model import Model
from classifier.taxonomy import Taxonomy
from labeling.picks import Aim, rarity
from service.rungs import is_of, promised_threshold
from service.tables import LabelRow, StandingRow
from service.training_rows import teaches

RARE, SHORT = "rare", "queue"
RARE_SHARE: Final = 0.3
SHORT_SHARE: Final = 0.2
Floats = NDArray[np.float64]


def aims(session: Session, model: Model, taxonomy: Taxonomy) -> list[Aim]:
    """The aims that tell drivers apart; one to which all are worth the same is that of doubt."""
    found = [
        Aim(RARE, RARE_SHARE, rarity(labels_of(session, model))),
        Aim(SHORT, SHORT_SHARE, _short_of_automation(session, model, taxonomy)),
    ]
    return [aim for aim in found if np.ptp(aim.weights) > 0]


def labels_of(session: Session, model: Model) -> Floats:
    """How many messages are labeled with each driver (k,) of a model: in the store, or, where
    there are none, in the file it was trained from."""
    query = (
        select(LabelRow.driver, func.count(LabelRow.message_id.distinct()))
        .where(teaches())
        .group_by(LabelRow.driver)
    )
    counted = {driver: float(count) for driver, count in session.execute(query)}
    if not counted:
        trained = float(model.manifest.get("counts", {}).get("training", 0))
        return trained * np.asarray(model.base_shares, dtype=np.float64)
    return np.array([counted.get(driver, 0.0) for driver in model.drivers])


def _short_of_automation(session: Session, model: Model, taxonomy: Taxonomy) -> Floats:
    """(k,) in [0, 1]: how far the queue of each driver is from a promise, 1 where nothing is
    known of it. One that has its promise needs no more."""
    rows = session.scalars(select(StandingRow))
    far = {row.queue: _far(row, model, taxonomy) for row in rows if is_of(row, model, taxonomy)}
    return np.array([far.get(queue, 1.0) for queue in _queues(model.drivers, taxonomy)])


def _queues(drivers: Sequence[str], taxonomy: Taxonomy) -> list[str]:
    return [taxonomy.queue(driver) for driver in drivers]


def _far(row: StandingRow, model: Model, taxonomy: Taxonomy) -> float:
    """The part of the labels its promise takes that it lacks."""
    if promised_threshold(row, model, taxonomy) is not None:
        return 0.0
    if row.needed is None:
        return 1.0
    return row.needed / max(1, row.needed + row.evidence)
