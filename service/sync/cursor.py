"""How far answers were read: the last change seen, on Label Studio's own clock.

Of our clock only lengths of time are used; the two need not agree. Moments of answers are kept by
ours, none later than now: among those that came through other doors the newest is to be known.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.sync.connection import bookmark
from service.sync.place import Place
from service.tables import BookmarkRow

OVERLAP = timedelta(seconds=30)
"""A change may become visible this long after the moment it bears: the longest transaction there,
our own imports apart, which never run while we read."""
DAY = timedelta(days=1)
CLOSE_ENOUGH = timedelta(minutes=1)
"""So far may clocks be apart."""


def since(session: Session, place: Place, clock: datetime | None) -> datetime | None:
    """From when on to look, None for everything: the last change seen, and a little before it
    until nothing older can turn up any more.

    Where the clock over there stands before that, it was set back, and what happens now bears
    earlier moments: the cursor goes back with it.
    """
    mark = session.get(BookmarkRow, place.bookmark)
    if mark is None or "since" not in mark.value:
        return None
    seen = datetime.fromisoformat(mark.value["since"])
    if clock is not None and clock < seen - OVERLAP:
        seen = clock
        mark.value = _at(seen, mark.value)
    return seen if mark.value.get("settled") else seen - OVERLAP


def advance(session: Session, place: Place, latest: datetime, now: datetime) -> None:
    """Note the last change that was seen."""
    mark = bookmark(session, place.bookmark)
    before = mark.value.get("since")
    if before is None or latest > datetime.fromisoformat(before):
        mark.value = {"since": latest.isoformat(), "seen_at": now.isoformat()}


def settle(session: Session, place: Place, now: datetime) -> None:
    """After a while, nothing older than the last change seen can turn up any more."""
    mark = bookmark(session, place.bookmark)
    seen = mark.value.get("seen_at")
    if seen and not mark.value.get("settled") and now - datetime.fromisoformat(seen) > OVERLAP:
        mark.value = {**mark.value, "settled": True}


def read_again(session: Session, place: Place) -> None:
    """Have the next pull look at everything in the project."""
    bookmark(session, place.bookmark).value = {}


def look_back(session: Session, place: Place) -> None:
    """Have the next pull look at the day before the last change again."""
    mark = bookmark(session, place.bookmark)
    if "since" in mark.value:
        mark.value = _at(datetime.fromisoformat(mark.value["since"]) - DAY, mark.value)


def behind_by(session: Session, place: Place, clock: datetime | None, now: datetime) -> timedelta:
    """How far its clock is behind ours: nothing as long as they are close enough. What is known
    holds until it is further off than that, so that moments over there keep their order."""
    mark = bookmark(session, f"{place.bookmark} clock")
    known = timedelta(seconds=mark.value.get("behind", 0))
    found = max(timedelta(), now - clock) if clock is not None else known
    if abs(found - known) > CLOSE_ENOUGH:
        known = found if found > CLOSE_ENOUGH else timedelta()
        mark.value = {"behind": known.total_seconds()}
    return known


def _at(moment: datetime, before: dict[str, Any]) -> dict[str, Any]:
    return {"since": moment.isoformat(), "seen_at": before.get("seen_at")}
