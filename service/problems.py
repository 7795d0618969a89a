"""Errors as `application/problem+json` (RFC 9457): one table, one shape, no input echoed."""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from classifier.errors import BadFile, BadModel, BadTaxonomy, ModelNotFound, WaaromError
from service.errors import (
    AnswerStands,
    BadRequest,
    ClimbRefused,
    ContentConflict,
    KeyReused,
    NotAllowed,
    NotFound,
    NotIdentified,
    ReviewClosed,
    ReviewTaken,
    UnknownDriver,
)
from service.runtime import Runtime
from service.schemas.problems import FieldError, Problem

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2
SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,39}")


class TooLarge(WaaromError):
    """A request or a message beyond a limit, `limit` in bytes or in messages."""

    def __init__(self, what: str, limit: int, unit: str = "bytes") -> None:
        super().__init__(f"The {what} is larger than the {limit:,} {unit} accepted here.")


class Invalid(WaaromError):
    """Fields that cannot be used, each with its place."""

    def __init__(self, fields: Sequence[FieldError]) -> None:
        self.fields = list(fields)
        super().__init__("The request cannot be used; `errors` says what to change.")


class Unavailable(WaaromError):
    """The database does not answer or is busy: nothing was stored, the call may be repeated."""

    def __init__(self) -> None:
        super().__init__("The database is busy or out of reach; nothing was stored, try again.")


class TooManyAttempts(WaaromError):
    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"Too many failed attempts; try again in {seconds} seconds.")


class FormExpired(WaaromError):
    def __init__(self) -> None:
        super().__init__("This form is no longer valid; reload the page and send it again.")


class WebhookRefused(WaaromError):
    def __init__(self, header: str) -> None:
        super().__init__(f"Send the webhook secret (WAAROM_WEBHOOK_SECRET) as {header}.")


class Located(WaaromError):
    """An error and the field of the request it is about, as a JSON pointer."""

    def __init__(self, error: WaaromError, pointer: str) -> None:
        self.error, self.pointer = error, pointer
        super().__init__(str(error))


STATUS: Final[Mapping[type[WaaromError], int]] = {
    NotIdentified: 401,
    WebhookRefused: 401,
    NotAllowed: 403,
    FormExpired: 403,
    NotFound: 404,
    ReviewClosed: 409,
    ReviewTaken: 409,
    AnswerStands: 409,
    ContentConflict: 409,
    ClimbRefused: 409,
    TooLarge: 413,
    Invalid: 422,
    BadRequest: 422,
    UnknownDriver: 422,
    KeyReused: 422,
    TooManyAttempts: 429,
    Unavailable: 503,
    BadFile: 503,
    BadTaxonomy: 503,
    BadModel: 503,
    ModelNotFound: 503,
}
"""What each error means in HTTP; a model or a taxonomy that cannot be used is ours to repair."""


class Refused(HTTPException):
    """One of our errors where FastAPI hands on nothing but its own: while it reads a body."""

    def __init__(self, error: WaaromError) -> None:
        self.error = error
        super().__init__(STATUS[type(error)], str(error))


UNEXPECTED: Final = "Something went wrong here; the log of the service says what."


def problem_of(error: WaaromError) -> Problem:
    """How an error reads over HTTP."""
    if isinstance(error, Located):
        field = FieldError(pointer=error.pointer, detail=str(error))
        return problem_of(error.error).model_copy(update={"errors": [field]})
    kind = next((each for each in type(error).__mro__ if each in STATUS), None)
    return Problem(
        type=f"urn:waarom:problem:{_words(type(error).__name__, '-')}",
        title=_words(type(error).__name__, " ").capitalize(),
        status=STATUS[kind] if kind else 500,
        detail=str(error),
        errors=_fields(error),
    )


def invalid(error: RequestValidationError | ValidationError, root: str = "") -> Invalid:
    """What is wrong with each field, without what was sent.

    `root` is the pointer of the validated value inside the request.
    """
    found = error.errors()
    if isinstance(error, RequestValidationError):
        return Invalid(
            [_field(each["loc"][1:], str(each["loc"][0]), each["msg"]) for each in found]
        )
    return Invalid([_field(each["loc"], "body", each["msg"], root) for each in found])


def problem_response(error: WaaromError) -> Response:
    problem = problem_of(error)
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=_headers(error),
    )


