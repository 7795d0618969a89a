"""The ladder of queues in the browser: where each stands, and the buttons that move one."""

from typing import Annotated

from fastapi import Form, Query, Response
from fastapi.responses import RedirectResponse

from classifier.errors import ModelNotFound
from classifier.promise import Rung
from service import standings
from service.auth import FormIdentity, PageIdentity
from service.dependencies import Now
from service.errors import ClimbRefused
from service.keys import Identity
from service.pages.screens import Screen, ScreenDep, page_router
from service.queues import overview

router = page_router()
LONGEST_WHY = 1000
Was = Annotated[str, Query(max_length=20)]


@router.get("/queues")
def queues_page(screen: ScreenDep, identity: PageIdentity, was: Was = "") -> Response:
    """Every queue with its rung, what is promised of it, and what it still takes."""
    identity.require("report")
    return _show(screen, identity, was=was)


@router.post("/queues/check")
def check(screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    """Look at the answers that count."""
    identity.require("admin")
    try:
        found = standings.check(screen.runtime, person=identity.name, now=now)
    except ModelNotFound:
        return RedirectResponse("/queues", status_code=303)
    was = "wait" if found.wait else "fallen" if found.fallen else "checked"
    return RedirectResponse(f"/queues?was={was}", status_code=303)


@router.post("/queues/move")
def move(
    screen: ScreenDep,
    identity: FormIdentity,
    now: Now,
    queue: Annotated[str, Form(max_length=200)],
    rung: Annotated[Rung, Form()],
    why: Annotated[str, Form(max_length=LONGEST_WHY)] = "",
) -> Response:
    """Move one queue; without the promise it stays, and the page says what it takes."""
    identity.require("admin")
    try:
        with screen.runtime.writing() as session:
            standings.move(
                session, screen.runtime, queue, rung, person=identity.name, now=now, why=why
            )
    except ClimbRefused:
        return _show(screen, identity, was="refused", refused=queue, status=409)
    return RedirectResponse("/queues?was=moved", status_code=303)


def _show(
    screen: Screen, identity: Identity, *, was: str, refused: str = "", status: int = 200
) -> Response:
    with screen.runtime.reading() as session:
        found = overview(session, screen.runtime)
    return screen.show(
        "queues.html",
        identity=identity,
        here="queues",
        status=status,
        found=found,
        was=was,
        refused=next((each for each in found.queues if each.name == refused), None),
        manages="admin" in identity.scopes,
    )
