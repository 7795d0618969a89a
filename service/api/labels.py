"""The labels of messages, to follow or to take along."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from service.api.calls import reading
from service.auth import MessagesKey
from service.dependencies import RuntimeDep
from service.exporting import ExportedLabel, Picked, exported
from service.exporting.formats import DIGITS, predicted
from service.problems import documented
from service.schemas.fields import Cursor, PageSize
from service.schemas.labels import ExportedLabelOut, LabelPage, SaidOut

router = APIRouter(prefix="/v1/labels", tags=["messages"])

Since = Annotated[AwareDatetime | None, Query(description="Only labels given then or after.")]
Counts = Annotated[bool, Query(description="Only labels that correct volumes.")]
Leaking = Annotated[
    bool, Query(description="Only those of messages that still hold personal data, people say.")
]
People = Annotated[
    bool, Query(description="Say who answered, by a pseudonym; takes a key with scope `admin`.")
]


@router.get(
    "",
    summary="What people said of messages, and how each message was chosen",
    responses=documented(*reading("messages")),
)
def get_labels(
    runtime: RuntimeDep,
    identity: MessagesKey,
    after: Cursor = "0",
    limit: PageSize = 100,
    since: Since = None,
    counts: Counts = False,
    personal_data: Leaking = False,
    people: People = False,
) -> LabelPage:
    """One label a message: the newest answer. In the order in which they were stored, so that one
    poll follows what is new; an answer that was taken back does not say so here."""
    if people:
        identity.require("admin")
    picked = Picked(since=since, counts=counts, personal_data=personal_data, people=people)
    with runtime.reading() as session:
        found = list(exported(session, runtime, picked, after=int(after), limit=limit))
    last = str(found[-1].number) if found else after
    return LabelPage(items=[_out(each) for each in found], next=last)


def _out(each: ExportedLabel) -> ExportedLabelOut:
    return ExportedLabelOut(
        id=each.number,
        message_id=each.message_id,
        external_id=each.external_id,
        text=each.text,
        subject=each.subject,
        channel=each.channel,
        language=each.language,
        received_at=each.received_at,
        attributes=dict(each.attributes),
        driver=each.label.primary,
        also=list(each.label.also),
        note=each.note,
        suggestion=each.suggestion,
        personal_data=each.personal_data,
        chosen=each.chosen,
        inclusion=each.inclusion,
        counts=each.counts,
        asked=each.asked,
        origin=each.origin,
        door=each.door,
        person=each.person,
        answered_at=each.answered_at,
        taxonomy=each.taxonomy,
        prediction=_said(each),
    )


def _said(each: ExportedLabel) -> SaidOut | None:
    said = each.prediction
    if said is None:
        return None
    return SaidOut(
        model=each.model,
        driver=predicted(said),
        also=list(said.also),
        score=round(said.confidence, DIGITS),
        unknown=round(said.unknown, DIGITS),
    )
