"""Where each queue stands on the ladder: held by evidence, moved by a person, always written down.

A promise is of one model. It is computed from the answers that count (`service.evidence`), for all
queues at once, each time somebody looks (`service.looks`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.errors import ModelNotFound
from classifier.model import Model
from classifier.promise import (
    START,
    Outcomes,
    QueuePromise,
    Reason,
    Rung,
    Watch,
    climb,
    fall,
    faultless_labels,
)
from classifier.redaction import redact
from classifier.taxonomy import Taxonomy
from service.database import take_turn
from service.errors import ClimbRefused, NotFound
from service.evidence import evidence, named, since_withdrawn, unseen_answers, withdrawals
from service.looks import Look, checks_of, next_look, routing_of
from service.rungs import drivers_of, is_of, promised_threshold
from service.runtime import Runtime, taxonomy_in_use
from service.tables import StandingChangeRow, StandingRow

WAAROM = "waarom"
"""Who moved a queue when no person did."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check: of which model, on how many labels that count, which look it was (0: too few to test
    anything) and at which level; `wait` labels are to come before the labels are looked at
    again, and then nothing changed; else `fallen` names the queues that lost `automate`."""

    model: str
    answers: int
    look: int
    level: float
    wait: int = 0
    fallen: tuple[str, ...] = ()


def check(runtime: Runtime, *, person: str, now: datetime) -> Checked:
    """Look at the answers that count for the model in use, and write down what they promise.

    Nobody goes up by it; a queue on `automate` goes down to `select` when its promise is not held.
    Raises `ModelNotFound` without a model, and as `Runtime.current_model` does.
    """
    model = runtime.current_model()
    if model is None:
        raise ModelNotFound(runtime.settings.models_dir, "no model is in use; `waarom train`")
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        withdrawn = withdrawals(session)
        answers = unseen_answers(session, model)
        answers = since_withdrawn(session, answers, withdrawn, model, taxonomy)
        before = checks_of(session, model)
    folder, key = runtime.settings.models_dir, runtime.secret
    found = evidence(answers, model, taxonomy, folder=folder, key=key, anew=withdrawn)
    routing = routing_of(model, taxonomy, withdrawn)
    look = next_look(before, len(found.queue), named(answers), routing)
    done = Checked(model.version, int(found.counts.sum()), look.number, look.level, look.wait)
    if look.wait:
        return done
    promises = found.promises(level=look.level)
    look = look.tested(promises.values())
    with runtime.writing() as session:
        take_turn(session)
        known = (len(checks_of(session, model)), withdrawals(session))
        if known == (len(before), withdrawn):  # else somebody has just looked, or the watch broke
            if look.new:
                session.add(look.row(model.version, person, now))
            ledger = _Ledger(session, model, taxonomy, found, now)
            ledger.enter(promises, look)
            session.flush()
            return replace(done, look=look.number, fallen=ledger.fallen())
    return check(runtime, person=person, now=now)


def follow(runtime: Runtime, *, now: datetime) -> Checked | None:
    """Check a model that was put in use and has not been checked; None when there is none."""
    model = runtime.current_model()
    if model is None:
        return None
    with runtime.reading() as session:
        if checks_of(session, model):
            return None
    return check(runtime, person=WAAROM, now=now)


def move(
    session: Session,
    runtime: Runtime,
    queue: str,
    asked: Rung,
    *,
    person: str,
    now: datetime,
    why: str = "",
) -> StandingRow:
    """A person asks for a rung: down at once, up by one at a time, to `automate` with a promise.

    Raises `NotFound` for a queue no driver goes to, `ClimbRefused` without the promise.
    """
    take_turn(session)
    taxonomy, model = taxonomy_in_use(session, runtime), runtime.current_model()
    if queue not in queues_of(taxonomy):
        raise NotFound("queue", queue)
    row = session.get(StandingRow, queue, populate_existing=True) or _begin(session, queue, now)
    promised = model is not None and promised_threshold(row, model, taxonomy) is not None
    standing = climb(Rung(row.rung), asked, promised=promised)
    if standing.reason is Reason.NOT_ENOUGH_EVIDENCE:
        spent = _spent(withdrawals(session).get(queue))
        raise ClimbRefused(queue, shortfall(row, model, taxonomy) + spent)
    _move(session, row, standing.rung, standing.reason, person, now, redacted(why, runtime))
    session.flush()
    return row


def withdraw(session: Session, queue: str, watch: Watch, *, errors: int, now: datetime) -> None:
    """What was promised of a queue does not hold: it goes to `select` and has nothing promised.

    Only a person takes it up again, with a promise that rests on answers given after `now`.
    """
    row = session.get_one(StandingRow, queue, populate_existing=True)
    row.evidence, row.errors = watch.answers, errors
    _move(session, row, Rung.SELECT, Reason.PROMISE_BROKEN, WAAROM, now)
    row.model = row.threshold = None
    logger.warning(
        "Queue %s went from automate to select: of %d audited messages that it was sent by the "
        "model %d are wrong, at least %.1f %% of all; %.1f %% is allowed.",
        *(queue, watch.answers, errors),
        *(100 * watch.lower, 100 * (1 - (row.target or 1.0))),
    )


def _spent(withdrawn: datetime | None) -> str:
    if withdrawn is None:
        return ""
    return f" Its promise was withdrawn on {withdrawn:%Y-%m-%d}: only answers given since count."


def redacted(why: str, runtime: Runtime) -> str:
    return redact(why, key=runtime.secret)


def queues_of(taxonomy: Taxonomy) -> list[str]:
    """The queues that drivers go to, sorted. To one that only a parent names nothing ever goes, for
    a message stops at a parent on its way to the queue of drivers below it."""
    return sorted({taxonomy.queue(leaf) for leaf in taxonomy.leaves})


def shortfall(row: StandingRow, model: Model | None, taxonomy: Taxonomy) -> str:
    """What a queue lacks for `automate`, in one sentence."""
    if model is None:
        return "No model is in use."
    if row.checked_at is None or not is_of(row, model, taxonomy):
        fewest = faultless_labels(len(queues_of(taxonomy)), target=model.target_precision)
        return (
            f"Nothing was shown of this model and its drivers: it takes up to {fewest} answers to "
            "drawn questions, all right; `waarom queues check` looks at them."
        )
    seen = f"{row.evidence - row.errors} of {row.evidence} are right so far"
    if row.needed is None:
        return f"Of its surest answers {seen}; at that rate no number of them would do."
    return (
        f"It needs {row.needed} more answers to drawn questions of which the model was at least "
        f"{row.tested or 0:.1%} sure, if as many stay right; {seen}."
    )


class _Ledger:
    """Writes what a look showed to the queues' rows."""

    def __init__(
        self, session: Session, model: Model, taxonomy: Taxonomy, found: Outcomes, now: datetime
    ) -> None:
        self._session, self._model, self._taxonomy = session, model, taxonomy
        self._found, self._now = found, now
        self._rows = {row.queue: row for row in session.scalars(select(StandingRow))}
        self._fallen: list[str] = []

    def enter(self, promises: Mapping[str, QueuePromise], look: Look) -> None:
        for queue, each in promises.items():
            row = self._rows.get(queue) or _begin(self._session, queue, self._now)
            before = row.model
            if not self._stands(row, each):
                _write(row, self._model, drivers_of(queue, self._model, self._taxonomy), each, look)
            row.labels, row.checked_at = each.labels, self._now
            self._hold(row, Reason.NEW_MODEL if before != self._model.version else None)
        for queue in self._rows.keys() - promises.keys():
            self._rows[queue].threshold = None
            self._hold(self._rows[queue], None)

    def fallen(self) -> tuple[str, ...]:
        return tuple(sorted(self._fallen))

    def _stands(self, row: StandingRow, each: QueuePromise) -> bool:
        """An earlier promise stands unless a lower threshold was shown, or its labels say no."""
        earlier = promised_threshold(row, self._model, self._taxonomy)
        if earlier is None or each.threshold < earlier:
            return False
        return self._found.still(row.queue, earlier)

    def _hold(self, row: StandingRow, reason: Reason | None) -> None:
        standing = fall(Rung(row.rung), promised=row.threshold is not None)
        if standing.reason is Reason.NOTHING_CHANGED:
            return
        why = reason or standing.reason
        _move(self._session, row, standing.rung, why, WAAROM, self._now)
        self._fallen.append(row.queue)
        logger.warning(
            "Queue %s went from automate to select: %s.",
            row.queue,
            f"model {self._model.version} has not shown the promise"
            if why is Reason.NEW_MODEL
            else "its labels no longer bear the promise out",
        )


