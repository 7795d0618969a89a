"""The ladder of queues: where each stands, and a person who moves one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from classifier.errors import ModelNotFound
from service import standings
from service.api.calls import AttemptDep, reading, writing
from service.auth import AdminKey, ReportKey
from service.dependencies import Now, RuntimeDep
from service.errors import ClimbRefused, NotFound
from service.idempotency import once
from service.problems import documented
from service.queues import overview
from service.runtime import Runtime
from service.schemas.queues import CheckOut, QueueOut, QueuesOut, RungIn

router = APIRouter(prefix="/v1/queues", tags=["queues"])
QueueName = Annotated[str, Path(max_length=200, examples=["logistics"])]
REFUSED = ClimbRefused(
    "logistics",
    "It needs 19 more answers to drawn questions of which the model was at least 93.0% sure, if as "
    "many stay right; 40 of 40 are right so far.",
)


@router.get("", summary="Where every queue stands", responses=documented(*reading("report")))
def queues(runtime: RuntimeDep, _identity: ReportKey) -> QueuesOut:
    """What the model may do for each queue, what is promised of it, and what it still takes."""
    with runtime.reading() as session:
        return QueuesOut.model_validate(overview(session, runtime))


@router.post(
    "/check",
    summary="Look at the labels that count for the promises",
    responses=documented(*writing("admin"), ModelNotFound("models", "no model is in use")),
)
def check(runtime: RuntimeDep, identity: AdminKey, now: Now) -> CheckOut:
    """Nobody goes up by it; a queue on automate falls to select when its promise is not held.
    Safe to repeat: the same labels show the same."""
    return CheckOut.model_validate(standings.check(runtime, person=identity.name, now=now))


@router.post(
    "/{queue}/rung",
    summary="Move a queue up or down the ladder",
    responses=documented(*writing("admin"), NotFound("queue", "logistics"), REFUSED),
)
def move(
    runtime: RuntimeDep,
    identity: AdminKey,
    attempt: AttemptDep,
    now: Now,
    queue: QueueName,
    payload: RungIn,
) -> QueueOut:
    """Down at once, up one rung at a time; to automate only with the promise."""

    def work(session: Session) -> dict[str, Any]:
        standings.move(
            session,
            runtime,
            queue,
            payload.rung,
            person=identity.name,
            now=now,
            why=payload.why,
        )
        return _shown(session, runtime, queue)

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return QueueOut.model_validate(body)


def _shown(session: Session, runtime: Runtime, queue: str) -> dict[str, Any]:
    (found,) = [each for each in overview(session, runtime).queues if each.name == queue]
    return QueueOut.model_validate(found).model_dump(mode="json")
