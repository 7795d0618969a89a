"""Looks at the labels of a model: each costs certainty, so each is numbered, leveled and kept.

A first look errs in at most 5 % of cases, and every further look at the same model has half the
error of the one before: however often somebody looks, all looks together stay below 10 %.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.model import Model
from classifier.promise import QueuePromise, faultless_labels
from classifier.stops import parents_of
from classifier.taxonomy import Taxonomy
from service.tables import CheckRow

ERROR = 0.05
"""How often a first look may promise too much of any queue."""
GROWTH = 1.5
"""Labels are looked at again once there are so many times as many."""
PROMISE = "promise"
"""The kind of check a look is."""
HALF = 16


@dataclass(frozen=True, slots=True)
class Look:
    """A look at `answers` labels; `number` counts those at which anything was tested, from 1.

    `evidence` names the labels and which driver goes to which queue. Not `new`: this was looked at
    before, and shows the same again. `wait`: so many more answers before a next look.
    """

    number: int
    level: float
    answers: int
    evidence: str
    new: bool
    wait: int = 0

    def tested(self, promises: Iterable[QueuePromise]) -> "Look":
        """This look, with number 0 where no queue had labels enough for any test."""
        enough = any(
            each.labels >= faultless_labels(1, target=each.target, level=self.level)
            for each in promises
        )
        return self if enough or not self.new else replace(self, number=0)

    def row(self, model: str, person: str, now: datetime) -> CheckRow:
        return CheckRow(
            model=model,
            kind=PROMISE,
            look=self.number,
            level=self.level,
            labels=self.answers,
            evidence=self.evidence,
            person=person,
            made_at=now,
        )


def next_look(checks: Sequence[CheckRow], answers: int, evidence: str, routing: str) -> Look:
    """The look that may follow these checks of a model: at the same labels, or a new one.

    `evidence` names the answers there are now, `routing` which driver goes to which queue.
    """
    name = evidence[:HALF] + routing[:HALF]
    for each in checks:
        if each.evidence == name:
            return Look(each.look, each.level, answers, name, new=False)
    last = max(checks, key=lambda each: each.look, default=None)
    looks = last.look if last else 0
    if last and looks and last.evidence[HALF:] == routing[:HALF]:
        enough = ceil(GROWTH * last.labels)
        if answers < enough:
            return Look(looks, last.level, answers, name, new=False, wait=enough - answers)
    return Look(looks + 1, 1 - ERROR / 2**looks, answers, name, new=True)


def checks_of(session: Session, model: Model) -> list[CheckRow]:
    """The checks of a model so far, oldest first."""
    query = select(CheckRow).where(CheckRow.model == model.version, CheckRow.kind == PROMISE)
    return list(session.scalars(query.order_by(CheckRow.id)))


def routing_of(
    model: Model, taxonomy: Taxonomy, withdrawn: Mapping[str, datetime] | None = None
) -> str:
    """A name for which driver goes to which queue, at which parents messages may stop, and whose
    promise was `withdrawn` when: each changes what a look is about."""
    leaves, parents = taxonomy.leaves, parents_of(model.drivers, taxonomy)
    said = [f"{each} {taxonomy.queue(each)}" for each in sorted(model.drivers) if each in leaves]
    said += sorted(parents.written(model.drivers))
    said += [f"{queue} {moment.isoformat()}" for queue, moment in sorted((withdrawn or {}).items())]
    return hashlib.blake2b("\n".join(said).encode(), digest_size=8).hexdigest()
