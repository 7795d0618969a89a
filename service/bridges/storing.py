"""Bridges as they are stored: one row a week that was measured by another ruler than the one
before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.volumes import COLUMN_FIELDS, SCALAR_FIELDS, VolumeTerms
from classifier.volumes.bridge import Bridge
from service.bridges.reading import Reread
from service.tables import BridgeRow
from service.terms import Columns

DIGITS: Final = 9
_COLUMNS: Final = ("plain", "chance", "doubt", "fewer", "more", "plain_doubt")


@dataclass(frozen=True, slots=True)
class StoredBridge:
    """A change of ruler between a week and the one before it, and what spans it.

    `models_before`, `models`: those of either week, '' where messages had none; `newest`: the one
    that reads again. `added`, `removed`, `redefined`: drivers of the taxonomy in use that people
    could not name in one of the weeks, that they could no longer, and whose definition changed.
    `then` and `now` are the bridges of the week before and of this week; None where its messages
    could not be read again.
    """

    models_before: tuple[str, ...]
    models: tuple[str, ...]
    newest: str
    taxonomies_before: tuple[str, ...]
    taxonomies: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    redefined: tuple[str, ...]
    then: Reread | None
    now: Reread | None
    made_at: datetime

    @property
    def both(self) -> tuple[Reread, Reread] | None:
        """The bridges of the week before and of this week, where there are both."""
        return (self.then, self.now) if self.then and self.now else None


def stored_bridges(
    session: Session, columns: Columns, weeks: Sequence[str]
) -> dict[str, StoredBridge]:
    """Week -> the bridge from the week before it, of those weeks that have one in `columns`."""
    rows = session.scalars(select(BridgeRow).where(BridgeRow.week.in_(weeks)))
    return {row.week: _read(row) for row in rows if row.figures["columns"] == list(columns.all)}


def figures_of(columns: Columns, then: Reread | None, now: Reread | None) -> dict[str, Any]:
    """What a row keeps of the bridges of two weeks."""
    return {
        "columns": list(columns.all),
        "then": None if then is None else _written(then),
        "now": None if now is None else _written(now),
    }


def _written(reread: Reread) -> dict[str, Any]:
    bridge = reread.bridge
    return {
        "before": _terms(bridge.before),
        "after": _terms(bridge.after),
        **{name: _numbers(getattr(bridge, name)) for name in _COLUMNS},
        "scored": bridge.scored,
        "out_of_fold": reread.out_of_fold,
        "left_out": reread.left_out,
        "incomparable": list(reread.incomparable),
    }


def _terms(terms: VolumeTerms) -> dict[str, Any]:
    scalars = {name: float(getattr(terms, name)) for name in ("leaves", *SCALAR_FIELDS)}
    return scalars | {name: _numbers(getattr(terms, name)) for name in COLUMN_FIELDS}


def _numbers(values: Any) -> list[float]:
    return [float(each) for each in np.round(values, DIGITS)]


def _read(row: BridgeRow) -> StoredBridge:
    figures, change = row.figures, row.taxonomy_change
    return StoredBridge(
        models_before=tuple(row.models_before),
        models=tuple(row.models_after),
        newest=row.model,
        taxonomies_before=tuple(row.taxonomies_before),
        taxonomies=tuple(row.taxonomies_after),
        added=tuple(change.get("added", ())),
        removed=tuple(change.get("removed", ())),
        redefined=tuple(change.get("redefined", ())),
        then=_reread(figures["then"]),
        now=_reread(figures["now"]),
        made_at=row.made_at,
    )


def _reread(found: dict[str, Any] | None) -> Reread | None:
    if found is None:
        return None
    return Reread(
        bridge=Bridge(
            before=VolumeTerms.from_mapping(found["before"]),
            after=VolumeTerms.from_mapping(found["after"]),
            scored=int(found["scored"]),
            **{name: np.array(found[name]) for name in _COLUMNS},
        ),
        out_of_fold=int(found["out_of_fold"]),
        left_out=int(found["left_out"]),
        incomparable=tuple(found["incomparable"]),
    )
