"""Calls from other systems: hints that there is something to collect, never the truth itself."""

import hmac
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.dependencies import Now, RuntimeDep
from service.idempotency import committed
from service.problems import Invalid, Unavailable, WebhookRefused, documented
from service.schemas.problems import FieldError
from service.schemas.reports import HintOut
from service.tables import OutboxRow

PULL = "label_studio_pull"
HEADER = "X-Waarom-Secret"
BAD_HEADER = Invalid(
    [FieldError(parameter=HEADER.lower(), detail="Input should be a valid string")]
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post(
    "/label-studio",
    status_code=202,
    summary="A hint that Label Studio has answers to collect",
    responses=documented(WebhookRefused(HEADER), BAD_HEADER, Unavailable()),
)
def label_studio(
    runtime: RuntimeDep, now: Now, x_waarom_secret: Annotated[str, Header()] = ""
) -> HintOut:
    """Needs the header `X-Waarom-Secret` instead of a key. The body is not read: it carries the
    project's secrets, and the worker asks Label Studio itself what changed."""
    expected = runtime.settings.webhook_secret
    given = x_waarom_secret.encode()
    if expected is None or not hmac.compare_digest(expected.get_secret_value().encode(), given):
        raise WebhookRefused(HEADER)
    committed(runtime, lambda session: hint(session, now=now))
    return HintOut(status="noted")


def hint(session: Session, *, now: datetime) -> None:
    """Ask the worker to collect soon; hints that nobody acted on yet become one."""
    waiting = select(OutboxRow.id).where(OutboxRow.door == PULL, OutboxRow.done_at.is_(None))
    if session.scalar(waiting.limit(1)) is None:
        session.add(OutboxRow(door=PULL, payload={}, made_at=now, due_at=now))