def documented(*errors: WaaromError) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation: per status, the errors it can answer with as examples."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        problem = problem_of(error)
        entry = found.setdefault(problem.status, _response_entry(problem))
        examples = entry["content"][MEDIA_TYPE]["examples"]
        examples[type(error).__name__] = {"value": problem.model_dump(exclude_none=True)}
    return found


ErrorPage = Callable[[Request, Runtime, int], Response]


def handle_problems(app: FastAPI, *, page: ErrorPage) -> None:
    """Every error of this application leaves as a problem document; `page` renders a status for
    a browser that asked for a page that is not there."""

    @app.exception_handler(WaaromError)
    def _ours(_request: Request, error: WaaromError) -> Response:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    def _fields_of_a_request(_request: Request, error: RequestValidationError) -> Response:
        return problem_response(invalid(error))

    @app.exception_handler(DBAPIError)
    def _database(_request: Request, error: DBAPIError) -> Response:
        if not is_outage(error):
            raise error
        return problem_response(Unavailable())

    @app.exception_handler(PoolTimeout)
    def _no_connection(_request: Request, _error: PoolTimeout) -> Response:
        return problem_response(Unavailable())

    @app.exception_handler(HTTPException)
    def _framework(request: Request, error: HTTPException) -> Response:
        return _of_framework(request, error, page)

    @app.exception_handler(Exception)
    def _anything_else(_request: Request, _error: Exception) -> Response:
        return _unexpected()


SQLITE_OUTAGES: Final = ("is locked", "unable to open", "disk is full", "disk I/O")
POSTGRES_OUTAGES: Final = ("40001", "40P01", "53", "55P03", "57P")
"""What trying again later may help: conflicts, no room, locks, an operator's shutdown."""


def is_outage(error: DBAPIError) -> bool:
    """Locked, full or out of reach, as against a statement that can never succeed."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    told = error.orig.args[0] if error.orig and error.orig.args else ""
    if isinstance(told, dict):  # pg8000 hands over the fields of PostgreSQL's message
        return str(told.get("C", "")).startswith(POSTGRES_OUTAGES)
    return any(each in str(told) for each in SQLITE_OUTAGES)


def _response_entry(problem: Problem) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "examples": {}}}
    return {"description": problem.title, "content": content}


def _of_framework(request: Request, error: HTTPException, page: ErrorPage) -> Response:
    if isinstance(error, Refused):
        return problem_response(error.error)
    if _is_browsing(request):
        return page(request, request.app.state.runtime, error.status_code)
    return _plain(error.status_code, str(error.detail), error.headers)


def _is_browsing(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and not request.url.path.startswith(("/v1/", "/static/"))


def _unexpected() -> Response:
    return _plain(500, UNEXPECTED, None)


def _plain(status: int, detail: str, headers: Mapping[str, str] | None) -> Response:
    problem = Problem(type="about:blank", title=_reason(status), status=status, detail=detail)
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase


def _headers(error: WaaromError) -> dict[str, str]:
    if isinstance(error, NotIdentified):
        return {"WWW-Authenticate": 'Bearer realm="waarom"'}
    if isinstance(error, NotAllowed):
        challenge = f'Bearer realm="waarom", error="insufficient_scope", scope="{error.scope}"'
        return {"WWW-Authenticate": challenge}
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def _fields(error: WaaromError) -> list[FieldError] | None:
    if isinstance(error, Invalid):
        return error.fields
    if isinstance(error, BadRequest):
        return [FieldError(parameter=error.field, detail=error.reason)]
    return None


def _field(place: Sequence[object], source: str, detail: str, root: str = "") -> FieldError:
    """`place` is a path of names and numbers; in a query, path or header it is one name."""
    if source != "body":
        return FieldError(parameter=str(place[0]) if place else source, detail=detail)
    return FieldError(pointer=root + _pointer(place), detail=detail)


def _pointer(place: Sequence[object]) -> str:
    """A JSON pointer (RFC 6901) that stops before a name only the sender can have made up."""
    parts: list[str] = []
    for part in place:
        if not isinstance(part, int) and not SAFE_NAME.fullmatch(str(part)):
            break
        parts.append(str(part))
    return "".join(f"/{part}" for part in parts)


def _words(name: str, joined: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", joined, name).lower()
