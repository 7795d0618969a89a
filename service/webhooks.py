"""Calls from other systems: hints that there is something to collect, never the truth itself."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header

from service.dependencies import Now, RuntimeDep
from service.idempotency import committed
from service.problems import Invalid, Unavailable, WebhookRefused, documented
from service.schemas.problems import FieldError
from service.schemas.reports import HintOut
from service.sync import hint
from service.sync.hints import HEADER

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
