"""Whether customers changed, or the model or the taxonomy did."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classifier.messages import UNKNOWN
from classifier.volumes import real_changes
from classifier.volumes import split as volumes_split
from classifier.volumes.split import Part, Remeasured, split_change, split_plain
from service.bridges import StoredBridge
from service.reports.comparisons import SHOWN
from service.reports.estimating import Estimator
from service.reports.values import BridgeNote, DriverVolume, Estimate, Split
from service.terms import WHOLE
from service.weeks import shifted


def bridge_note(estimator: Estimator, week: str) -> BridgeNote | None:
    """What changed in measuring since the week before; None where nothing did."""
    before = shifted(week, -1)
    models = estimator.measured_by(before), estimator.measured_by(week)
    found = estimator.bridges.get(week)
    if found is None:
        changed = all(models) and len({*models[0], *models[1]}) > 1
        return BridgeNote(before, *models) if changed else None
    both = found.both or ()
    return BridgeNote(
        before=before,
        models_before=tuple(each for each in found.models_before if each),
        models=tuple(each for each in found.models if each),
        taxonomy_changed=len({*found.taxonomies_before, *found.taxonomies}) > 1,
        added=found.added,
        removed=found.removed,
        redefined=found.redefined,
        incomparable=tuple(sorted(_incomparable(found, estimator))),
        messages=sum(each.bridge.scored for each in both),
        out_of_fold=sum(each.out_of_fold for each in both),
        left_out=sum(each.left_out for each in both),
        spanned=bool(both),
        made_at=found.made_at,
    )


def with_splits(
    rows: Iterable[DriverVolume], estimator: Estimator, week: str
) -> Iterator[DriverVolume]:
    """The rows of a week, one a column, with their changes split where that can be said: of all
    messages, spanned by a bridge, of drivers that mean the same in both weeks."""
    found, before = estimator.bridges.get(week), shifted(week, -1)
    silent = _incomparable(found, estimator) if found else set()
    again = estimator.by_newest(found, week) if found and estimator.slice == WHOLE else None
    this, last = estimator.terms(week), estimator.terms(before)
    if found is None or again is None or not last.messages:
        yield from (replace(r, real_change=None) if r.driver in silent else r for r in rows)
        return
    messages = this.messages, last.messages
    volumes = split_change(
        estimator.volumes(week), estimator.volumes(before), messages, by_newest=again
    )
    plain = split_plain(this.naive, last.naive, messages, by_newest=again)
    real = _real(*again)
    if len({*found.taxonomies_before, *found.taxonomies}) > 1:
        real &= volumes.mix.clear  # of what a model says that answers mean, both must be sure
    for column, row in enumerate(rows):
        if row.driver in silent:
            yield replace(row, real_change=None)
        else:
            split = _at(volumes, column) if row.change else None
            judged = bool(real[column]) if row.change else None
            yield replace(row, split=split, naive_split=_at(plain, column), real_change=judged)


def _real(this: Remeasured, last: Remeasured) -> NDArray[np.bool_]:
    """(columns,) where the rate of messages changed, both weeks by one ruler."""
    shown = np.maximum(this.volumes.point, last.volumes.point) >= SHOWN
    return real_changes(this.volumes, last.volumes, shown=shown)


def _incomparable(bridge: StoredBridge, estimator: Estimator) -> set[str]:
    """What changes are not compared of: without a split, of all that is new and of `unknown`."""
    if bridge.both is None or estimator.slice != WHOLE:
        return {*bridge.added, UNKNOWN} if bridge.added else set()
    return {driver for each in bridge.both for driver in each.incomparable}


def _at(split: volumes_split.Split, column: int) -> Split:
    parts = (split.contacts, split.mix, split.measurement)
    return Split(float(split.change[column]), *(_estimate(part, column) for part in parts))


def _estimate(part: Part, column: int) -> Estimate:
    low, high = (None if ends is None else float(ends[column]) for ends in (part.low, part.high))
    return Estimate(float(part.value[column]), low, high)
