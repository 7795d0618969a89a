"""ISO 8601 weeks ("2026-W47", Monday start, 52 or 53 a year) in the configured time zone."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEK = re.compile(r"(\d{4})-W(\d{2})")


def day_of(moment: datetime, zone: str) -> date:
    """The local calendar day of an aware moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def week_of(day: date) -> str:
    """The ISO week a day falls in."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday(week: str) -> date:
    """The first day of a week. Raises `ValueError` for what is not a week of that year."""
    match = WEEK.fullmatch(week)
    if not match:
        raise ValueError(f"{week!r} is not a week; write it as 2026-W07")
    return date.fromisocalendar(int(match[1]), int(match[2]), 1)


def shifted(week: str, weeks: int) -> str:
    """The week so many weeks later (earlier when negative)."""
    return week_of(monday(week) + timedelta(weeks=weeks))


def year_before(week: str) -> str | None:
    """The week of the same number a year earlier; None for a week 53, which hardly any year has:
    neither week 52 nor week 1 has the same days of the holidays in it."""
    year, number = int(week[:4]) - 1, week[4:]
    try:
        monday(f"{year}{number}")
    except ValueError:
        return None
    return f"{year}{number}"


def weeks_between(first: str, last: str) -> list[str]:
    """All weeks from the first up to and including the last."""
    count = (monday(last) - monday(first)).days // 7 + 1
    return [shifted(first, number) for number in range(count)]


def last_complete_week(now: datetime, zone: str) -> str:
    """The latest week whose Sunday is over."""
    return shifted(week_of(day_of(now, zone)), -1)
