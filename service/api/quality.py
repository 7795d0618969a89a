"""How good the labels are."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.calls import reading
from service.auth import ReportKey
from service.dependencies import Now, RuntimeDep
from service.errors import BadRequest
from service.problems import documented
from service.quality import quality
from service.schemas.fields import Week
from service.schemas.quality import QualityOut

router = APIRouter(prefix="/v1", tags=["drivers"])

FirstWeek = Annotated[
    Week | None,
    Query(alias="from", description="Else eleven weeks before `to`.", examples=["2026-W36"]),
]
LastWeek = Annotated[
    Week | None, Query(alias="to", description="Else this week.", examples=["2026-W47"])
]
NOT_AFTER = BadRequest("from", "must be at most 110 weeks before `to`, and not after it")


@router.get(
    "/quality",
    summary="How far people agree about drivers, and the model with them",
    responses=documented(*reading("report"), NOT_AFTER),
)
def label_quality(
    runtime: RuntimeDep,
    identity: ReportKey,
    now: Now,
    first: FirstWeek = None,
    last: LastWeek = None,
) -> QualityOut:
    """Of messages that two people answered; of no person, unless the team has chosen that."""
    admin = "admin" in identity.scopes
    found = quality(runtime, now=now, first=first, last=last, persons=admin)
    return QualityOut.model_validate(found)
