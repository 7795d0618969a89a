"""What the answers of next week will buy."""

from typing import Annotated

from fastapi import APIRouter, Query

from classifier.errors import ModelNotFound
from classifier.volumes.forecast import TOO_UNCERTAIN
from service.api.calls import reading
from service.auth import ReportKey
from service.dependencies import Now, RuntimeDep
from service.errors import NotFound
from service.labelplan import label_plan
from service.problems import documented
from service.schemas.fields import Week
from service.schemas.labelplan import LabelPlanOut

router = APIRouter(prefix="/v1", tags=["drivers"])

Budgets = Annotated[
    list[float] | None,
    Query(
        alias="budget",
        description="Answers to graded questions a week; may be given more than once. Else half "
        "the present budget, that, and double.",
        examples=[[60, 120]],
    ),
]
LikeWeek = Annotated[
    Week | None, Query(description="Next week is like this one.", examples=["2026-W46"])
]
Limit = Annotated[
    float, Query(gt=0, description="A half-width above this share of a volume is too uncertain.")
]
NO_MESSAGES = NotFound("message", "in 2026-W46: name a week that has some, as in 2026-W40")


@router.get(
    "/label-plan",
    summary="What next week's answers will buy",
    responses=documented(
        *reading("report"), NO_MESSAGES, ModelNotFound("models", "no model is in use")
    ),
)
def plan(
    runtime: RuntimeDep,
    _identity: ReportKey,
    now: Now,
    budget: Budgets = None,
    week: LikeWeek = None,
    limit: Limit = TOO_UNCERTAIN,
) -> LabelPlanOut:
    """For each budget the minutes it takes, how sure volumes will be, and what queues gain."""
    found = label_plan(runtime, budget or (), now=now, week=week, limit=limit)
    return LabelPlanOut.model_validate(found)
