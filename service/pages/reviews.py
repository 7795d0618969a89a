"""Answering questions in the browser: one message, one form, one at a time."""

from datetime import datetime
from typing import Annotated

from fastapi import Header, Query, Response
from fastapi.responses import RedirectResponse

from service import reviews
from service.auth import FormIdentity, PageIdentity
from service.day import day
from service.dependencies import Now
from service.errors import AnswerStands, ReviewClosed, ReviewTaken, UnknownDriver
from service.keys import Identity
from service.pages.question import (
    Given,
    GivenDep,
    Happened,
    Was,
    given_before,
    show_question,
)
from service.pages.screens import Screen, ScreenDep, page_router
from service.reviews import Question
from service.schemas.fields import LARGEST_ID, RowId

router = page_router()

Last = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
Swap = Annotated[
    bool, Header(alias="Waarom-Swap", description="Answer with the next page, not with its place.")
]


class _Revised(Exception):
    """The message says something else than when it was read."""


@router.get("/reviews")
def overview(
    screen: ScreenDep, identity: PageIdentity, now: Now, was: Was = "", last: Last = None
) -> Response:
    """How many questions are left, and the way to the next one."""
    identity.require("review")
    return _overview(screen, identity, now, Happened(was, last))


@router.post("/reviews/claim")
def claim(screen: ScreenDep, identity: FormIdentity, now: Now, swap: Swap = False) -> Response:
    identity.require("review")
    return _next(screen, identity, now, Happened(), swap=swap)


@router.get("/reviews/{review_id}")
def review_page(
    review_id: RowId,
    screen: ScreenDep,
    identity: PageIdentity,
    now: Now,
    was: Was = "",
    last: Last = None,
) -> Response:
    """The question, for whoever holds it; for anybody else the way to another one."""
    identity.require("review")
    with screen.runtime.reading() as session:
        question = reviews.question(session, review_id)
    if question.review.state != "claimed" or question.review.claimed_by != identity.name:
        happened = _became(screen, identity, review_id)
        return RedirectResponse(happened.after("/reviews"), status_code=303)
    return _question(screen, identity, now, question, Happened(was, last))


@router.post("/reviews/{review_id}/answer")
def answer(
    review_id: RowId,
    screen: ScreenDep,
    identity: FormIdentity,
    now: Now,
    form: GivenDep,
    swap: Swap = False,
) -> Response:
    """Store the answer and go on to the next question; where it cannot be stored, say why and lose
    nothing of it."""
    identity.require("review")
    try:
        _store(screen, identity, now, review_id, form)
    except UnknownDriver:
        problem = "left" if form.driver else "missing"
        return _kept(screen, identity, now, review_id, form, problem=problem)
    except _Revised:
        return _kept(screen, identity, now, review_id, form, problem="revised")
    except ReviewTaken:
        return _kept(screen, identity, now, review_id, form, problem="taken")
    except (ReviewClosed, AnswerStands):
        return _kept(screen, identity, now, review_id, form, problem="closed")
    return _next(screen, identity, now, Happened("answered", review_id), swap=swap)


@router.post("/reviews/{review_id}/skip")
def skip(
    review_id: RowId, screen: ScreenDep, identity: FormIdentity, now: Now, swap: Swap = False
) -> Response:
    """Close the question without an answer, and go on to the next one."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            reviews.skip(
                session, screen.runtime, review_id=review_id, person=identity.name, now=now
            )
    except (ReviewClosed, ReviewTaken):
        happened = _became(screen, identity, review_id)
        return _next(screen, identity, now, happened, swap=swap)
    return _next(screen, identity, now, Happened("skipped", review_id), swap=swap)


@router.post("/reviews/{review_id}/undo")
def undo(
    review_id: RowId, screen: ScreenDep, identity: FormIdentity, now: Now, swap: Swap = False
) -> Response:
    """Back to the question before, with what was said of it filled in."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            question = reviews.undo(
                session, screen.runtime, review_id=review_id, person=identity.name, now=now
            )
    except AnswerStands:
        with screen.runtime.reading() as session:
            question = reviews.question(session, review_id)
        if question.review.state != "claimed" or question.review.claimed_by != identity.name:
            return _next(screen, identity, now, Happened("stands"), swap=swap)
    return _to(screen, identity, now, question, Happened("undone"), swap=swap)


