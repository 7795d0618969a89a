"""After an answer: the messages that say nearly the same, to be given it in one go."""

from typing import Annotated

from fastapi import Form, Response
from fastapi.responses import RedirectResponse

from service import reviews
from service.auth import FormIdentity, PageIdentity
from service.dependencies import Now
from service.errors import AnswerStands, BadRequest
from service.pages.question import Happened, Was
from service.pages.screens import ScreenDep, page_router
from service.rounds import label_of
from service.runtime import taxonomy_in_use
from service.schemas.fields import RowId
from service.similar import answer_similar, just_given, similar, take_back

router = page_router()


@router.get("/reviews/{review_id}/similar")
def similar_page(
    review_id: RowId, screen: ScreenDep, identity: PageIdentity, was: Was = ""
) -> Response:
    """What may be given the answer that this person gave to a question."""
    identity.require("review")
    with screen.runtime.reading() as session:
        said = reviews.said_before(session, review_id, identity.name)
        if said is None or not said.current:
            return RedirectResponse("/reviews", status_code=303)
        return screen.show(
            "similar.html",
            identity=identity,
            here="reviews",
            review=review_id,
            said=label_of(said),
            found=similar(session, screen.runtime, review_id),
            happened=Happened(was),
            taxonomy=taxonomy_in_use(session, screen.runtime),
        )


@router.post("/reviews/{review_id}/similar")
def give(
    review_id: RowId,
    screen: ScreenDep,
    identity: FormIdentity,
    now: Now,
    messages: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """Give the answer to those that were ticked, and go on to the next question."""
    identity.require("review")
    with screen.runtime.writing() as session:
        said = reviews.said_before(session, review_id, identity.name)
        if said is None or not said.current:
            raise BadRequest("review", "it has no answer of this person")
        person = identity.name
        answer_similar(session, screen.runtime, review_id, messages or [], person=person, now=now)
        given = just_given(session, screen.runtime, review_id=review_id, person=person, now=now)
        question = reviews.claim(session, screen.runtime, person=person, now=now)
    page = f"/reviews/{question.review.id}" if question else "/reviews"
    happened = Happened("given", review_id) if given else Happened()
    return RedirectResponse(happened.after(page), status_code=303)


@router.post("/reviews/{review_id}/similar/undo")
def undo(review_id: RowId, screen: ScreenDep, identity: FormIdentity, now: Now) -> Response:
    """Take back what they were just given, and choose again."""
    identity.require("review")
    try:
        with screen.runtime.writing() as session:
            take_back(session, screen.runtime, review_id=review_id, person=identity.name, now=now)
    except AnswerStands:
        return RedirectResponse("/reviews?was=stands", status_code=303)
    return RedirectResponse(f"/reviews/{review_id}/similar?was=chosen", status_code=303)
