"""A breakdown as a printable page, as JSON and as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from classifier.cells import shielded
from classifier.taxonomy import Taxonomy
from service.breakdown.view import Breakdown
from service.figures import is_clear
from service.names import driver_name
from service.reports import DriverVolume, Estimate, Pooled, WeeklyReport
from service.schemas.reports import PublicationsOut, WeeklyOut
from service.tables import PublicationRow
from service.templating import environment
from service.translations import Language

COLUMNS = (
    "week",
    "driver",
    "name",
    "parent",
    "volume",
    "low",
    "high",
    "share",
    "share_low",
    "share_high",
    "change",
    "change_low",
    "change_high",
    "answers",
    "messages",
    "measured",
    "mentions",
    "mentions_low",
    "mentions_high",
    "real_change",
    "year_change",
    "year_change_low",
    "year_change_high",
    "naive",
    "published",
    "published_low",
    "published_high",
    "published_at",
)
EMPTY = ("", "", "")


def render_html(breakdown: Breakdown) -> str:
    """One self-contained page to print or send: its style and its pictures are inside it."""
    style = files("service").joinpath("static", "style.css").read_text(encoding="utf-8")
    template = environment(breakdown.language.code).get_template("report.html")
    return template.render(breakdown=breakdown, style=Markup(style))  # noqa: S704 - our own file


def weekly_out(
    reports: Sequence[WeeklyReport], taxonomy: Taxonomy, language: Language
) -> WeeklyOut:
    """Consecutive weeks in the shape of `GET /v1/drivers/weekly`."""
    names = _Names(taxonomy, language)
    whole = {
        "first": reports[0].week,
        "last": reports[-1].week,
        "slice": reports[0].slice or None,
        "value": reports[0].value or None,
        "weeks": [_week(report, names) for report in reports],
    }
    return WeeklyOut.model_validate(whole)


def render_json(
    reports: Sequence[WeeklyReport], taxonomy: Taxonomy, language: Language
) -> dict[str, Any]:
    """Consecutive weeks as plain data."""
    return weekly_out(reports, taxonomy, language).model_dump(mode="json")


def to_json(breakdown: Breakdown) -> str:
    """The week shown, as one JSON document."""
    found = render_json([breakdown.report], breakdown.taxonomy, breakdown.language)
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def publications_out(
    week: str, rows: Sequence[PublicationRow], taxonomy: Taxonomy, language: Language
) -> PublicationsOut:
    """Everything that was published of a week, in the shape of `GET /v1/publications/{week}`."""
    versions = [_version(row, taxonomy, language) for row in rows]
    return PublicationsOut.model_validate({"week": week, "versions": versions})


def render_csv(reports: Sequence[WeeklyReport], taxonomy: Taxonomy, language: Language) -> str:
    """One row per week and driver (leaves and `unknown`), a header first; shares as fractions.
    Mentions stay empty where no message of the week is about several drivers.

    Cells a spreadsheet would take for a formula begin with an apostrophe.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        for row in report.drivers:
            writer.writerow(_cells(report, row, driver_name(taxonomy, row.driver, language)))
    return written.getvalue()


def _version(row: PublicationRow, taxonomy: Taxonomy, language: Language) -> dict[str, Any]:
    named = [
        {**each, "name": driver_name(taxonomy, each["driver"], language)}
        for each in row.figures["rows"]
    ]
    made = {name: getattr(row, name) for name in ("version", "as_of", "person", "taxonomy")}
    return {**made, **row.figures, "rows": named}


class _Names(dict[str, str]):
    """What drivers are called, each looked up once: a year has every driver 52 times."""

    def __init__(self, taxonomy: Taxonomy, language: Language) -> None:
        self._taxonomy, self._language = taxonomy, language

    def __missing__(self, driver: str) -> str:
        self[driver] = driver_name(self._taxonomy, driver, self._language)
        return self[driver]


def _week(report: WeeklyReport, names: _Names) -> dict[str, Any]:
    pooled = _period(report.pooled, names) if report.pooled else None
    return _period(report, names) | {"pooled": pooled, "revised": report.revised}


def _period(period: WeeklyReport | Pooled, names: _Names) -> dict[str, Any]:
    rows = {
        part: [_row(row, names) for row in getattr(period, part)] for part in ("drivers", "parents")
    }
    return _fields(period) | rows


def _row(row: DriverVolume, names: _Names) -> dict[str, Any]:
    significant = is_clear(row.change) if row.change else None
    more = {"name": names[row.driver], "significant": significant, "revised": row.revised}
    return _fields(row) | more


def _fields(value: WeeklyReport | Pooled | DriverVolume) -> dict[str, Any]:
    """The fields as they are: schemas read what is in them."""
    return {name: getattr(value, name) for name in value.__slots__}


def _cells(report: WeeklyReport, row: DriverVolume, name: str) -> list[object]:
    texts = [shielded(each) for each in (report.week, row.driver, name, row.parent or "")]
    numbers = [
        *_numbers(row.volume, 1),
        *_numbers(row.share, 5),
        *(_numbers(row.change, 1) if row.change else EMPTY),
    ]
    measured = "yes" if row.volume.low is not None else "no"
    mentions = _numbers(row.mentions, 1) if row.mentions else EMPTY
    real = {True: "yes", False: "no", None: ""}[row.real_change]
    year = _numbers(row.year_change, 1) if row.year_change else EMPTY
    compared = (real, *year, round(row.naive, 1))
    then = report.publication
    published = _numbers(row.published, 1) if row.published else EMPTY
    before = (*published, then.as_of.isoformat(timespec="seconds") if then else "")
    return [*texts, *numbers, row.answers, report.messages, measured, *mentions, *compared, *before]


def _numbers(estimate: Estimate, digits: int) -> Iterable[object]:
    for value in (estimate.value, estimate.low, estimate.high):
        yield "" if value is None else round(value, digits)
