"""The weekly breakdown as people and programs take it away: a page, a document, a table."""

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from service.breakdown.documents import (
    publications_out,
    render_csv,
    render_html,
    render_json,
    to_json,
    weekly_out,
)
from service.breakdown.view import TREND_WEEKS, Breakdown, read_breakdown
from service.errors import BadRequest
from service.runtime import Runtime
from service.translations import language as language_of
from service.weeks import last_complete_week, monday

__all__ = [
    "TREND_WEEKS",
    "Breakdown",
    "publications_out",
    "read_breakdown",
    "render",
    "render_csv",
    "render_html",
    "render_json",
    "to_json",
    "weekly_out",
]


def render(
    session: Session,
    runtime: Runtime,
    *,
    week: str | None,
    form: Literal["html", "json", "csv"],
    language: str | None,
    now: datetime,
) -> str:
    """The breakdown of a week, the last complete one when None, as the text of a file.

    Raises `BadRequest` for what is not a week.
    """
    settings = runtime.settings
    chosen = week or last_complete_week(now, settings.timezone)
    check_week(chosen)
    breakdown = read_breakdown(
        session, runtime, chosen, now=now, language=language_of(language or settings.language)
    )
    if form == "json":
        return to_json(breakdown)
    if form == "csv":
        return render_csv([breakdown.report], breakdown.taxonomy, breakdown.language)
    return render_html(breakdown)


def check_week(week: str) -> str:
    """The week itself. Raises `BadRequest` for what is not one."""
    try:
        monday(week)
    except ValueError:
        raise BadRequest("week", f"{week!r} is not a week; write it as 2026-W07") from None
    return week
