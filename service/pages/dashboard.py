"""The page `/`: one week's drivers."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Response
from sqlalchemy.orm import Session

from service.auth import PageIdentity
from service.breakdown import check_week, read_breakdown
from service.dependencies import Now
from service.errors import BadRequest
from service.pages.screens import ScreenDep, page_router
from service.queues import withdrawn
from service.reports import slice_values, up_to_date, weeks_with_messages
from service.terms import WHOLE, slices
from service.weeks import last_complete_week, shifted

router = page_router()
Week = Annotated[str | None, Query(max_length=10)]


@router.get("/")
def dashboard(
    screen: ScreenDep,
    identity: PageIdentity,
    now: Now,
    week: Week = None,
    only: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """The last complete week, another one by `week`, one channel or product by `only`."""
    identity.require("report")
    runtime = screen.runtime
    chosen = check_week(week or last_complete_week(now, runtime.settings.timezone))
    kept = slices(runtime.settings.pairs)
    slice_name, value = _slice(only, kept)
    up_to_date(runtime)
    with runtime.reading() as session:
        breakdown = read_breakdown(
            session,
            runtime,
            chosen,
            now=now,
            language=screen.language,
            slice_name=slice_name,
            value=value,
        )
        around = _around(session, chosen, only, kept)
        around["withdrawn"] = withdrawn(session)
    return screen.show("dashboard.html", identity=identity, here="drivers", b=breakdown, **around)


def _slice(only: str, kept: Sequence[str]) -> tuple[str, str]:
    """The slice and value of `channel:email`; the whole when empty. Raises `BadRequest`."""
    name, _, value = only.partition(":")
    if only and (name not in kept or not value):
        raise BadRequest("only", f"write it as channel:email; there are {', '.join(kept)}")
    return (name, value) if only else (WHOLE, WHOLE)


def _around(session: Session, week: str, only: str, kept: Sequence[str]) -> dict[str, Any]:
    """The weeks and the slices one can go to from here."""
    weeks = weeks_with_messages(session)[::-1]
    values = [(name, slice_values(session, week, name)) for name in kept]

    def address(other: str) -> str:
        asked = {"week": other, "only": only} if only else {"week": other}
        return "/?" + urlencode(asked)

    return {
        "weeks": weeks if week in weeks else sorted([week, *weeks], reverse=True),
        "latest": weeks[0] if weeks else None,
        "filters": [(name, found) for name, found in values if found],
        "earlier": shifted(week, -1) if weeks and week > weeks[-1] else None,
        "later": shifted(week, 1) if weeks and week < weeks[0] else None,
        "address": address,
    }
