"""A week's messages, read by the models they had and, a sample of them, by the newest one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row
from sqlalchemy.orm import Session

from classifier.pseudonyms import pseudonym
from classifier.taxonomy import Taxonomy
from classifier.volumes import SecondOpinions, VolumeTerms, finalized, volume_terms
from classifier.volumes.bridge import Bridge, Reading, ReadTwice, bridged
from service.bridges.answers import as_counted, as_meant, incomparable
from service.bridges.rulers import walks
from service.bridges.scoring import Newest, Said, say_again
from service.tables import LabelRow, MessageRow
from service.terms import (
    Columns,
    Logged,
    aligned,
    asked,
    asked_and_answered,
    began_with,
    evenly_spread,
    label_columns,
    logged_of,
    probabilities,
    recalibrated,
)
from service.terms.recalibrating import in_force
from service.terms.second_looks import second_looks

Floats = NDArray[np.float64]
MOST = 2000
"""So many of the answered messages of a week, and so many of the others, are read again."""


@dataclass(frozen=True, slots=True)
class Reread:
    """A week's bridge. Of the messages read again, `out_of_fold` had trained the newest model and
    were judged by folds that never saw them; `left_out` had, too, and no fold is known of them.
    `incomparable`: drivers of which nobody can say what they were before."""

    bridge: Bridge
    out_of_fold: int
    left_out: int
    incomparable: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Week:
    """The counted messages of a week, as they were measured."""

    rows: Sequence[Row[Any]]
    raw: Floats
    probabilities: Floats
    labels: NDArray[np.int64]
    inclusion: Floats
    reviewed: NDArray[np.bool_]
    second: SecondOpinions | None = None

    def terms(self, columns: Columns) -> VolumeTerms:
        return volume_terms(
            self.probabilities,
            self.labels,
            self.inclusion,
            self.reviewed,
            groups=columns.members,
            said=self.raw,
            second=self.second,
        )

    def some(self, chosen: NDArray[np.int64]) -> "_Week":
        return _Week(
            [self.rows[each] for each in chosen.tolist()],
            self.raw[chosen],
            self.probabilities[chosen],
            self.labels[chosen],
            self.inclusion[chosen],
            self.reviewed[chosen],
        )


def read_again(
    session: Session,
    taxonomy: Taxonomy,
    week: str,
    newest: Newest,
    *,
    translate: bool,
    key: bytes,
) -> Reread | None:
    """The bridge of a week to the newest model and, where its answers are to be `translate`d, the
    taxonomy in use; None where too few of its messages can be read again to speak for it. The
    sample is drawn by a keyed hash: it is the same whenever it is drawn. Stores nothing."""
    columns = Columns.of(taxonomy)
    found = _week(session, week, columns)
    some = found.some(_chosen(found, key))
    said = say_again(session, some.rows, newest)
    kept = np.flatnonzero([each.logged is not None for each in said])
    some, heard = some.some(kept), [said[each] for each in kept.tolist()]
    versions = {row.answered_in for row in found.rows if translate and row.answered_in}
    known = walks(session, taxonomy, versions)
    counted = as_counted(some.labels, columns)
    raw, after = _after(session, columns, week, some, heard, newest.version)
    meant = as_meant(some.rows, counted, after, columns, known)
    sample = ReadTwice(
        before=Reading(probabilities=some.probabilities, said=some.raw, labels=counted),
        after=Reading(probabilities=after, said=raw, labels=meant),
        inclusion=some.inclusion,
        reviewed=some.reviewed,
    )
    terms = found.terms(columns)
    if not sample.speaks_for(terms):
        return None
    return Reread(
        bridge=bridged(terms, sample, groups=columns.members),
        out_of_fold=sum(each.trained for each in heard),
        left_out=len(said) - len(heard),
        incomparable=incomparable(known.values(), newest.learned),
    )


def _week(session: Session, week: str, columns: Columns) -> _Week:
    also = (MessageRow.external_id, LabelRow.taxonomy.label("answered_in"))
    rows = session.execute(asked(week).add_columns(*also)).all()
    drawn = np.array([row.drawn for row in rows], dtype=np.bool_)
    labels = label_columns(rows, columns)
    reviewed = drawn & (labels >= 0)
    used = in_force(session, week, [(row.model or "", row.recalibration or "") for row in rows])
    logged, again = logged_of(rows), second_looks(session, rows, reviewed)
    told = probabilities(session, columns.leaves, logged, used)
    return _Week(
        rows=rows,
        raw=evenly_spread(columns.leaves, logged),
        probabilities=recalibrated(session, columns.leaves, told, used),
        labels=labels,
        inclusion=asked_and_answered(rows, drawn, reviewed),
        reviewed=reviewed,
        second=again.primary(labels, columns) if again else None,
    )


def _chosen(found: _Week, key: bytes) -> NDArray[np.int64]:
    """The answered messages and the others, `MOST` of each at most, those of the lowest hash."""
    order = sorted(
        range(len(found.rows)),
        key=lambda row: pseudonym(found.rows[row].external_id, key=key, kind="bridge"),
    )
    by_hash = np.array(order, dtype=np.int64)
    parts = (by_hash[found.reviewed[by_hash]], by_hash[~found.reviewed[by_hash]])
    return np.sort(np.concatenate([part[:MOST] for part in parts]))


def _after(
    session: Session,
    columns: Columns,
    week: str,
    some: _Week,
    heard: Sequence[Said],
    model: str,
) -> tuple[Floats, Floats]:
    """(n, leaves) each: what the newest model says itself, and recalibrated as it began with. What
    it predicted when the messages came in stays as it counts."""
    logged: list[Logged] = [each.logged for each in heard if each.logged]
    row = began_with(session, week, model)
    told = probabilities(session, columns.leaves, logged, [row.id if row else ""] * len(logged))
    others = np.array([row.model != model for row in some.rows], dtype=np.bool_)
    after = np.where(others[:, None], told, some.probabilities)
    if row is not None and others.any():
        begun = aligned(row.parameters, columns.leaves)
        after[others] = finalized(begun, told[others]).apply(told[others])
    return evenly_spread(columns.leaves, logged), after