def _write(
    row: StandingRow, model: Model, drivers: list[str], each: QueuePromise, look: Look
) -> None:
    """The figures of a look; how many more labels it takes is for the next look, at its level."""
    following = replace(each, error=each.error / 2) if look.number else each
    row.model, row.drivers, row.target, row.level = model.version, drivers, each.target, look.level
    row.threshold = each.threshold if each.kept else None
    row.tested, row.evidence, row.errors = each.tested, each.evidence, each.errors
    row.lower, row.needed = each.lower, following.needed


def _begin(session: Session, queue: str, now: datetime) -> StandingRow:
    row = StandingRow(
        queue=queue, rung=START, changed_at=now, drivers=[], labels=0, evidence=0, errors=0, lower=0
    )
    session.add(row)
    return row


def _move(
    session: Session,
    row: StandingRow,
    rung: Rung,
    reason: Reason,
    person: str,
    now: datetime,
    why: str = "",
) -> None:
    if row.rung == rung:
        return
    session.add(
        StandingChangeRow(
            queue=row.queue,
            before=row.rung,
            rung=rung,
            reason=reason,
            why=why,
            person=person,
            model=row.model,
            threshold=row.threshold,
            evidence=row.evidence,
            errors=row.errors,
            changed_at=now,
        )
    )
    row.rung, row.changed_at = rung, now
