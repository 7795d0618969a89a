"""ISO weeks in the configured zone."""

from datetime import UTC, date, datetime

import pytest

from service.weeks import (
    day_of,
    last_complete_week,
    monday,
    shifted,
    week_of,
    weeks_between,
    year_before,
)

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 11, 16), "2026-W47"),
        (date(2026, 11, 22), "2026-W47"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2023, 1, 1), "2022-W52"),
    ],
)
def test_the_week_of_a_day(day: date, week: str) -> None:
    assert week_of(day) == week
    assert monday(week) <= day
    assert (day - monday(week)).days < 7


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 15, 22, 59, tzinfo=UTC), date(2026, 11, 15)),
        (datetime(2026, 11, 15, 23, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 7, 5, 21, 59, tzinfo=UTC), date(2026, 7, 5)),
        (datetime(2026, 7, 5, 22, 0, tzinfo=UTC), date(2026, 7, 6)),
    ],
)
def test_a_day_begins_at_local_midnight_in_winter_and_summer(moment: datetime, day: date) -> None:
    assert day_of(moment, AMSTERDAM) == day


@pytest.mark.parametrize("wrong", ["2026-W54", "2025-W53", "2026-W00", "2026-47", "2026-W7", ""])
def test_what_is_not_a_week_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        monday(wrong)


def test_weeks_follow_each_other_over_the_end_of_a_long_year() -> None:
    assert weeks_between("2026-W52", "2027-W02") == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]
    assert shifted("2027-W01", -1) == "2026-W53"
    assert weeks_between("2027-W02", "2027-W01") == []


@pytest.mark.parametrize(
    ("week", "earlier"),
    [
        ("2026-W46", "2025-W46"),
        ("2027-W01", "2026-W01"),
        ("2027-W52", "2026-W52"),
        ("2026-W53", None),
    ],
)
def test_a_year_earlier_is_the_week_of_the_same_number_if_that_year_has_it(
    week: str, earlier: str | None
) -> None:
    assert year_before(week) == earlier


def test_a_week_is_complete_once_its_sunday_is_over_in_the_zone() -> None:
    before = datetime(2026, 11, 15, 22, 59, tzinfo=UTC)
    after = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
    assert last_complete_week(before, AMSTERDAM) == "2026-W45"
    assert last_complete_week(after, AMSTERDAM) == "2026-W46"
    assert last_complete_week(after, "UTC") == "2026-W45"
