"""Weekly volumes of drivers, and the messages behind them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from service.api import rendering
from service.api.calls import reading
from service.auth import MessagesKey, ReportKey
from service.breakdown import weekly_out
from service.dependencies import Now, RuntimeDep
from service.errors import BadRequest, NotFound
from service.messages import examples_of
from service.problems import documented
from service.reports import up_to_date, weekly_reports
from service.runtime import taxonomy_in_use
from service.schemas.fields import Channel, Cursor, DriverId, PageSize, ShortWords, Week
from service.schemas.reports import ExamplePage, WeeklyOut
from service.terms import BETWEEN, WHOLE, Pairs
from service.translations import language as language_of
from service.weeks import last_complete_week, monday, weeks_between

router = APIRouter(prefix="/v1/drivers", tags=["drivers"])
MOST_WEEKS = 110

WeekParameter = Annotated[Week | None, Query(examples=["2026-W46"])]
FirstWeek = Annotated[Week | None, Query(alias="from", examples=["2026-W40"])]
LastWeek = Annotated[Week | None, Query(alias="to", examples=["2026-W46"])]
Value = Annotated[
    ShortWords | None,
    Query(description="One of the four, or a pair that the settings name."),
]
DriverName = Annotated[DriverId, Path(description="A driver, a parent, or `unknown`.")]


@router.get(
    "/weekly",
    summary="Volumes per driver and week, with intervals",
    response_model=WeeklyOut,
    responses=documented(*reading("report")),
)
def weekly(
    runtime: RuntimeDep,
    _identity: ReportKey,
    now: Now,
    first: FirstWeek = None,
    last: LastWeek = None,
    channel: Value = None,
    product: Value = None,
    partner: Value = None,
    language: Value = None,
) -> Response:
    """Both weeks included; the last complete week if none is named."""
    weeks = _weeks(first, last, last_complete_week(now, runtime.settings.timezone))
    asked = {"channel": channel, "product": product, "partner": partner, "language": language}
    name, value = _one_slice(asked, runtime.settings.pairs)
    up_to_date(runtime)
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
        found = weekly_reports(session, runtime, weeks, now=now, slice_name=name, value=value)
    document = weekly_out(found, taxonomy, language_of(runtime.settings.language))
    # Of a year it is two megabytes; FastAPI would check once more what was checked just now.
    return Response(document.model_dump_json(), media_type="application/json")


@router.get(
    "/{driver}/messages",
    summary="Messages behind a number, redacted",
    responses=documented(*reading("messages"), NotFound("driver", "delivery.lost")),
)
def messages(
    runtime: RuntimeDep,
    _identity: MessagesKey,
    driver: DriverName,
    week: WeekParameter = None,
    channel: Annotated[Channel | None, Query()] = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: PageSize = 20,
) -> ExamplePage:
    """Counted messages that are now decided, or proposed, to be about the driver."""
    if week:
        _check_week("week", week)
    with runtime.reading() as session:
        found = examples_of(
            session,
            taxonomy_in_use(session, runtime),
            driver,
            week=week,
            channel=channel,
            before=int(cursor) if cursor else None,
            limit=limit + 1,
        )
    items = [rendering.example(row, routed) for row, routed in found[:limit]]
    more = len(found) > limit
    return ExamplePage(driver=driver, items=items, next=str(items[-1].id) if more else None)


def _weeks(first: str | None, last: str | None, latest: str) -> list[str]:
    """The weeks asked for; the last one alone is that week, the first one alone goes on until the
    last complete week."""
    for parameter, week in (("from", first), ("to", last)):
        if week:
            _check_week(parameter, week)
    begin = first or last or latest
    end = last or max(begin, latest)
    if begin > end:
        raise BadRequest("from", "lies after `to`")
    weeks = weeks_between(begin, end)
    if len(weeks) > MOST_WEEKS:
        raise BadRequest("from", f"more than {MOST_WEEKS} weeks at once")
    return weeks


def _check_week(parameter: str, week: str) -> None:
    try:
        monday(week)
    except ValueError:
        raise BadRequest(parameter, "is not a week of that year") from None


def _one_slice(asked: dict[str, str | None], pairs: Pairs) -> tuple[str, str]:
    """The slice and its value, or those of a pair that the settings name."""
    given = {name: value for name, value in asked.items() if value}
    pair = next((each for each in pairs if set(each) == set(given)), None)
    if pair:
        return BETWEEN.join(pair), BETWEEN.join(given[name] for name in pair)
    first, *others = given.items() or [(WHOLE, WHOLE)]
    if others:
        raise BadRequest(others[0][0], f"volumes are kept by one slice at a time, not {first[0]}")
    return first
