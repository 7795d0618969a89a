"""What was published of a week, and publishing it."""

from typing import Annotated

from fastapi import APIRouter, Path

from service.api.calls import reading, writing
from service.auth import AdminKey, ReportKey
from service.breakdown import check_week, publications_out
from service.dependencies import Now, RuntimeDep
from service.problems import documented
from service.publications import publish, versions
from service.runtime import Runtime, taxonomy_in_use
from service.schemas.fields import Week
from service.schemas.reports import PublicationsOut
from service.translations import language

router = APIRouter(prefix="/v1/publications", tags=["drivers"])
WeekName = Annotated[Week, Path(examples=["2026-W46"])]


@router.get(
    "/{week}",
    summary="What was published of a week, every version",
    responses=documented(*reading("report")),
)
def published(runtime: RuntimeDep, _identity: ReportKey, week: WeekName) -> PublicationsOut:
    """The figures of the whole as they were, whatever came in since; none before the first."""
    return _versions(runtime, check_week(week))


@router.post(
    "/{week}",
    summary="Publish a week as its figures are now",
    responses=documented(*writing("admin")),
)
def publish_week(
    runtime: RuntimeDep, identity: AdminKey, now: Now, week: WeekName
) -> PublicationsOut:
    """A new version, beside those before it; with the same figures as the last one, none. The
    week must be over."""
    publish(runtime, check_week(week), person=identity.name, now=now)
    return _versions(runtime, week)


def _versions(runtime: Runtime, week: str) -> PublicationsOut:
    with runtime.reading() as session:
        rows, taxonomy = versions(session, week), taxonomy_in_use(session, runtime)
        return publications_out(week, rows, taxonomy, language(runtime.settings.language))
