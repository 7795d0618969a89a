"""POST /v1/classify and its batch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from classifier.messages import RawMessage
from service.api import rendering
from service.api.arrivals import Answer, Arrival, ArrivalsDep
from service.api.calls import AttemptDep, writing
from service.api.rendering import Names
from service.callers import ClassifyCaller
from service.dependencies import Now, RuntimeDep
from service.errors import ContentConflict
from service.explanations import why
from service.intake import prepare
from service.messages import MessageView, preview, views
from service.metrics import Metrics
from service.problems import Invalid, Located, TooLarge, documented, invalid, problem_of
from service.runtime import Runtime, taxonomy_in_use
from service.schemas.messages import (
    BatchIn,
    BatchItem,
    BatchOut,
    Classified,
    ExplanationOut,
    MessageIn,
)
from service.schemas.problems import FieldError
from service.tables import MessageRow

router = APIRouter(prefix="/v1", tags=["classify"])
AHEAD = timedelta(days=1)

DryRun = Annotated[bool, Query(description="Answer without storing, drawing or asking anything.")]
Revise = Annotated[bool, Query(description="Replace the content of a known external id.")]
Explain = Annotated[
    bool, Query(description="Say which words spoke for the driver, and which against it.")
]
Item = RawMessage | BatchItem


@router.post(
    "/classify",
    summary="One message in, its driver and queue out",
    response_model=Classified,
    responses=documented(*writing("classify"), ContentConflict("zd-10421")),
)
async def classify(
    runtime: RuntimeDep,
    identity: ClassifyCaller,
    attempt: AttemptDep,
    arrivals: ArrivalsDep,
    now: Now,
    request: Request,
    payload: MessageIn,
    dry_run: DryRun = False,
    revise: Revise = False,
    explain: Explain = False,
) -> Response:
    """Stored before it is answered. The same external id and content gets the stored answer."""
    message = _raw(payload, runtime, now)
    if dry_run:
        seen = await run_in_threadpool(_previewed, runtime, message, now, explain)
        return _sent(_echoed(seen, payload.external_id))
    row = await run_in_threadpool(prepare, message, runtime, now=now)
    answer = await arrivals.join(Arrival([row], attempt, identity.key_id, now, revise))
    answer = cast(Classified, answer)
    _count(request, [answer])
    if explain:
        await run_in_threadpool(_explain, runtime, [answer])
    return _sent(_echoed(answer, payload.external_id))


@router.post(
    "/classify/batch",
    summary="Many messages at once",
    response_model=BatchOut,
    responses=documented(*writing("classify"), TooLarge("batch", 1000, "messages")),
)
async def classify_batch(
    runtime: RuntimeDep,
    identity: ClassifyCaller,
    attempt: AttemptDep,
    arrivals: ArrivalsDep,
    now: Now,
    request: Request,
    payload: BatchIn,
    dry_run: DryRun = False,
    revise: Revise = False,
    explain: Explain = False,
) -> Response:
    """An answer or an error per message, in order; what is good is stored in one transaction."""
    limit = runtime.settings.batch_limit
    if len(payload.messages) > limit:
        raise TooLarge("batch", limit, "messages")
    items = await run_in_threadpool(_checked, payload.messages, runtime, now)
    good = [each for each in items if isinstance(each, RawMessage)]
    if dry_run:
        found = await run_in_threadpool(_all_previewed, runtime, good, now, explain)
        return _sent(BatchOut(results=_in_order(items, found)))
    rows = await run_in_threadpool(_prepared, good, runtime, now)
    arrival = Arrival(rows, attempt, identity.key_id, now, revise, batch=True)
    found = cast(BatchOut, await arrivals.join(arrival)).results
    answers = [each.answer for each in found if each.answer]
    _count(request, answers)
    if explain:
        await run_in_threadpool(_explain, runtime, answers)
    return _sent(BatchOut(results=_in_order(items, found)))


def _sent(answer: Answer) -> Response:
    """Written as it is: FastAPI would check and copy it once more."""
    return Response(answer.model_dump_json(), media_type="application/json")


def _raw(payload: MessageIn, runtime: Runtime, now: datetime) -> RawMessage:
    """The message as sent. Raises `TooLarge`, or `Invalid` for one from the future."""
    limit = runtime.settings.max_message_bytes
    if len(payload.text.encode()) + len(payload.subject.encode()) > limit:
        raise Located(TooLarge("message", limit), "/text")
    if payload.received_at and payload.received_at > now + AHEAD:
        raise Invalid([FieldError(pointer="/received_at", detail="lies in the future")])
    return RawMessage(**{name: getattr(payload, name) for name in MessageIn.model_fields})


def _checked(sent: Sequence[object], runtime: Runtime, now: datetime) -> list[Item]:
    return [_checked_one(each, number, runtime, now) for number, each in enumerate(sent)]


def _checked_one(sent: object, number: int, runtime: Runtime, now: datetime) -> Item:
    try:
        return _raw(MessageIn.model_validate(sent), runtime, now)
    except ValidationError as error:
        return BatchItem(error=problem_of(invalid(error, f"/messages/{number}")))
    except (Located, Invalid) as error:
        return BatchItem(error=problem_of(_inside(error, f"/messages/{number}")))


def _prepared(messages: Sequence[RawMessage], runtime: Runtime, now: datetime) -> list[MessageRow]:
    return [prepare(each, runtime, now=now) for each in messages]


def _inside(error: Located | Invalid, root: str) -> Located | Invalid:
    """The same error, its pointers those of the whole batch."""
    if isinstance(error, Located):
        return Located(error.error, root + error.pointer)
    return Invalid(
        [each.model_copy(update={"pointer": f"{root}{each.pointer}"}) for each in error.fields]
    )


def _all_previewed(
    runtime: Runtime, messages: Sequence[RawMessage], now: datetime, explain: bool
) -> list[BatchItem]:
    return [BatchItem(answer=_previewed(runtime, each, now, explain)) for each in messages]


def _previewed(runtime: Runtime, message: RawMessage, now: datetime, explain: bool) -> Classified:
    with runtime.reading() as session:
        names = Names(taxonomy_in_use(session, runtime), runtime.settings.language)
        seen = preview(session, runtime, message, now=now)
    answer = rendering.classified(seen, names)
    if explain:
        answer.explanation = rendering.explanation(why(runtime, seen.row, seen.prediction))
    return answer


def _explain(runtime: Runtime, answers: Sequence[Classified]) -> None:
    """Add what the words said, found again: it is not kept, as it holds words."""
    with runtime.reading() as session:
        found = views(session, [each.id for each in answers if each.id is not None])
    for each in answers:
        each.explanation = _explanation(runtime, each, found.get(each.id or 0))


def _explanation(
    runtime: Runtime, answer: Classified, seen: MessageView | None
) -> ExplanationOut | None:
    if seen is None or seen.prediction is None or seen.prediction.model != answer.model:
        return None
    return rendering.explanation(why(runtime, seen.row, seen.prediction))


def _echoed(answer: Classified, external_id: str | None) -> Classified:
    """The caller's own id back, also where we keep a pseudonym of it."""
    return answer.model_copy(update={"external_id": external_id}) if external_id else answer


def _in_order(items: Sequence[Item], found: Sequence[BatchItem]) -> list[BatchItem]:
    answers = iter(found)
    return [
        _returned(next(answers), each) if isinstance(each, RawMessage) else each for each in items
    ]


def _returned(item: BatchItem, message: RawMessage) -> BatchItem:
    if item.answer is None:
        return item
    return BatchItem(answer=_echoed(item.answer, message.external_id))


def _count(request: Request, answers: Sequence[Classified]) -> None:
    metrics: Metrics = request.app.state.metrics
    metrics.classified(answer.decision for answer in answers)
