"""What the calls share: being recognized when they are made again, and the errors of each kind."""

from typing import Annotated

from fastapi import Depends, Header, Request

from classifier.errors import WaaromError
from service.dependencies import RuntimeDep
from service.errors import KeyReused, NotAllowed, NotIdentified
from service.idempotency import Attempt, attempt_of
from service.problems import Invalid, TooLarge, Unavailable
from service.schemas.problems import FieldError

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="Any text of your own; the same key gets the same answer, done once.",
    ),
]

BAD_FIELD = Invalid([FieldError(pointer="/driver", detail="Field required")])
BAD_PARAMETER = Invalid([FieldError(parameter="limit", detail="Input should be a valid integer")])
BODY_TOO_LARGE = TooLarge("request", 1_065_536)


async def recognized(
    request: Request, runtime: RuntimeDep, idempotency_key: IdempotencyKey = None
) -> Attempt:
    """This call, so that it can be told when it is made again."""
    body = await request.body()
    address = f"{request.url.path}?{request.url.query}"
    return attempt_of(runtime.secret, idempotency_key, request.method, address, body)


AttemptDep = Annotated[Attempt, Depends(recognized)]


def reading(scope: str) -> tuple[WaaromError, ...]:
    """The errors of a call that reads with a key of this scope; '' for any key."""
    refused = (NotIdentified(), NotAllowed(scope)) if scope else (NotIdentified(),)
    return (*refused, BAD_PARAMETER, Unavailable())


def writing(scope: str) -> tuple[WaaromError, ...]:
    """The errors of a call that changes something with a key of this scope."""
    refused = NotIdentified(), NotAllowed(scope)
    return (*refused, BODY_TOO_LARGE, BAD_FIELD, KeyReused(), Unavailable())
