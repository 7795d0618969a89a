"""A message as it stands, corrections of it, and the feed of decisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from classifier.redaction import redact
from service.api import rendering
from service.api.calls import AttemptDep, reading, writing
from service.api.rendering import Names
from service.auth import ClassifyKey, ReviewKey
from service.dependencies import Now, RuntimeDep
from service.errors import NotFound, UnknownDriver
from service.idempotency import committed, once
from service.labels import Answer, record, withdraw
from service.messages import current_decision, decisions_after, find, view
from service.problems import Located, documented
from service.runtime import taxonomy_in_use
from service.schemas.fields import LARGEST_ID, Cursor, PageSize, Words
from service.schemas.messages import DecisionPage, MessageOut
from service.schemas.reviews import LabelIn, LabelOut
from service.tables import LabelRow

router = APIRouter(prefix="/v1", tags=["messages"])
DOOR = "correction"

MessageName = Annotated[
    Words, Path(description="Our id of the message, or `external:` followed by yours.")
]


@router.post(
    "/messages/{message_id:path}/labels",
    status_code=201,
    summary="Correct the driver of a message",
    responses=documented(*writing("review"), NotFound("message", 7), UnknownDriver("delivery")),
)
def correct(
    runtime: RuntimeDep,
    identity: ReviewKey,
    attempt: AttemptDep,
    now: Now,
    message_id: MessageName,
    payload: LabelIn,
) -> LabelOut:
    """The message is routed anew at once. A correction teaches the model; volumes stay as they
    are, because nobody drew this message to be measured."""

    def work(session: Session) -> dict[str, Any]:
        given = Answer(
            message_id=find(session, runtime, message_id),
            label=payload.label,
            person=identity.name,
            door=DOOR,
            door_ref=attempt.name(identity.key_id) or uuid4().hex,
            answered_at=now,
            note=redact(payload.note, key=runtime.secret),
            suggestion=redact(payload.suggestion, key=runtime.secret),
            personal_data=payload.personal_data,
        )
        with naming_fields(payload):
            (row,) = record(session, runtime, [given], now=now)
        return rendering.label(row, current_decision(session, row.message_id)).model_dump(
            mode="json"
        )

    body = once(runtime, attempt, work, api_key_id=identity.key_id, now=now)
    return LabelOut.model_validate(body)


@router.delete(
    "/messages/{message_id:path}/labels/{label_id}",
    summary="Take a correction back",
    responses=documented(*reading("review"), NotFound("correction", 311)),
)
def take_back(
    runtime: RuntimeDep,
    identity: ReviewKey,
    now: Now,
    message_id: MessageName,
    label_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
) -> MessageOut:
    """The message is routed as it was before: by the answer that is newest then, or by the model.
    Taking it back twice is the same as once. What other keys gave takes the scope `admin`."""

    def work(session: Session) -> MessageOut:
        message = find(session, runtime, message_id)
        row = session.get(LabelRow, label_id)
        if row is None or row.message_id != message or row.door != DOOR:
            raise NotFound("correction", label_id)
        if row.person != identity.name:
            identity.require("admin")
        if row.current:
            withdraw(session, runtime, DOOR, [row.door_ref], now=now)
        names = Names(taxonomy_in_use(session, runtime), runtime.settings.language)
        return rendering.message(view(session, message), names)

    return committed(runtime, work)


@contextmanager
def naming_fields(payload: LabelIn) -> Iterator[None]:
    """Say which field of a label names a driver we do not know."""
    try:
        yield
    except UnknownDriver as error:
        if error.driver == payload.driver:
            raise Located(error, "/driver") from error
        raise Located(error, f"/also/{payload.also.index(error.driver)}") from error


@router.get(
    "/messages/{message_id:path}",
    summary="A message as it stands: driver, queue, review",
    responses=documented(*reading("classify"), NotFound("message", 7)),
)
def get_message(runtime: RuntimeDep, _identity: ClassifyKey, message_id: MessageName) -> MessageOut:
    """Without its text."""
    with runtime.reading() as session:
        names = Names(taxonomy_in_use(session, runtime), runtime.settings.language)
        return rendering.message(view(session, find(session, runtime, message_id)), names)


@router.get(
    "/decisions",
    summary="Decisions as they are made and changed",
    responses=documented(*reading("classify")),
)
def get_decisions(
    runtime: RuntimeDep, _identity: ClassifyKey, after: Cursor = "0", limit: PageSize = 100
) -> DecisionPage:
    """Without gaps, in order: keep `next` and send it as `after`. The last decision of a message
    is the one that holds."""
    with runtime.reading() as session:
        found = decisions_after(session, int(after), limit)
    items = [rendering.decision(row, external_id) for row, external_id in found]
    return DecisionPage(items=items, next=str(items[-1].position) if items else after)
