"""Quality of labels in the browser: how far people agree, where not, and what would help."""

from typing import Annotated

from fastapi import Query, Response

from service.auth import PageIdentity
from service.charts import Shape, agreement_chart
from service.dependencies import Now
from service.pages.screens import ScreenDep, page_router
from service.quality import quality
from service.runtime import taxonomy_in_use

router = page_router()
LEAST_WEEKS = 2
"""In a picture."""
FirstWeek = Annotated[str | None, Query(alias="from", max_length=10)]
LastWeek = Annotated[str | None, Query(alias="to", max_length=10)]


@router.get("/quality")
def quality_page(
    screen: ScreenDep,
    identity: PageIdentity,
    now: Now,
    first: FirstWeek = None,
    last: LastWeek = None,
) -> Response:
    """The last twelve weeks, or those named; each two people only as the team has chosen."""
    identity.require("report")
    admin = "admin" in identity.scopes
    found = quality(screen.runtime, now=now, first=first, last=last, persons=admin)
    measured = [each for each in found.weeks if each.same.value is not None]
    shapes: tuple[Shape, ...] = ("wide", "narrow") if len(measured) >= LEAST_WEEKS else ()
    with screen.runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, screen.runtime)
    return screen.show(
        "quality.html",
        identity=identity,
        here="quality",
        found=found,
        charts=[agreement_chart(measured, screen.language, shape=shape) for shape in shapes],
        taxonomy=taxonomy,
        asks=screen.runtime.settings.second_opinion_share > 0,
        proposes=screen.runtime.settings.ask_doubtful == "all",
        reads="messages" in identity.scopes or admin,
    )
