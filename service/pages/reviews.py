"""Answering questions in the browser: one message, one form, one at a time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from classifier.messages import UNKNOWN, Label
from classifier.taxonomy import Taxonomy
from service import reviews
from service.auth import FormIdentity, PageIdentity
from service.dependencies import Now
from service.errors import ReviewClosed, ReviewTaken, UnknownDriver
from service.explanations import why
from service.keys import Identity
from service.marks import marks
from service.mentions import said_of
from service.pages.screens import Screen, ScreenDep, page_router
from service.reviews import Question
from service.runtime import taxonomy_in_use
from service.tables import DecisionRow

router = page_router()
LIKELIEST = 3
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Given:
    """What was filled in so far, shown again when something is missing."""

    driver: str = ""
    also: list[str] = field(default_factory=list)
    note: str = ""
    suggestion: str = ""

    @property
    def label(self) -> Label:
        """The answer as a label; the primary driver is never also another one."""
        if self.driver == UNKNOWN:
            return Label(None)
        also = [each for each in dict.fromkeys(self.also) if each != self.driver]
        return Label(self.driver, tuple(also))


Text = Annotated[str, Form(max_length=LONGEST_NOTE)]
Was = Annotated[str, Query(max_length=20)]


def given(
    driver: Annotated[str, Form(max_length=200)] = "",
    also: Annotated[list[str] | None, Form()] = None,
    note: Text = "",
    suggestion: Text = "",
) -> Given:
    return Given(driver, also or [], note, suggestion)


GivenDep = Annotated[Given, Depends(given)]


@router.get("/reviews")
def overview(screen: ScreenDep, identity: PageIdentity, was: Was = "") -> Response:
    """How many questions are left, and the way to the next one."""
    identity.require("review")
    with screen.runtime.reading() as session:
        left = reviews.left(session, identity.name)
    return screen.show("reviews.html", identity=identity, here="reviews", left=left, was=was)


@router.post("/reviews/claim")
def claim(screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    identity.require("review")
    return _next(screen, identity, now, was="")


@router.get("/reviews/{review_id}")
def review_page(
    review_id: int, screen: ScreenDep, identity: PageIdentity, was: Was = ""
) -> Response:
    """The question, for whoever holds it; for anybody else the way to another one."""
    identity.require("review")
    with screen.runtime.reading() as session:
        question = reviews.question(session, review_id)
        if question.review.state != "claimed" or question.review.claimed_by != identity.name:
            return RedirectResponse("/reviews?was=gone", status_code=303)
        return _show(screen, identity, session, question, Given(), was=was)


@router.post("/reviews/{review_id}/answer")
def answer(
    review_id: int, screen: ScreenDep, identity: FormIdentity, now: Now, form: GivenDep
) -> Response:
    """Store the answer and go on to the next question; without a choice, ask again."""
    identity.require("review")
    try:
        if not form.driver:
            raise UnknownDriver("")
        with screen.runtime.writing() as session:
            reviews.answer(
                session,
                screen.runtime,
                review_id=review_id,
                label=form.label,
                person=identity.name,
                now=now,
                note=form.note,
                suggestion=form.suggestion if form.driver == UNKNOWN else "",
            )
    except UnknownDriver:
        return _ask_again(screen, identity, review_id, form)
    except (ReviewClosed, ReviewTaken):
        return _next(screen, identity, now, was="gone")
    return _next(screen, identity, now, was="answered")


@router.post("/reviews/{review_id}/skip")
def skip(review_id: int, screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    """Close the question without an answer, and go on to the next one."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            reviews.skip(
                session, screen.runtime, review_id=review_id, person=identity.name, now=now
            )
    except (ReviewClosed, ReviewTaken):
        return _next(screen, identity, now, was="gone")
    return _next(screen, identity, now, was="skipped")


@router.post("/reviews/{review_id}/release")
def release(review_id: int, screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    """Give the question back and stop."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            reviews.release(
                session, screen.runtime, review_id=review_id, person=identity.name, now=now
            )
    except (ReviewClosed, ReviewTaken):
        return RedirectResponse("/reviews?was=gone", status_code=303)
    return RedirectResponse("/reviews?was=released", status_code=303)


def _next(screen: Screen, identity: Identity, now: datetime, *, was: str) -> Response:
    """To the next question, or to the page that says that there is none."""
    with screen.runtime.writing() as session:
        question = reviews.claim(session, screen.runtime, person=identity.name, now=now)
        page = f"/reviews/{question.review.id}" if question else "/reviews"
    return RedirectResponse(f"{page}?was={was}" if was else page, status_code=303)


def _ask_again(screen: Screen, identity: Identity, review_id: int, form: Given) -> Response:
    with screen.runtime.reading() as session:
        question = reviews.question(session, review_id)
        return _show(screen, identity, session, question, form, was="", status=422)


def _show(
    screen: Screen,
    identity: Identity,
    session: Session,
    question: Question,
    form: Given,
    *,
    was: str,
    status: int = 200,
) -> Response:
    taxonomy = taxonomy_in_use(session, screen.runtime)
    said = _said(question, taxonomy)
    opinions = [each.primary or UNKNOWN for each in question.opinions]
    likely = [*_likeliest(question, taxonomy), *(each for each in opinions if each in taxonomy)]
    numbered = list(dict.fromkeys([*likely, *said]))
    found = why(screen.runtime, question.message, question.prediction)
    return screen.show(
        "review.html",
        identity=identity,
        here="reviews",
        status=status,
        q=question,
        form=form,
        was=was,
        missing=status == 422,
        left=reviews.left(session, identity.name),
        taxonomy=taxonomy,
        groups=_groups(taxonomy),
        numbered=numbered,
        opinions=opinions,
        said=sorted(said, key=numbered.index),
        marks=marks(question.message, question.prediction, found, numbered),
        doubts=[] if question.prediction is None else _doubts(session, question.message.id),
    )


def _likeliest(question: Question, taxonomy: Taxonomy) -> list[str]:
    """The model's first drivers; none for a blind question."""
    if question.prediction is None:
        return []
    return [driver for driver, _ in question.prediction.top if driver in taxonomy][:LIKELIEST]


def _said(question: Question, taxonomy: Taxonomy) -> list[str]:
    """The drivers the model says a message is about, where there is one beside the likeliest."""
    said = [each.driver for each in said_of(question.prediction)]
    return [each for each in said if each in taxonomy.leaves] if len(said) > 1 else []


def _doubts(session: Session, message_id: int) -> list[str]:
    query = select(DecisionRow).where(DecisionRow.message_id == message_id, DecisionRow.current)
    decision = session.scalar(query)
    return list(decision.doubts) if decision else []


def _groups(taxonomy: Taxonomy) -> list[tuple[str | None, list[str]]]:
    """The leaves under each parent, in the order of the taxonomy; those without one together."""
    groups: dict[str | None, list[str]] = {}
    for leaf in taxonomy.leaves:
        groups.setdefault(taxonomy.by_id[leaf].parent, []).append(leaf)
    return list(groups.items())
