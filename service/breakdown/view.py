"""What a breakdown shows, and in which order, whatever it is written as."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from classifier.taxonomy import Taxonomy
from service.charts import SHOWN, Shape, largest, trend_chart, volume_chart
from service.figures import growth, is_clear
from service.names import driver_name, driver_path
from service.reports import DriverVolume, Estimate, Split, WeeklyReport, share, weekly_reports
from service.runtime import Runtime, taxonomy_in_use
from service.terms import WHOLE
from service.translations import Language
from service.weeks import last_complete_week, shifted, weeks_between

TREND_WEEKS = 12
TRENDS = 6
SWAYED, MOST_SWAYED = 5, 4
"""A plain count moved by fewer messages than this is not worth a line; so many lines at most."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One week, with the weeks before it for the trends. `reports` is oldest first, the last one
    is the week shown; `zone` is the time zone in which weeks begin."""

    reports: tuple[WeeklyReport, ...]
    taxonomy: Taxonomy
    language: Language
    zone: str
    complete: bool = True

    @property
    def report(self) -> WeeklyReport:
        return self.reports[-1]

    @property
    def growth(self) -> float | None:
        """The change of the exact number of messages, as a fraction of the week before."""
        return growth(self.report.messages, self.report.previous_messages)

    @property
    def year_growth(self) -> float | None:
        """The same against the same week a year earlier."""
        return growth(self.report.messages, self.report.year_before_messages)

    @property
    def late_answers(self) -> int:
        """Answers of the week that came in since it was published; negative: there are fewer."""
        then = self.report.publication
        return self.report.answers - then.answers if then else 0

    @property
    def late_messages(self) -> int:
        """The same of its counted messages."""
        then = self.report.publication
        return self.report.messages - then.messages if then else 0

    @property
    def revised(self) -> list[tuple[str, Estimate, Estimate | None]]:
        """(driver, as published, now) where these differ; None for what is no driver any more."""
        then = self.report.publication
        if then is None:
            return []
        rows = {row.driver: row for row in (*self.top, *self.rest, *self.parents)}
        moved = [(row.driver, row.volume) for row in rows.values() if row.revised]
        gone = [(driver, None) for driver in sorted(then.volumes.keys() - rows.keys())]
        return [(driver, then.volumes[driver], now) for driver, now in (*moved, *gone)]

    @property
    def other_taxonomy(self) -> bool:
        """Whether the week was published with drivers as another taxonomy defines them."""
        then = self.report.publication
        return then is not None and then.taxonomy != self.taxonomy.version

    @property
    def before(self) -> str:
        """The week before the one shown."""
        return shifted(self.report.week, -1)

    @property
    def mentions(self) -> bool:
        """Whether mentions say more than volumes: some message is about several drivers."""
        return self.report.several is not None

    @property
    def mentioned(self) -> bool:
        """Whether mentions say more than volumes in any of the weeks."""
        return any(report.several for report in self.reports)

    @property
    def several_share(self) -> Estimate | None:
        """Messages about more than one driver, as a fraction of the week's."""
        return self.share(self.report.several) if self.report.several else None

    def share(self, volume: Estimate) -> Estimate:
        """A number of messages of the week shown as a fraction of them all."""
        return share(volume, self.report.messages)

    @property
    def unknown(self) -> DriverVolume | None:
        return next((row for row in self.report.drivers if row.driver == UNKNOWN), None)

    @property
    def drivers(self) -> list[DriverVolume]:
        """The leaves, largest first, without the unknown ones."""
        return [row for row in largest(self.report) if row.driver != UNKNOWN]

    @property
    def top(self) -> list[DriverVolume]:
        """What is seen at once: the largest drivers, and the unknown ones whatever their size."""
        unknown = [self.unknown] if self.unknown else []
        return self.drivers[:SHOWN] + unknown

    @property
    def rest(self) -> list[DriverVolume]:
        return self.drivers[SHOWN:]

    @property
    def pooled(self) -> list[DriverVolume]:
        """Rows of the four weeks together that have any messages, largest first, `unknown` last;
        empty where the week says enough by itself."""
        rows = self.report.pooled.drivers if self.report.pooled else ()
        some = [row for row in rows if row.driver == UNKNOWN or round(row.volume.value) > 0]
        return sorted(some, key=lambda row: (row.driver == UNKNOWN, -row.volume.value, row.driver))

    @property
    def parents(self) -> list[DriverVolume]:
        return sorted(self.report.parents, key=lambda row: (-row.volume.value, row.driver))

    @property
    def changed(self) -> list[DriverVolume]:
        """Drivers whose change is marked: the real ones first, then by size."""
        marked = [row for row in self.report.drivers if self.marks(row)]
        size = {row.driver: abs(row.change.value) if row.change else 0.0 for row in marked}
        return sorted(marked, key=lambda row: (not row.real_change, -size[row.driver]))

    def marks(self, row: DriverVolume) -> bool:
        """Whether a change is pointed at: it is real, or its interval leaves out zero and that is
        not because it was measured otherwise."""
        if row.real_change or not is_clear(row.change):
            return bool(row.real_change)
        ours = row.split and is_clear(row.split.measurement) and not is_clear(row.split.mix)
        return not (ours or self.incomparable(row))

    def incomparable(self, row: DriverVolume) -> bool:
        """Whether nobody can say what the row was in the week before."""
        note = self.report.bridge
        return note is not None and row.driver in note.incomparable

    @property
    def model_changed(self) -> bool:
        """Whether the week and the one before it were not read by one and the same model."""
        note = self.report.bridge
        return note is not None and len({*note.models_before, *note.models}) > 1

    @property
    def split_rows(self) -> list[DriverVolume]:
        """The drivers whose change, or that of their plain count, is known in its parts."""
        rows = [*self.drivers, *([self.unknown] if self.unknown else [])]
        return [row for row in rows if row.naive_split and _moves(row)]

    @property
    def swayed(self) -> list[tuple[DriverVolume, Split]]:
        """The drivers whose plain count another model moved most, by a tenth at least."""
        plain = [(row, row.naive_split) for row in self.drivers if row.naive_split]
        size = {row.driver: abs(split.measurement.value) for row, split in plain}
        much = [each for each in plain if size[each[0].driver] >= max(SWAYED, each[0].naive / 10)]
        return sorted(much, key=lambda each: -size[each[0].driver])[:MOST_SWAYED]

    @property
    def compares(self) -> bool:
        """Whether any change is known: this week and the one before were both measured."""
        return any(row.change for row in self.report.drivers)

    @property
    def adds_up(self) -> bool:
        """Whether the volumes as shown, in whole messages, sum to the messages of the week."""
        return sum(round(row.volume.value) for row in self.report.drivers) == self.report.messages

    @property
    def trends(self) -> list[tuple[str, str]]:
        """(driver, picture) of the largest drivers over the weeks that had messages."""
        weeks = self.history
        return [(row.driver, self.trend(row.driver)) for row in self.drivers[:TRENDS] if weeks]

    @property
    def history(self) -> tuple[WeeklyReport, ...]:
        """The weeks from the first with messages; empty when there is only one."""
        first = next((n for n, each in enumerate(self.reports) if each.messages), len(self.reports))
        found = self.reports[first:]
        return found if len(found) > 1 else ()

    def chart(self, shape: Shape) -> str:
        return volume_chart(self.report, self.taxonomy, self.language, rows=self.top, shape=shape)

    def trend(self, driver: str, shape: Shape = "narrow") -> str:
        return trend_chart(self.history, driver, self.taxonomy, self.language, shape=shape)

    def children(self, parent: str) -> list[DriverVolume]:
        """The leaves below a parent, largest first."""
        below = self.taxonomy.leaves_under(parent)
        return [row for row in self.drivers if row.driver in below]

    def weekly(self, driver: str) -> list[tuple[str, DriverVolume]]:
        """(week, volume) of one driver or parent over the weeks of the trend, newest first."""
        return [
            (report.week, row)
            for report in reversed(self.history)
            for row in (*report.drivers, *report.parents)
            if row.driver == driver
        ]

    def names(self, drivers: Iterable[str]) -> str:
        return ", ".join(self.name(each) for each in drivers)

    def name(self, driver: str) -> str:
        return driver_name(self.taxonomy, driver, self.language)

    def path(self, driver: str) -> str:
        return driver_path(self.taxonomy, driver, self.language)

    def queue(self, driver: str) -> str:
        return self.taxonomy.queue(driver)


def _moves(row: DriverVolume) -> bool:
    """Whether any of it is as much as one message."""
    split = row.split or row.naive_split
    parts = (split.contacts, split.mix, split.measurement) if split else ()
    return any(round(part.value) for part in parts)


def read_breakdown(
    session: Session,
    runtime: Runtime,
    week: str,
    *,
    now: datetime,
    language: Language,
    slice_name: str = WHOLE,
    value: str = WHOLE,
) -> Breakdown:
    """The breakdown of a week with the eleven before it, of everything or one value of a slice."""
    weeks = weeks_between(shifted(week, 1 - TREND_WEEKS), week)
    reports: Sequence[WeeklyReport] = weekly_reports(
        session, runtime, weeks, now=now, slice_name=slice_name, value=value
    )
    zone = runtime.settings.timezone
    return Breakdown(
        reports=tuple(reports),
        taxonomy=taxonomy_in_use(session, runtime),
        language=language,
        zone=zone,
        complete=week <= last_complete_week(now, zone),
    )
