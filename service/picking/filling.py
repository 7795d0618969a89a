"""Filling a day up with picks: as many as it lacks of `questions_a_day`, none where it has them.

Choosing takes seconds and happens outside the transaction that writes; whatever was asked or
answered meanwhile is left alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from labeling.picks import Pick
from labeling.sampling import order_key
from service.database import chunks, take_turn
from service.day import day
from service.encoders import with_cache
from service.outbox import announce
from service.picking.aims import aims
from service.picking.candidates import Candidates, candidates, free
from service.picking.choosing import Choose, chosen
from service.runtime import Runtime, taxonomy_in_use
from service.tables import BookmarkRow, MessageRow
from service.triage import LATER, LEARNING, review_of

BOOKMARK: Final = "picks"
PAUSE: Final = timedelta(hours=1)
"""Between two looks at whether a day wants more."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many questions a day lacked, of how many messages it could be filled with, and how many
    were picked, by `why` (see `labeling.picks.Pick`)."""

    lacked: int
    candidates: int = 0
    picked: int = 0
    why: Mapping[str, int] = field(default_factory=dict)


def keep_filled(runtime: Runtime, *, now: datetime) -> Filled | None:
    """`fill_day`, at most once an hour; None in between, and where no picks are wanted."""
    if not runtime.settings.questions_a_day:
        return None
    with runtime.reading() as session:
        row = session.get(BookmarkRow, BOOKMARK)
        if row and now < datetime.fromisoformat(row.value["looked_at"]) + PAUSE:
            return None
    found = fill_day(runtime, now=now)
    with runtime.writing() as session:
        session.merge(BookmarkRow(name=BOOKMARK, value={"looked_at": now.isoformat()}))
    return found


def fill_day(
    runtime: Runtime, *, now: datetime, dry_run: bool = False, choose: Choose = chosen
) -> Filled:
    """Pick what the day lacks; with `dry_run`, only say what would be picked. `choose` among the
    candidates as `chosen` does, or in another way to compare it with."""
    model = runtime.current_model()
    with runtime.reading() as session:
        today = day(session, runtime, now=now)
        lacks = max(0, runtime.settings.questions_a_day - today.questions)
        if not lacks:
            return Filled(0)
        seed = today.day.toordinal()
        found = candidates(session, seed=seed)
        wanted = aims(session, model, taxonomy_in_use(session, runtime)) if model else ()
    if not len(found):
        return Filled(lacks)
    read = with_cache(runtime.settings, model) if model else None
    picks = choose(found, read, lacks, aims=wanted, seed=seed)
    if not dry_run:
        with runtime.writing() as session:
            picks = _asked(session, runtime, found, picks, now)
    return Filled(lacks, len(found), len(picks), Counter(pick.why for pick in picks))


def _asked(
    session: Session, runtime: Runtime, found: Candidates, picks: Sequence[Pick], now: datetime
) -> list[Pick]:
    """The picks that could still be asked, as reviews."""
    take_turn(session)
    messages = _free(session, [found.ids[pick.row] for pick in picks])
    asked = [pick for pick in picks if found.ids[pick.row] in messages]
    places = _places([found.external_ids[pick.row] for pick in asked], runtime.secret)
    reviews = [
        review_of(
            runtime,
            messages[found.ids[pick.row]],
            LEARNING,
            now,
            priority=LATER,
            place=place,
        )
        for pick, place in zip(asked, places, strict=True)
    ]
    session.add_all(reviews)
    session.flush()
    announce(session, runtime.settings, reviews, now=now)
    return asked


def _places(external_ids: Sequence[str], key: bytes) -> list[int]:
    """Places that rise in the order of the picks, and look like those of drawn questions."""
    return sorted(order_key(each, key=key) for each in external_ids)


def _free(session: Session, ids: Sequence[int]) -> dict[int, MessageRow]:
    found: dict[int, MessageRow] = {}
    for some in chunks(ids):
        query = select(MessageRow).where(MessageRow.id.in_(some), free())
        found |= {row.id: row for row in session.scalars(query)}
    return found