@router.post("/reviews/{review_id}/release")
def release(review_id: RowId, screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    """Give the question back and stop."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            reviews.release(
                session, screen.runtime, review_id=review_id, person=identity.name, now=now
            )
    except (ReviewClosed, ReviewTaken):
        happened = _became(screen, identity, review_id)
        return RedirectResponse(happened.after("/reviews"), status_code=303)
    return RedirectResponse("/reviews?was=released", status_code=303)


@router.post("/reviews/{review_id}/renew")
def renew(
    review_id: RowId, screen: ScreenDep, identity: FormIdentity, now: Now, leaving: bool = False
) -> Response:
    """Somebody is still at work on the question, or is leaving its page."""
    identity.require("review")
    with screen.runtime.writing() as session:
        reviews.renew(
            session,
            screen.runtime,
            review_id=review_id,
            person=identity.name,
            now=now,
            leaving=leaving,
        )
    return Response(status_code=204)


def _store(screen: Screen, identity: Identity, now: datetime, review_id: int, form: Given) -> None:
    """Store an answer. Of one that came before and was not heard back from, nothing; what says
    something else by now takes its place."""
    if not form.driver:
        raise UnknownDriver("")
    label, person = form.label, identity.name
    with screen.runtime.writing() as session:
        if form.read not in ("", reviews.question(session, review_id).message.content_hash):
            raise _Revised
        if reviews.closed_by(session, review_id, person) == "answered":
            if given_before(reviews.said_before(session, review_id, person)).same_as(form):
                return
            reviews.undo(session, screen.runtime, review_id=review_id, person=person, now=now)
        reviews.answer(
            session,
            screen.runtime,
            review_id=review_id,
            label=label,
            person=person,
            now=now,
            note=form.note,
            suggestion=form.suggestion if label.primary is None else "",
            personal_data=form.personal_data,
        )


def _became(screen: Screen, identity: Identity, review_id: int) -> Happened:
    """What became of a question that this person does not hold: what they did with it, or that
    somebody else has it."""
    with screen.runtime.reading() as session:
        closed = reviews.closed_by(session, review_id, identity.name)
    return Happened(closed, review_id) if closed else Happened("gone")


def _next(
    screen: Screen, identity: Identity, now: datetime, happened: Happened, *, swap: bool
) -> Response:
    """To the next question, or to the page that says that there is none."""
    with screen.runtime.writing() as session:
        question = reviews.claim(session, screen.runtime, person=identity.name, now=now)
    return _to(screen, identity, now, question, happened, swap=swap)


def _to(
    screen: Screen,
    identity: Identity,
    now: datetime,
    question: Question | None,
    happened: Happened,
    *,
    swap: bool,
) -> Response:
    """A page, or the way to it; a script that puts the page in place itself gets it at once."""
    page = f"/reviews/{question.review.id}" if question else "/reviews"
    address = happened.after(page)
    if not swap:
        return RedirectResponse(address, status_code=303)
    if question is None:
        shown = _overview(screen, identity, now, happened)
    else:
        shown = _question(screen, identity, now, question, happened)
    shown.headers["Content-Location"] = address
    return shown


def _overview(screen: Screen, identity: Identity, now: datetime, happened: Happened) -> Response:
    with screen.runtime.reading() as session:
        today = day(session, screen.runtime, now=now, person=identity.name)
        busy = reviews.busy(session, screen.runtime, identity.name, now=now)
        more = reviews.any_for(session, screen.runtime, identity.name, now=now)
    return screen.show(
        "reviews.html",
        identity=identity,
        here="reviews",
        day=today,
        more=more,
        busy=busy,
        happened=happened,
    )


def _question(
    screen: Screen, identity: Identity, now: datetime, question: Question, happened: Happened
) -> Response:
    with screen.runtime.reading() as session:
        undone = happened.was == "undone"
        said = reviews.said_before(session, question.review.id, identity.name) if undone else None
        return show_question(
            screen, identity, session, question, given_before(said), now=now, happened=happened
        )


def _kept(
    screen: Screen,
    identity: Identity,
    now: datetime,
    review_id: int,
    form: Given,
    *,
    problem: str,
) -> Response:
    """The question again, with all that was filled in and why it is not stored."""
    with screen.runtime.reading() as session:
        question = reviews.question(session, review_id)
        return show_question(
            screen,
            identity,
            session,
            question,
            form,
            now=now,
            happened=Happened(),
            problem=problem,
        )
