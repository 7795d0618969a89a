"""The queues as people see them: where each stands, what that promises, what it still takes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.decisions import Status
from classifier.model import Model
from classifier.promise import START, Reason, Rung, faultless_labels
from classifier.taxonomy import Taxonomy
from service.database import latest_number
from service.looks import checks_of
from service.rungs import is_of, promised_threshold
from service.runtime import Runtime, taxonomy_in_use
from service.standings import queues_of
from service.tables import CheckRow, DecisionRow, LabelRow, StandingChangeRow, StandingRow
from service.watches import Watched, watched

RECENT = 10_000
"""The share routed is of the last so many decisions."""
CHANGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue: its rung, what was routed of the messages meant for it lately, and what its labels
    show. `threshold` is the confidence promised for the model and the drivers in use, None without
    a promise; `current`: the figures are of both. `needed` None: no number of labels would do.
    `watch`: what audits say of a promise in force on `automate`; `withdrawn`: the change by which
    it was withdrawn, until a person moves the queue.
    """

    name: str
    rung: Rung
    current: bool
    threshold: float | None
    meant: int
    routed: int
    labels: int
    evidence: int
    errors: int
    lower: float
    tested: float | None
    needed: int | None
    checked_at: datetime | None
    changed_at: datetime | None
    watch: Watched | None
    withdrawn: StandingChangeRow | None

    @property
    def withdrawn_at(self) -> datetime | None:
        """When the watch withdrew the promise, if no person moved the queue since."""
        return self.withdrawn.changed_at if self.withdrawn else None

    @property
    def share(self) -> float | None:
        """The share routed without a person; None where nothing was meant for the queue."""
        return self.routed / self.meant if self.meant else None

    @property
    def precision(self) -> float | None:
        """The share of its surest labels that is right; None without any."""
        return 1 - self.errors / self.evidence if self.evidence else None

    @property
    def lapsed(self) -> bool:
        """On `automate` without a promise in force: routed as on `select` until it is checked."""
        return self.rung is Rung.AUTOMATE and self.threshold is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every queue, the model in use with its target, and the last look at its labels.

    `fewest` and `fewest_each` faultless labels show the promise for one queue, and for each of
    all at once. `fresh` answers that count came in since the last check.
    """

    model: str | None
    target: float
    level: float
    look: int
    checked_at: datetime | None
    fresh: int
    fewest: int
    fewest_each: int
    queues: tuple[Queue, ...]
    changes: tuple[StandingChangeRow, ...]


def overview(session: Session, runtime: Runtime) -> Overview:
    """Where every queue stands now, and the last changes, newest first."""
    taxonomy, model = taxonomy_in_use(session, runtime), runtime.current_model()
    names = queues_of(taxonomy)
    rows = {row.queue: row for row in session.scalars(select(StandingRow))}
    meant, routed = _routed(session, taxonomy)
    watches = watched(session, model, taxonomy) if model else {}
    gone = {each.queue: each for each in withdrawn(session)}
    checks = checks_of(session, model) if model else []
    last = checks[-1] if checks else None
    target = model.target_precision if model else runtime.settings.target_precision
    changes = select(StandingChangeRow).order_by(StandingChangeRow.id.desc()).limit(CHANGES)
    return Overview(
        model=model.version if model else None,
        target=target,
        level=last.level if last else 0.95,
        look=last.look if last else 0,
        checked_at=last.made_at if last else None,
        fresh=_fresh(session, last),
        fewest=faultless_labels(1, target=target),
        fewest_each=faultless_labels(max(len(names), 1), target=target),
        queues=tuple(
            replace(
                _queue(name, rows.get(name), model, taxonomy, meant[name], routed[name]),
                watch=watches.get(name),
                withdrawn=gone.get(name),
            )
            for name in names
        ),
        changes=tuple(session.scalars(changes)),
    )


def withdrawn(session: Session) -> list[StandingChangeRow]:
    """The queues whose promise the watch withdrew and that no person has moved since, by name."""
    last = select(func.max(StandingChangeRow.id)).group_by(StandingChangeRow.queue)
    query = select(StandingChangeRow).where(
        StandingChangeRow.id.in_(last), StandingChangeRow.reason == Reason.PROMISE_BROKEN
    )
    return list(session.scalars(query.order_by(StandingChangeRow.queue)))


def _queue(
    name: str,
    row: StandingRow | None,
    model: Model | None,
    taxonomy: Taxonomy,
    meant: int,
    routed: int,
) -> Queue:
    """A queue as its row says; figures of another model or other drivers are not shown."""
    known = row is not None and model is not None and is_of(row, model, taxonomy)
    return Queue(
        name=name,
        rung=Rung(row.rung) if row else START,
        current=known,
        threshold=promised_threshold(row, model, taxonomy) if row and model else None,
        meant=meant,
        routed=routed,
        labels=row.labels if row and known else 0,
        evidence=row.evidence if row and known else 0,
        errors=row.errors if row and known else 0,
        lower=row.lower if row and known else 0.0,
        tested=row.tested if row and known else None,
        needed=row.needed if row and known else None,
        checked_at=row.checked_at if row else None,
        changed_at=row.changed_at if row else None,
        watch=None,
        withdrawn=None,
    )


def _routed(session: Session, taxonomy: Taxonomy) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Of the last decisions by the model: how many were meant for a queue, how many went there."""
    query = (
        select(DecisionRow.driver, DecisionRow.status, func.count())
        .where(
            DecisionRow.position > latest_number(session, "decisions") - RECENT,
            DecisionRow.status != Status.PERSON,
            DecisionRow.driver.is_not(None),
        )
        .group_by(DecisionRow.driver, DecisionRow.status)
    )
    meant: Counter[str] = Counter()
    routed: Counter[str] = Counter()
    for driver, status, count in session.execute(query):
        queue = taxonomy.queue(driver)
        meant[queue] += count
        routed[queue] += count if status == Status.AUTO else 0
    return meant, routed


def _fresh(session: Session, last: CheckRow | None) -> int:
    query = select(func.count()).where(LabelRow.current, LabelRow.counts)
    if last:
        query = query.where(LabelRow.stored_at > last.made_at)
    return session.scalar(query) or 0
