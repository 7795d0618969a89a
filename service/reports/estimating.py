"""Volumes of some weeks from their terms, each with the four weeks before it to learn how far off
the model is."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from classifier.volumes import Volumes, VolumeTerms, estimate_volumes
from classifier.volumes.split import Remeasured, remeasured
from service.bridges import Reread, StoredBridge, measuring, stored_bridges
from service.tables import TermRow
from service.terms import HISTORY, MENTION, PRIMARY, WHOLE, Columns, Terms, history, load_terms
from service.versions import learned_drivers
from service.weeks import shifted, year_before


class Estimator:
    """Volumes of `weeks` in `columns`, of everything or of one value of a slice."""

    def __init__(
        self,
        session: Session,
        models: Path,
        columns: Columns,
        weeks: Sequence[str],
        slice_name: str,
        value: str,
    ) -> None:
        self._session, self.columns = session, columns
        self.slice, self.value = slice_name, value
        self._needed, self._folder = _needed(weeks), models
        self._read = _read(session, self._needed)
        self._models = _models(models, self._read)
        self._volumes: dict[str, Volumes] = {}
        self._mentioned: dict[str, Volumes] = {}

    def terms(self, week: str) -> VolumeTerms:
        """The terms of primary drivers; zeros for a week without messages."""
        return self._found(self._primary[1], week, self.value)

    def volumes(self, week: str) -> Volumes:
        """The messages each column is the primary driver of."""
        if week not in self._volumes:
            self._volumes[week] = self._estimated(self._primary, week, self._trained(week))
        return self._volumes[week]

    def mentions(self, week: str) -> Volumes | None:
        """The messages that are about each column at all, those about several in the place of
        `unknown`; None for a week in which no message is known to be about several."""
        terms = self._mentions[1].get((week, self.value))
        if terms is None:
            return None
        if week not in self._mentioned:
            trained, several = self._trained(week), self.columns.several
            # A model of one driver a message counts none: then the interval is of answers alone.
            trained[several] = terms.expected[several] > 0
            self._mentioned[week] = self._estimated(self._mentions, week, trained)
        return self._mentioned[week]

    def together(self, week: str) -> tuple[VolumeTerms, Volumes]:
        """Terms and volumes of the four weeks up to and including this one, as one period; the
        four before them are what the period learns from."""
        now = [shifted(week, -back) for back in range(HISTORY)]
        before = [shifted(each, -HISTORY) for each in now]
        (terms, past), whole = (
            (self._sum(kept, now, value), [self._sum(kept, before, value)])
            for kept, value in ((self._primary[1], self.value), (self._primary[0], WHOLE))
        )
        # A week without a model has nothing to say of what models had labels of.
        read = [each for each in now if each in self._models] or [week]
        trained = np.all([self._trained(each) for each in read], axis=0)
        return terms, estimate_volumes(terms, past, trained=trained, whole=whole)

    def models(self, week: str) -> tuple[str, ...]:
        """The models that made predictions of the week."""
        return tuple(sorted(self._models.get(week, {})))

    def measured_by(self, week: str) -> tuple[str, ...]:
        """Those of them that read more of it than a few late messages."""
        return tuple(sorted(measuring(self._read.get(week, {}))))

    def by_newest(self, bridge: StoredBridge, week: str) -> tuple[Remeasured, Remeasured] | None:
        """This week and the one before it, as the newest of their models measures them; None where
        their messages could not be read again."""
        if bridge.both is None:
            return None
        then, this = bridge.both
        newest = self._of_models([learned_drivers(self._folder, bridge.newest)])

        def again(reread: Reread, of: str) -> Remeasured:
            past = history(self._primary[1], of, self.value)
            trained = (self._trained(of), newest)
            return remeasured(reread.bridge, self.volumes(of), past, trained=trained)

        return again(this, week), again(then, shifted(week, -1))

    @cached_property
    def bridges(self) -> dict[str, StoredBridge]:
        """Week -> what spans it and the week before, where they were not measured alike."""
        return stored_bridges(self._session, self.columns, self._needed)

    @cached_property
    def _primary(self) -> tuple[Terms, Terms]:
        return self._load(PRIMARY)

    @cached_property
    def _mentions(self) -> tuple[Terms, Terms]:
        return self._load(MENTION)

    def _load(self, kind: str) -> tuple[Terms, Terms]:
        """Terms of the whole, and of the value of the slice."""
        weeks, columns = self._needed, self.columns
        whole = load_terms(self._session, columns, weeks, kind=kind)
        if not self.slice:
            return whole, whole
        of_value = load_terms(self._session, columns, weeks, self.slice, self.value, kind=kind)
        return whole, of_value

    def _estimated(
        self, terms: tuple[Terms, Terms], week: str, trained: NDArray[np.bool_]
    ) -> Volumes:
        whole, mine = terms
        return estimate_volumes(
            self._found(mine, week, self.value),
            history(mine, week, self.value),
            trained=trained,
            whole=(self._found(whole, week, WHOLE), history(whole, week)),
        )

    def _sum(self, terms: Terms, weeks: Sequence[str], value: str) -> VolumeTerms:
        first, *others = (self._found(terms, week, value) for week in weeks)
        return sum(others, first)

    def _found(self, terms: Terms, week: str, value: str) -> VolumeTerms:
        found = terms.get((week, value))
        columns = self.columns
        return found or VolumeTerms.zeros(len(columns.leaves), len(columns.parents))

    def _trained(self, week: str) -> NDArray[np.bool_]:
        """A leaf counts as trained when every model of the week had seen labels of it, a parent
        when a leaf under it does."""
        return self._of_models(self._models.get(week, {}).values())

    def _of_models(self, models: Collection[frozenset[str]]) -> NDArray[np.bool_]:
        known = frozenset.intersection(*models) if models else frozenset()
        return self.columns.trained(known)


def _needed(weeks: Sequence[str]) -> list[str]:
    """These weeks, those they are compared with, and the weeks before each to learn from."""
    compared = [shifted(week, -1) for week in weeks]
    last_year = [year for year in map(year_before, weeks) if year]
    pooled = [shifted(week, 1 - HISTORY) for week in weeks]
    shown = {*weeks, *compared, *last_year, *pooled}
    return sorted({shifted(week, -back) for week in shown for back in range(HISTORY + 1)})


def _read(session: Session, weeks: Sequence[str]) -> dict[str, dict[str, float]]:
    """week -> model -> the messages it read."""
    query = select(TermRow.week, TermRow.model, func.sum(TermRow.messages)).where(
        TermRow.week.in_(weeks),
        TermRow.kind == PRIMARY,
        TermRow.slice == WHOLE,
        TermRow.driver == "",
        TermRow.model != "",
    )
    found: dict[str, dict[str, float]] = {}
    for week, model, messages in session.execute(query.group_by(TermRow.week, TermRow.model)):
        found.setdefault(week, {})[model] = messages
    return found


def _models(
    folder: Path, read: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, frozenset[str]]]:
    """week -> model -> the drivers it had labels of."""
    versions = {model for models in read.values() for model in models}
    drivers = {model: learned_drivers(folder, model) for model in versions}
    return {week: {model: drivers[model] for model in models} for week, models in read.items()}
