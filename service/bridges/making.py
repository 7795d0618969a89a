"""The job that notices weeks of another ruler than the week before, and bridges them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from classifier.errors import BadModel, ModelNotFound
from classifier.taxonomy import Taxonomy
from service.answered import ReadBy
from service.bridges.reading import read_again
from service.bridges.rulers import Ruler, differ, models_of, rulers, walks
from service.bridges.scoring import Newest
from service.bridges.storing import figures_of
from service.runtime import Runtime, taxonomy_in_use
from service.tables import BookmarkRow, BridgeRow
from service.terms import Columns
from service.versions import learned_drivers, load_version
from service.weeks import day_of, shifted, week_of, weeks_between

WEEKS = 12
"""So many weeks back changes of ruler are looked for."""
BOOKMARK = "bridges"
AGAIN = timedelta(days=1)
"""After so long a bridge is made again if answers have come in since."""


def build_bridges(runtime: Runtime, *, now: datetime) -> list[str]:
    """Bridge the weeks of which the model or the taxonomy is not that of the week before.

    The weeks for which it was done now. A job that can be run twice: what was done is remembered
    until models, the taxonomy or the answers of a week are others. Changes no term and no
    prediction.
    """
    today = day_of(now, runtime.settings.timezone)
    this = week_of(today)
    weeks = weeks_between(shifted(this, -WEEKS), this)
    current = runtime.current_model()
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        named = {"day": str(today), "model": current.version if current else ""}
        seen = _Seen.of(session, taxonomy, weeks, named, this)
        if seen is None:
            return []
        pairs = [_readable(session, runtime, taxonomy, each) for each in seen.pairs()]
        due = [each for each in pairs if _is_due(session, each, taxonomy, now)]
    for each in due:
        _make(runtime, each, now)
    alike = set(weeks).difference(each.week for each in pairs)
    with runtime.writing() as session:
        session.execute(delete(BridgeRow).where(BridgeRow.week.in_(alike)))
        session.merge(BookmarkRow(name=BOOKMARK, value=seen.value))
    return [each.week for each in due]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A week and the one before it, and what measured them; `newest` is the model that reads both
    again, `change` what became of the drivers in between."""

    week: str
    before: Ruler
    after: Ruler
    newest: str
    change: dict[str, list[str]] = field(default_factory=dict)

    @property
    def taxonomies(self) -> set[str]:
        """In which people answered, in either week."""
        return {*self.before.taxonomies, *self.after.taxonomies}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What measured the last weeks; `value` tells whether that was looked at before."""

    found: Mapping[str, Ruler]
    value: dict[str, Any]

    @classmethod
    def of(
        cls,
        session: Session,
        taxonomy: Taxonomy,
        weeks: list[str],
        named: dict[str, str],
        this: str,
    ) -> "_Seen | None":
        """None where nothing is another since it was last looked at."""
        models, answers = models_of(session, weeks)
        # Answers of the week that is not over come in all day: they can wait for tomorrow.
        measured = {w: [read, answers[w] if w != this else 0] for w, read in models.items()}
        value = {**named, "taxonomy": taxonomy.version, "weeks": measured}
        row = session.get(BookmarkRow, BOOKMARK)
        if row is not None and row.value == value:
            return None
        return cls(rulers(session, taxonomy, weeks), value)

    def pairs(self) -> list[_Pair]:
        """The weeks that were not measured as the week before was, oldest first."""
        found = []
        for week, after in sorted(self.found.items()):
            before = self.found.get(shifted(week, -1))
            if before and after.newest and differ(before, after):
                found.append(_Pair(week, before, after, after.newest))
        return found


def _readable(session: Session, runtime: Runtime, taxonomy: Taxonomy, pair: _Pair) -> _Pair:
    """The pair with the model that is to read it again: the last of the week, or of the bridge
    that is there; the one in use now, where that knows more of the drivers that are new."""
    row = session.get(BridgeRow, pair.week)
    newest = row.model if row and _measured_by(row) == _named(pair) else pair.newest
    change = _taxonomy_change(session, taxonomy, pair)
    current, added = runtime.current_model(), set(change["added"])
    if current is not None and added:
        folder = runtime.settings.models_dir
        now, then = (added & learned_drivers(folder, each) for each in (current.version, newest))
        newest = current.version if len(now) > len(then) else newest
    return replace(pair, newest=newest, change=change)


def _is_due(session: Session, pair: _Pair, taxonomy: Taxonomy, now: datetime) -> bool:
    row = session.get(BridgeRow, pair.week)
    if row is None or row.figures["columns"] != list(Columns.of(taxonomy).all):
        return True
    if row.model != pair.newest or _measured_by(row) != _named(pair):
        return True
    return row.answers != pair.before.answers + pair.after.answers and now - row.made_at >= AGAIN


def _measured_by(row: BridgeRow) -> list[list[str]]:
    return [row.models_before, row.models_after, row.taxonomies_before, row.taxonomies_after]


def _named(pair: _Pair) -> list[list[str]]:
    before, after = pair.before, pair.after
    each = (before.models, after.models, before.taxonomies, after.taxonomies)
    return [list(names) for names in each]


def _make(runtime: Runtime, pair: _Pair, now: datetime) -> None:
    newest = _newest(runtime, pair.newest)
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        translate, key = len(pair.taxonomies) > 1, runtime.secret
        weeks = (shifted(pair.week, -1), pair.week)
        then, this = (
            read_again(session, taxonomy, week, newest, translate=translate, key=key)
            if newest
            else None
            for week in weeks
        )
    models_before, models_after, taxonomies_before, taxonomies_after = _named(pair)
    row = BridgeRow(
        week=pair.week,
        model=pair.newest,
        models_before=models_before,
        models_after=models_after,
        taxonomies_before=taxonomies_before,
        taxonomies_after=taxonomies_after,
        taxonomy_change=pair.change,
        answers=pair.before.answers + pair.after.answers,
        figures=figures_of(Columns.of(taxonomy), then, this),
        made_at=now,
    )
    with runtime.writing() as session:
        session.merge(row)


def _newest(runtime: Runtime, version: str) -> Newest | None:
    """The model that reads again; None when it can no longer be loaded."""
    folder = runtime.settings.models_dir
    try:
        current = runtime.current_model()
        model = current if current and current.version == version else load_version(folder, version)
    except (BadModel, ModelNotFound):
        return None
    learned = learned_drivers(folder, version)
    return Newest(ReadBy(model, folder), learned)


def _taxonomy_change(session: Session, taxonomy: Taxonomy, pair: _Pair) -> dict[str, list[str]]:
    """What became of the drivers between the taxonomies in which the two weeks were answered."""
    found = walks(session, taxonomy, pair.taxonomies) if len(pair.taxonomies) > 1 else {}
    return {
        part: sorted({each for walk in found.values() for each in getattr(walk, part)})
        for part in ("added", "removed", "redefined")
    }
