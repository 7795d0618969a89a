"""From which confidence each queue's messages are routed, by the rung it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.decisions import Decision, decide
from classifier.messages import Prediction
from classifier.model import Model
from classifier.promise import Rung
from classifier.stops import parents_of
from classifier.taxonomy import Taxonomy
from service.tables import StandingRow

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidences in [0, 1], or infinity: the model's own, and of the queues that have another."""

    own: float
    by_queue: Mapping[str, float]

    def of(self, queue: str) -> float:
        """From which confidence messages go to a queue."""
        return self.by_queue.get(queue, self.own)

    def decide(
        self, prediction: Prediction | None, taxonomy: Taxonomy, *, text: str = ""
    ) -> Decision:
        """How a message is routed by them; see `classifier.decisions.decide`."""
        return decide(prediction, taxonomy, threshold=self.own, by_queue=self.by_queue, text=text)


def thresholds_in_force(session: Session, model: Model | None, taxonomy: Taxonomy) -> Thresholds:
    """What routes now. A queue on `automate` whose promise is of another model, or of other
    drivers, is routed as on `select` until it is promised anew."""
    if model is None:
        return Thresholds(NEVER, {})
    found: dict[str, float] = {}
    for row in session.scalars(select(StandingRow).where(StandingRow.rung != Rung.SELECT)):
        promised = promised_threshold(row, model, taxonomy)
        if row.rung == Rung.RECOMMEND:
            found[row.queue] = NEVER
        elif promised is not None:
            found[row.queue] = promised
    return Thresholds(model.threshold, found)


def promised_threshold(row: StandingRow, model: Model, taxonomy: Taxonomy) -> float | None:
    """The threshold a queue was promised for this model and the drivers it has now, else None."""
    return row.threshold if is_of(row, model, taxonomy) else None


def is_of(row: StandingRow, model: Model, taxonomy: Taxonomy) -> bool:
    """Whether a row's figures are of this model and of the drivers its queue has now."""
    return row.model == model.version and row.drivers == drivers_of(row.queue, model, taxonomy)


def drivers_of(queue: str, model: Model, taxonomy: Taxonomy) -> list[str]:
    """The drivers that the model knows and whose messages go to a queue, sorted; and the parents
    where messages may stop on their way there, each with the drivers that count for it."""
    leaves, parents = taxonomy.leaves, parents_of(model.drivers, taxonomy)
    known = [each for each in model.drivers if each in leaves and taxonomy.queue(each) == queue]
    above = zip(parents.written(model.drivers), parents.queues, strict=True)
    return sorted((*known, *(each for each, its in above if its == queue)))
