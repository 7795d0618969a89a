"""How much a call may send, told before it is read and enforced while it is."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import Refused, TooLarge, problem_response
from service.settings import Settings

AROUND_A_TEXT = 64 * 1024
"""Room for the other fields of a message and the JSON around it."""

BATCH_MESSAGE_BYTES = 32 * 1024
"""What a message takes on average in a full batch, at most."""

BATCH = "/v1/classify/batch"
LIVE = "/ml/"
"""Where Label Studio asks about any number of tasks at once."""
UNREAD = ("/v1/webhooks/",)
"""Calls whose body we do not read, and so do not measure."""


def body_limit(settings: Settings, path: str) -> int:
    """The largest body in bytes that a path accepts."""
    limit = settings.max_message_bytes + AROUND_A_TEXT
    many = path == BATCH or path.startswith(LIVE)
    return limit + settings.batch_limit * BATCH_MESSAGE_BYTES if many else limit


class BodyLimit:
    """Refuses large bodies: at once where Content-Length says so, else at the byte too many."""

    def __init__(self, app: ASGIApp, limit: Callable[[str], int]) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNREAD):
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if _announced(scope) > limit:
            await problem_response(TooLarge("request", limit))(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _counting(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise Refused(TooLarge("request", limit))
        return message

    return counted
