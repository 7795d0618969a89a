"""The application over HTTP, put together from its parts; nothing happens at import."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import api, health, live, metrics, pages, webhooks
from service.api.arrivals import store_together
from service.auth import redirect_to_login
from service.callers import look_up
from service.dependencies import utc_now
from service.gathering import Gathering
from service.limits import BodyLimit, body_limit
from service.metrics import Metrics, Timed
from service.problems import handle_problems
from service.runtime import Runtime, open_runtime
from service.schemas.problems import Problem
from service.settings import Settings

STATIC = Path(__file__).parent / "static"

DESCRIPTION = """Messages come in, drivers come out, people answer a known-probability sample, and
every number says how sure it is. Calls need a key as `Authorization: Bearer <key>`; errors are
`application/problem+json`."""

TAGS = [
    {"name": "classify", "description": "Messages in, drivers and queues out."},
    {"name": "messages", "description": "What was made of a message; corrections; the feed."},
    {"name": "reviews", "description": "Questions to people."},
    {"name": "drivers", "description": "Volumes with intervals, and the messages behind them."},
    {"name": "queues", "description": "What the model may do for each queue, and the promise."},
    {"name": "in use", "description": "Models and the taxonomy."},
    {"name": "webhooks", "description": "Hints from other systems."},
    {"name": "operation", "description": "Alive, able to answer, figures for Prometheus."},
]

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' data:; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    settings: Settings,
    *,
    runtime: Runtime | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The whole application. A runtime that is given stays open when the application stops; else
    it opens one when it starts. `clock` gives an aware moment."""
    app = FastAPI(
        title="Waarom",
        version=version("waarom"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_lifespan, settings, runtime),
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.clock = clock
    app.state.metrics = Metrics()
    handle_problems(app, page=pages.error_page)
    redirect_to_login(app)
    for each in (api, webhooks, live, health, metrics, pages):
        app.include_router(each.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(BodyLimit, limit=partial(body_limit, settings))
    app.add_middleware(Guarded)
    app.add_middleware(Timed, metrics=app.state.metrics)
    app.openapi = partial(_openapi, app, app.openapi)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(settings: Settings, given: Runtime | None, app: FastAPI) -> AsyncIterator[None]:
    runtime = given or open_runtime(settings)
    app.state.runtime = runtime
    app.state.callers = callers = Gathering(partial(look_up, runtime))
    app.state.arrivals = arrivals = Gathering(partial(store_together, runtime), size=len)
    runtime.keep_warm()
    try:
        yield
    finally:
        await callers.finish()
        await arrivals.finish()
        if given is None:
            runtime.close()


def _openapi(app: FastAPI, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The document as FastAPI makes it, with the schema every error refers to."""
    if app.openapi_schema is None:
        schemas = made().setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, schema in problem.pop("$defs", {}).items():
            schemas.setdefault(name, schema)
        schemas.setdefault("Problem", problem)
    return made()


class Guarded:
    """Headers that keep a browser from doing more with our answers than showing them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
