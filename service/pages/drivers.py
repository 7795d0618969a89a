"""One driver: its definition, its volume over the weeks, and messages behind the number."""

from fastapi import Response
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN
from service.auth import PageIdentity
from service.beside import messages_beside
from service.breakdown import check_week, read_breakdown
from service.breakdown.view import Breakdown
from service.dependencies import Now
from service.errors import NotFound
from service.keys import Identity
from service.messages import examples_of
from service.pages.dashboard import Week
from service.pages.screens import ScreenDep, page_router
from service.reports import DriverVolume, up_to_date
from service.reviews import blind_to
from service.tables import DecisionRow, MessageRow
from service.weeks import last_complete_week

router = page_router()
EXAMPLES, BESIDE = 20, 10


@router.get("/drivers/{driver}")
def driver_page(
    driver: str, screen: ScreenDep, identity: PageIdentity, now: Now, week: Week = None
) -> Response:
    """A driver, a parent, or `unknown`, in one week; its messages for who may read them."""
    identity.require("report")
    runtime = screen.runtime
    chosen = check_week(week or last_complete_week(now, runtime.settings.timezone))
    up_to_date(runtime)
    with runtime.reading() as session:
        breakdown = read_breakdown(session, runtime, chosen, now=now, language=screen.language)
        return screen.show(
            "driver.html",
            identity=identity,
            here="drivers",
            b=breakdown,
            row=_volume(breakdown, driver),
            driver=None if driver == UNKNOWN else breakdown.taxonomy.by_id[driver],
            examples=_examples(session, breakdown, identity, driver),
            beside=_beside(session, breakdown, identity, driver),
        )


def _volume(breakdown: Breakdown, driver: str) -> DriverVolume:
    for row in (*breakdown.report.drivers, *breakdown.report.parents):
        if row.driver == driver:
            return row
    raise NotFound("driver", driver)


def _examples(
    session: Session, breakdown: Breakdown, identity: Identity, driver: str
) -> list[tuple[MessageRow, DecisionRow]] | None:
    """The newest messages of the week but those this person may still be asked about blind; None
    for a key that may not read messages."""
    if not _may_read(identity):
        return None
    found = examples_of(
        session,
        breakdown.taxonomy,
        driver,
        week=breakdown.report.week,
        channel=None,
        before=None,
        limit=EXAMPLES,
        but=blind_to(identity.name),
    )
    return list(found)


def _beside(
    session: Session, breakdown: Breakdown, identity: Identity, driver: str
) -> list[tuple[MessageRow, DecisionRow]]:
    """Messages of the week about the driver beside another primary one, where there are any."""
    if not breakdown.mentions or not _may_read(identity):
        return []
    week = breakdown.report.week
    hidden = blind_to(identity.name)
    return messages_beside(session, breakdown.taxonomy, driver, week=week, limit=BESIDE, but=hidden)


def _may_read(identity: Identity) -> bool:
    return bool({"messages", "admin"} & identity.scopes)
