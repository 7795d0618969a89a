"""Logging in with a key, and out."""

from typing import Annotated

from fastapi import Depends, Form, Query, Response
from fastapi.responses import RedirectResponse

from service.auth import log_in, log_out, posted_form, safe_page
from service.errors import NotIdentified
from service.pages.screens import ScreenDep, page_router
from service.problems import TooManyAttempts

router = page_router()


@router.get("/login")
def login_page(
    screen: ScreenDep, next_page: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    return screen.show("login.html", next_page=safe_page(next_page), failed="")


@router.post("/login")
def login(
    screen: ScreenDep,
    key: Annotated[str, Form(max_length=200)] = "",
    next_page: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """On to the page asked for with a session cookie, or the form again."""
    page = safe_page(next_page)
    response = RedirectResponse(page, status_code=303)
    try:
        log_in(screen.request, response, key)
    except NotIdentified:
        return screen.show("login.html", status=401, next_page=page, failed="key")
    except TooManyAttempts:
        return screen.show("login.html", status=429, next_page=page, failed="often")
    return response


@router.post("/logout", dependencies=[Depends(posted_form)])
def logout() -> Response:
    response = RedirectResponse("/login", status_code=303)
    log_out(response)
    return response
