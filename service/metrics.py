"""What Prometheus may know: how many calls, how long they took, how much waits. Never any text."""

import time
from collections.abc import Iterable, Mapping

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classifier.errors import WaaromError
from classifier.model import Model
from service.auth import ReportKey
from service.database import latest_number
from service.dependencies import RuntimeDep
from service.errors import NotAllowed, NotIdentified
from service.problems import Unavailable, documented
from service.reviews import left
from service.runtime import Runtime, taxonomy_in_use
from service.tables import OutboxRow
from service.warmth import is_warm
from service.watches import Watched, watched, withdrawals_counted

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNMATCHED = "unmatched"

router = APIRouter(tags=["operation"])


class Metrics:
    """The numbers of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = found = CollectorRegistry()
        route = ["method", "route"]
        self._calls = Counter(
            "waarom_http_requests", "Calls answered", [*route, "status"], registry=found
        )
        self._seconds = Histogram(
            "waarom_http_seconds", "Time to answer", route, buckets=SECONDS, registry=found
        )
        self._decided = Counter(
            "waarom_messages_classified", "Messages answered", ["decision"], registry=found
        )
        self._questions = Gauge("waarom_questions_waiting", "Questions unanswered", registry=found)
        self._outbox = Gauge("waarom_outbox_waiting", "Not yet sent elsewhere", registry=found)
        self._position = Gauge("waarom_decisions_position", "End of the feed", registry=found)
        self._wrong = Gauge(
            "waarom_promise_wrong_lower",
            "At least this share of what a queue on automate is sent is wrong, by its audits",
            ["queue"],
            registry=found,
        )
        self._audits = Gauge(
            "waarom_promise_audits", "Audits answered of a watched queue", ["queue"], registry=found
        )
        self._withdrawn = Counter(
            "waarom_promises_withdrawn", "Promises that audits broke", ["queue"], registry=found
        )
        self._counted: dict[str, int] = {}
        self._compiled = Gauge(
            "waarom_scorer_compiled", "1 once the model is read by machine code", registry=found
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._calls.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def classified(self, decisions: Iterable[str | None]) -> None:
        for decision in decisions:
            self._decided.labels(decision or "none").inc()

    def watching(self, session: Session, watches: Mapping[str, Watched]) -> None:
        """What is known of the promises that are watched, and how many were withdrawn ever."""
        self._wrong.clear()
        self._audits.clear()
        for queue, each in watches.items():
            self._wrong.labels(queue).set(each.lower)
            self._audits.labels(queue).set(each.answers)
        for queue, count in withdrawals_counted(session).items():
            self._withdrawn.labels(queue).inc(max(0, count - self._counted.get(queue, 0)))
            self._counted[queue] = count

    def read(self, session: Session, *, compiled: bool) -> bytes:
        """The text Prometheus scrapes, with what waits in the database at this moment, and whether
        the model in use is read by its compiled scorer."""
        self._compiled.set(compiled)
        waiting = select(func.count()).where(OutboxRow.done_at.is_(None))
        self._questions.set(left(session))
        self._outbox.set(session.scalar(waiting) or 0)
        self._position.set(latest_number(session, "decisions"))
        return generate_latest(self.registry)


class Timed:
    """Measures every call under the pattern of its route, never under its address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.answered(_method(scope), _route(scope), status, seconds)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"example": "waarom_questions_waiting 12.0\n"}}},
        **documented(NotIdentified(), NotAllowed("report"), Unavailable()),
    },
)
def metrics(request: Request, runtime: RuntimeDep, _identity: ReportKey) -> Response:
    """Needs a key with the scope `report`, also from this machine."""
    found: Metrics = request.app.state.metrics
    model = _model(runtime)
    with runtime.reading() as session:
        watches = watched(session, model, taxonomy_in_use(session, runtime)) if model else {}
        found.watching(session, watches)
        content = found.read(session, compiled=model is not None and is_warm(model))
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _model(runtime: Runtime) -> Model | None:
    try:
        return runtime.current_model()
    except WaaromError:  # /readyz says so
        return None


def _route(scope: Scope) -> str:
    if scope.get("root_path", "").endswith("/static"):
        return "/static"
    return str(getattr(scope.get("route"), "path_format", UNMATCHED))


def _method(scope: Scope) -> str:
    """A method anybody may have made up must not become a new label."""
    known = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
    return scope["method"] if scope["method"] in known else "OTHER"
