"""Volumes as pictures: SVG text that reads on paper, in black and white and on a phone.

Drawn by Altair and vl-convert without a browser or a network, and remembered by content. Each has
a title and a description; colors are plain attributes that a style sheet may replace. There is
always a table beside a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from itertools import count
from typing import Any, Literal

import altair as alt
import vl_convert

from classifier.taxonomy import Taxonomy
from service.figures import is_clear, of_100, volume_text
from service.names import driver_name
from service.quality import WeekQuality
from service.reports import DriverVolume, WeeklyReport
from service.translations import Language

INK, ACCENT, BAND, GREY = "#1b1f24", "#0b5cad", "#bcd3ea", "#aab2bb"
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
UP, DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
REMEMBERED = 1024
SHOWN = 15
NARROW = 340
SLACK = 24
"""Room for labels in a font wider than the one measured with."""
MEASURED = "isValid(datum.low)"
Shape = Literal["wide", "narrow"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of a picture with its interval; `low` and `high` are None when not measured.
    `plain` is the plain count, where it is drawn."""

    name: str
    value: float
    low: float | None
    high: float | None
    words: str
    plain: float | None = None


def largest(report: WeeklyReport) -> list[DriverVolume]:
    """The report's drivers by volume, largest first; ties by id."""
    return sorted(report.drivers, key=lambda row: (-row.volume.value, row.driver))


def volume_chart(
    report: WeeklyReport,
    taxonomy: Taxonomy,
    language: Language,
    *,
    rows: Sequence[DriverVolume] | None = None,
    shape: Shape = "wide",
    plain: bool = False,
) -> str:
    """Volumes of one week with their 95 % intervals, one line a driver, as SVG.

    `rows` in the order drawn; the 15 largest when not given. `narrow` suits a phone. `plain`
    draws a cross where the plain count is.
    """
    chosen = largest(report)[:SHOWN] if rows is None else rows
    marks = tuple(_volume_mark(row, taxonomy, language, plain) for row in chosen)
    title = language.text("Messages per driver, week %(week)s", week=report.week)
    return _volumes_drawn(marks, title, _description(marks), shape)


def trend_chart(
    reports: Sequence[WeeklyReport],
    driver: str,
    taxonomy: Taxonomy,
    language: Language,
    *,
    shape: Shape = "narrow",
) -> str:
    """One driver's volume over consecutive weeks with its 95 % interval as a band, as SVG."""
    marks = tuple(
        _week_mark(report, row, language)
        for report in reports
        for row in (*report.drivers, *report.parents)
        if row.driver == driver
    )
    name = driver_name(taxonomy, driver, language)
    title = language.text("%(driver)s, messages per week", driver=name)
    return _trend_drawn(marks, title, _description(marks), shape)


def agreement_chart(
    weeks: Sequence[WeekQuality], language: Language, *, shape: Shape = "narrow"
) -> str:
    """In how many of 100 messages two people agree, by week, with its 95 % interval as a band."""
    marks = tuple(
        Mark(each.week, 100 * each.same.value, 100 * each.same.low, 100 * each.same.high, words)
        for each in weeks
        if each.same.value is not None and (words := of_100(each.same, language))
    )
    title = language.text("Messages of 100 in which two people give the same driver, per week")
    return _trend_drawn(marks, title, _description(marks), shape)


def _volume_mark(row: DriverVolume, taxonomy: Taxonomy, language: Language, plain: bool) -> Mark:
    words = volume_text(row.volume, language)
    if row.change is not None and (row.real_change or is_clear(row.change)):
        arrow = UP if row.change.value > 0 else DOWN
        words = f"{words} {arrow} {language.signed(row.change.value)}"
    name = driver_name(taxonomy, row.driver, language)
    if plain:
        words = (
            f"{words}, {language.text('plain count: %(count)s', count=language.number(row.naive))}"
        )
    cross = row.naive if plain else None
    return Mark(name, row.volume.value, row.volume.low, row.volume.high, words, cross)


def _week_mark(report: WeeklyReport, row: DriverVolume, language: Language) -> Mark:
    words = volume_text(row.volume, language)
    return Mark(report.week, row.volume.value, row.volume.low, row.volume.high, words)


def _description(marks: Sequence[Mark]) -> str:
    return "; ".join(f"{mark.name}: {mark.words}" for mark in marks)


@lru_cache(maxsize=REMEMBERED)
def _volumes_drawn(marks: tuple[Mark, ...], title: str, description: str, shape: Shape) -> str:
    wide = shape == "wide"
    rows: list[dict[str, Any]] = [
        {"name": mark.name, "value": mark.value, "low": mark.low, "high": mark.high}
        | {"words": mark.words, "end": max(mark.high or mark.value, mark.plain or 0.0)}
        | {"plain": mark.plain}
        for mark in marks
    ]
    farthest = max((float(row["end"]) for row in rows), default=0.0) or 1.0
    scale = alt.Scale(domain=[0, farthest * (1.6 if wide else 1.02)], nice=False)
    labels = alt.Axis(labelLimit=230, ticks=False, domain=False, labelPadding=10)
    y = alt.Y("name:N", sort=None, title=None, axis=labels if wide else None)
    base = alt.Chart({"values": rows}).encode(y)
    words = _words_beside if wide else _words_above
    chart = alt.layer(*_intervals(base, scale), *words(base, scale))
    sized = chart.properties(width=450 if wide else NARROW, height={"step": 30 if wide else 48})
    return _svg(_styled(sized, aside=SLACK if wide else 0), title, description, shape)


