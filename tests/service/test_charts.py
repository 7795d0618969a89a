"""Pictures: what is drawn, that it can be read aloud, and that nothing in it can act."""

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime

import pytest

from classifier.taxonomy import Driver, Taxonomy
from service.charts import ACCENT, GREY, INK, largest, trend_chart, volume_chart
from service.reports import DriverVolume, Estimate, WeeklyReport
from service.translations import language

SVG = "{http://www.w3.org/2000/svg}"
TAXONOMY = Taxonomy(
    (
        Driver(id="delivery", names={"en": "Delivery"}),
        Driver(id="delivery.late", parent="delivery", names={"en": "Late"}),
        Driver(id="delivery.other", parent="delivery", names={"en": "Other"}),
        Driver(id="payment", names={"en": "Payment"}),
        Driver(id="payment.other", parent="payment", names={"en": "Other"}),
        Driver(id="strange", names={"en": "<b>R&D</b>"}),
    )
)
LEAVES = {"delivery.late": 40.0, "delivery.other": 20.0, "payment.other": 90.0, "strange": 3.0}


def row(driver: str, value: float, *, measured: bool, change: float = 0.0) -> DriverVolume:
    low, high = (value - 5, value + 5) if measured else (None, None)
    moved = Estimate(change, change - 4, change + 4) if measured else None
    share = Estimate(value / 200, None, None)
    return DriverVolume(driver, None, False, Estimate(value, low, high), share, moved, value, 9)


def report(week: str = "2026-W46", *, measured: bool = True, change: float = 0.0) -> WeeklyReport:
    rows = tuple(
        row(driver, value, measured=measured, change=change) for driver, value in LEAVES.items()
    )
    return WeeklyReport(
        week=week,
        slice="",
        value="",
        messages=153,
        previous_messages=150,
        answers=36 if measured else 0,
        measured=measured,
        few_answers=False,
        counts="conversation",
        models=("2026-11-01.1",),
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
        drivers=rows,
        parents=(),
        set_aside=0,
    )


def words(svg: str) -> list[str]:
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [each.text or "" for each in found]


def test_the_largest_driver_comes_first() -> None:
    assert [each.driver for each in largest(report())][:2] == ["payment.other", "delivery.late"]


@pytest.mark.parametrize("shape", ["wide", "narrow"])
def test_each_driver_is_shown_with_its_interval(shape: str) -> None:
    shown = words(volume_chart(report(), TAXONOMY, language("en"), shape=shape))  # type: ignore[arg-type]
    assert "40 [35–45]" in shown
    assert "Late" in shown


def test_drivers_of_the_same_name_are_told_apart() -> None:
    shown = words(volume_chart(report(), TAXONOMY, language("en")))
    assert {"Delivery: Other", "Payment: Other"} <= set(shown)


def test_a_change_beyond_chance_is_marked_and_others_are_not() -> None:
    clear = words(volume_chart(report(change=12.0), TAXONOMY, language("en")))
    unclear = words(volume_chart(report(change=3.0), TAXONOMY, language("en")))
    assert "40 [35–45] ▲ +12" in clear
    assert not any("▲" in each for each in unclear)


def test_what_was_not_measured_is_grey_and_has_no_interval() -> None:
    svg = volume_chart(report(measured=False), TAXONOMY, language("en"))
    assert GREY in svg
    assert ACCENT not in svg
    assert "40" in words(svg)


def test_a_picture_has_a_title_and_says_what_it_shows() -> None:
    root = ElementTree.fromstring(volume_chart(report(), TAXONOMY, language("nl")))
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Berichten per driver, week 2026-W46"
    assert "Late: 40 [35–45]" in (root.findtext(f"{SVG}desc") or "")


def test_names_are_escaped_and_nothing_can_act() -> None:
    svg = volume_chart(report(), TAXONOMY, language("en"))
    assert "<b>R&D" not in svg
    assert "<b>R&D</b>" in words(svg)
    tags = {each.tag.removeprefix(SVG) for each in ElementTree.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "g", "path", "rect", "line", "text"}
    assert "style=" not in svg


def test_a_trend_draws_a_band_only_where_it_was_measured() -> None:
    weeks = [report(f"2026-W{number}", measured=number != 44) for number in range(42, 47)]
    svg = trend_chart(weeks, "delivery.late", TAXONOMY, language("en"))
    root = ElementTree.fromstring(svg)
    colors = [each.get("fill") for each in root.iter(f"{SVG}path")]
    assert colors.count(GREY) == 1
    assert colors.count(ACCENT) == 4
    assert {"42", "46"} <= set(words(svg))


def test_a_week_without_messages_draws_an_empty_scale() -> None:
    nothing = report(measured=False)
    svg = volume_chart(nothing, TAXONOMY, language("en"), rows=[])
    assert ElementTree.fromstring(svg).get("role") == "img"


def test_a_plain_count_is_drawn_only_where_it_is_asked_for() -> None:
    with_cross = volume_chart(report(), TAXONOMY, language("en"), plain=True)
    without = volume_chart(report(), TAXONOMY, language("en"))
    assert "40 [35–45], plain count: 0" in words(with_cross)
    assert with_cross.count(f'fill="{INK}"') == without.count(f'fill="{INK}"') + len(LEAVES)
