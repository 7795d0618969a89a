"""Questions to people, without Label Studio: claim, answer, skip, release."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from service import reviews
from service.api import rendering
from service.api.calls import AttemptDep, reading, writing
from service.api.messages import naming_fields
from service.api.rendering import Names
from service.auth import ReviewKey
from service.day import day
from service.dependencies import Now, RuntimeDep
from service.errors import (
    AnswerStands,
    BadRequest,
    NotFound,
    ReviewClosed,
    ReviewTaken,
    UnknownDriver,
)
from service.explanations import why
from service.idempotency import Attempt, committed, once
from service.keys import Identity
from service.messages import current_decision
from service.problems import documented
from service.runtime import Runtime, taxonomy_in_use
from service.schemas.fields import LARGEST_ID
from service.schemas.reviews import (
    DayOut,
    LabelIn,
    LabelOut,
    ReviewOut,
    ReviewStateOut,
    SimilarAnswered,
    SimilarIn,
    SimilarPage,
)
from service.similar import answer_similar, similar, take_back
from service.tables import ReviewRow

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

ReviewId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Explain = Annotated[
    bool,
    Query(description="Say which words spoke for the likeliest driver; never of a blind question."),
]
STANDS = AnswerStands(7)
MISSING, CLOSED, TAKEN = NotFound("review", 7), ReviewClosed(7, "answered"), ReviewTaken(7)


@router.post(
    "/claim",
    summary="The next question for this key",
    response_model=ReviewOut,
    responses={
        204: {"description": "Nothing left to ask."},
        **documented(*reading("review")),
    },
)
def claim(
    runtime: RuntimeDep, identity: ReviewKey, now: Now, explain: Explain = False
) -> ReviewOut | Response:
    """Yours until you answer it or the claim expires. Claiming again serves the same question, so
    this is safe to repeat."""

    def work(session: Session) -> ReviewOut | None:
        found = reviews.claim(session, runtime, person=identity.name, now=now)
        return _shown(session, runtime, found) if found else None

    claimed = committed(runtime, work)
    if claimed is None:
        return Response(status_code=204)
    return _explained(runtime, claimed) if explain else claimed


@router.get(
    "/today", summary="How far today's questions are", responses=documented(*reading("review"))
)
def today(runtime: RuntimeDep, identity: ReviewKey, now: Now) -> DayOut:
    """What this key answered today, and how many questions are left for it."""
    with runtime.reading() as session:
        found = day(session, runtime, now=now, person=identity.name)
    return DayOut(day=found.day, answered=found.answered, left=found.left, done=found.done)


@router.get("/{review_id}", summary="A question", responses=documented(*reading("review"), MISSING))
def get_review(
    runtime: RuntimeDep, _identity: ReviewKey, review_id: ReviewId, explain: Explain = False
) -> ReviewOut:
    with runtime.reading() as session:
        found = _shown(session, runtime, reviews.question(session, review_id))
    return _explained(runtime, found) if explain else found


@router.post(
    "/{review_id}/labels",
    status_code=201,
    summary="Answer a question",
    responses=documented(
        *writing("review"), MISSING, CLOSED, TAKEN, UnknownDriver("delivery.lost")
    ),
)
def answer(
    runtime: RuntimeDep,
    identity: ReviewKey,
    attempt: AttemptDep,
    now: Now,
    review_id: ReviewId,
    payload: LabelIn,
) -> LabelOut:
    """The message is routed by the answer at once."""

    def work(session: Session) -> dict[str, Any]:
        with naming_fields(payload):
            row = reviews.answer(
                session,
                runtime,
                review_id=review_id,
                label=payload.label,
                person=identity.name,
                now=now,
                note=payload.note,
                suggestion=payload.suggestion,
                personal_data=payload.personal_data,
            )
        return rendering.label(row, current_decision(session, row.message_id)).model_dump(
            mode="json"
        )

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return LabelOut.model_validate(body)


@router.post(
    "/{review_id}/skip",
    summary="Close a question without an answer",
    responses=documented(*writing("review"), MISSING, CLOSED, TAKEN),
)
def skip(
    runtime: RuntimeDep, identity: ReviewKey, attempt: AttemptDep, now: Now, review_id: ReviewId
) -> ReviewStateOut:
    """It counts as missing."""

    return _moved(runtime, identity, attempt, now, review_id, reviews.skip)


@router.post(
    "/{review_id}/release",
    summary="Give a claimed question back",
    responses=documented(*writing("review"), MISSING, CLOSED, TAKEN),
)
def release(
    runtime: RuntimeDep, identity: ReviewKey, attempt: AttemptDep, now: Now, review_id: ReviewId
) -> ReviewStateOut:
    return _moved(runtime, identity, attempt, now, review_id, reviews.release)


@router.post(
    "/{review_id}/renew",
    summary="Hold on to a claimed question",
    responses=documented(*writing("review"), MISSING, CLOSED, TAKEN),
)
def renew(
    runtime: RuntimeDep, identity: ReviewKey, attempt: AttemptDep, now: Now, review_id: ReviewId
) -> ReviewStateOut:
    """The claim lasts as long again from now on."""

    return _moved(runtime, identity, attempt, now, review_id, reviews.renew)


@router.post(
    "/{review_id}/undo",
    summary="Take back what this key just answered or skipped",
    responses=documented(*writing("review"), MISSING, STANDS),
)
def undo(
    runtime: RuntimeDep, identity: ReviewKey, attempt: AttemptDep, now: Now, review_id: ReviewId
) -> ReviewStateOut:
    """The question is yours again, and one that you hold instead is given back. What was said stays
    on record, and no longer holds."""

    def undone(session: Session, runtime: Runtime, **which: Any) -> ReviewRow:
        return reviews.undo(session, runtime, **which).review

    return _moved(runtime, identity, attempt, now, review_id, undone)


@router.get(
    "/{review_id}/similar",
    summary="Messages that say nearly the same",
    responses=documented(*reading("review"), MISSING),
)
def get_similar(runtime: RuntimeDep, _identity: ReviewKey, review_id: ReviewId) -> SimilarPage:
    """At most ten, the newest first, that nobody answered: to be offered with this question. None
    of them was drawn, so that answering them here changes no volume."""
    with runtime.reading() as session:
        found = similar(session, runtime, review_id)
    return SimilarPage(items=[rendering.similar(each.message) for each in found])


@router.post(
    "/{review_id}/similar",
    status_code=201,
    summary="Give the answer to messages that say nearly the same",
    responses=documented(*writing("review"), MISSING, BadRequest("messages", "10433 is not alike")),
)
def post_similar(
    runtime: RuntimeDep,
    identity: ReviewKey,
    attempt: AttemptDep,
    now: Now,
    review_id: ReviewId,
    payload: SimilarIn,
) -> SimilarAnswered:
    """The answer that the question got. They are routed by it and train; no volume sees them."""

    def work(session: Session) -> dict[str, Any]:
        rows = answer_similar(
            session, runtime, review_id, payload.messages, person=identity.name, now=now
        )
        return {"messages": [row.message_id for row in rows]}

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return SimilarAnswered.model_validate(body)


@router.post(
    "/{review_id}/similar/undo",
    summary="Take back the answer this key just gave to similar messages",
    responses=documented(*writing("review"), MISSING, STANDS),
)
def undo_similar(
    runtime: RuntimeDep, identity: ReviewKey, attempt: AttemptDep, now: Now, review_id: ReviewId
) -> SimilarAnswered:
    """They are routed as before. What was said stays on record, and no longer holds."""

    def work(session: Session) -> dict[str, Any]:
        taken = take_back(session, runtime, review_id=review_id, person=identity.name, now=now)
        return {"messages": taken}

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return SimilarAnswered.model_validate(body)


def _moved(
    runtime: Runtime,
    identity: Identity,
    attempt: Attempt,
    now: datetime,
    review_id: int,
    move: Callable[..., ReviewRow],
) -> ReviewStateOut:
    """What a question is after one of the moves of `service.reviews`, made once an attempt."""

    def work(session: Session) -> dict[str, Any]:
        row = move(session, runtime, review_id=review_id, person=identity.name, now=now)
        return {"id": row.id, "state": row.state}

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return ReviewStateOut.model_validate(body)


def _shown(session: Session, runtime: Runtime, question: reviews.Question) -> ReviewOut:
    names = Names(taxonomy_in_use(session, runtime), runtime.settings.language)
    routed = current_decision(session, question.message.id)
    return rendering.review(question, routed, names, runtime.settings)


def _explained(runtime: Runtime, shown: ReviewOut) -> ReviewOut:
    """With what the words said of the proposal, found again outside any transaction that writes."""
    with runtime.reading() as session:
        question = reviews.question(session, shown.id)
    made = why(runtime, question.message, question.prediction)
    return shown.model_copy(update={"explanation": rendering.explanation(made)})