def _intervals(base: Any, scale: alt.Scale) -> list[Any]:
    """A pale bar up to the estimate, the interval as a dark line with ends, the estimate a dot."""
    color = alt.condition(MEASURED, alt.value(BAND), alt.value(GREY))
    sure = base.transform_filter(MEASURED)
    line = sure.mark_rule(color=ACCENT, strokeWidth=2)
    tick = sure.mark_tick(color=ACCENT, thickness=2, size=10)
    cross = base.transform_filter("isValid(datum.plain)").mark_point(
        shape="cross", angle=45, filled=True, color=INK, size=70, opacity=1
    )
    return [
        base.mark_bar(size=14).encode(_x("value", scale), color=color),
        line.encode(_x("low", scale), alt.X2("high:Q")),
        tick.encode(_x("low", scale)),
        tick.encode(_x("high", scale)),
        sure.mark_circle(color=ACCENT, size=60, opacity=1).encode(_x("value", scale)),
        cross.encode(_x("plain", scale)),
    ]


def _words_beside(base: Any, scale: alt.Scale) -> list[Any]:
    text = base.mark_text(align="left", dx=10, color=INK)
    return [text.encode(_x("end", scale), text="words:N")]


def _words_above(base: Any, scale: alt.Scale) -> list[Any]:
    """Name and figures over the bar, where a phone has no room beside it."""
    name = base.mark_text(align="left", dy=-18, color=INK, limit=190)
    words = base.mark_text(align="right", dy=-18, color=INK, limit=150)
    return [
        name.encode(x=alt.value(0), text="name:N"),
        words.encode(x=alt.value(NARROW), text="words:N"),
    ]


def _x(field: str, scale: alt.Scale) -> alt.X:
    return alt.X(f"{field}:Q", scale=scale, axis=None)


@lru_cache(maxsize=REMEMBERED)
def _trend_drawn(marks: tuple[Mark, ...], title: str, description: str, shape: Shape) -> str:
    rows, stretch = [], count()
    current = next(stretch)
    for mark in marks:
        if mark.low is None:
            current = next(stretch)
        row = {"week": mark.name, "value": mark.value, "low": mark.low, "high": mark.high}
        rows.append(row | {"stretch": current})
    return _svg(_trend_picture(shape) | {"data": {"values": rows}}, title, description, shape)


@cache
def _trend_picture(shape: Shape) -> dict[str, Any]:
    """A trend without its data, composed once: that takes longer than drawing it."""
    wide = shape == "wide"
    weeks = alt.Axis(labelExpr="+substring(datum.value, 6)", labelAngle=0, labelOverlap=True)
    x = alt.X("week:O", title=None, axis=weeks, scale=alt.Scale(padding=0.5))
    chart = alt.layer(*_band(alt.Chart(), x), data={"values": []})
    return _styled(chart.properties(width=620 if wide else 270, height=200 if wide else 110))


def _band(base: Any, x: alt.X) -> list[Any]:
    """The band and its line over measured weeks; a grey dot where only the model counted."""
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, format="~s", domain=False))
    sure = base.transform_filter(MEASURED)
    band = sure.mark_area(color=BAND, opacity=1).encode(
        x, alt.Y("low:Q", title=None), alt.Y2("high:Q"), detail="stretch:N"
    )
    whisker = sure.mark_rule(color=BAND, strokeWidth=3).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    line = sure.mark_line(color=ACCENT, strokeWidth=2).encode(x, y, detail="stretch:N")
    color = alt.condition(MEASURED, alt.value(ACCENT), alt.value(GREY))
    return [band, whisker, line, base.mark_circle(size=34, opacity=1).encode(x, y, color=color)]


def _styled(chart: Any, *, aside: int = 0) -> dict[str, Any]:
    padding = {"left": aside + 4, "right": 4, "top": 4, "bottom": 4}
    styled = (
        chart.configure(font=FONT, background="transparent", aria=False, padding=padding)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, labelColor=INK, tickColor=GREY, domainColor=GREY)
        .configure_axisY(gridColor="#e3e6ea")
        .configure_text(fontSize=13)
    )
    picture: dict[str, Any] = styled.to_dict(validate=False)
    return picture


def _svg(picture: dict[str, Any], title: str, description: str, shape: Shape) -> str:
    """A drawn picture with its title, its description and the class by which pages lay it out."""
    head, _, body = str(vl_convert.vegalite_to_svg(picture)).partition(">")
    head = head.replace('class="marks"', f'class="chart {shape}" role="img"')
    return f"{head}><title>{escape(title)}</title><desc>{escape(description)}</desc>{body}"
