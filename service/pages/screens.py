"""What all pages share: the reader's language, the frame around them, and how they fail."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from classifier.errors import WaaromError
from service.auth import csrf_token
from service.dependencies import RuntimeDep
from service.keys import Identity
from service.problems import invalid, problem_of
from service.runtime import Runtime
from service.templating import environment
from service.translations import Language, choose_language, language

LANGUAGE_COOKIE = "waarom_language"
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Screen:
    """One reader looking at one page."""

    request: Request
    runtime: Runtime
    language: Language

    def show(
        self,
        template: str,
        *,
        identity: Identity | None = None,
        here: str = "",
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """A page in the reader's language; what it shows is never kept by a cache."""
        text = environment(self.language.code).get_template(template)
        rendered = text.render(
            identity=identity,
            here=here,
            csrf=csrf_token(self.request, self.runtime) if identity else "",
            language_link=self._language_link,
            zone=self.runtime.settings.timezone,
            **values,
        )
        response = HTMLResponse(rendered, status, {"Cache-Control": "no-store"})
        if self.request.query_params.get("lang") == self.language.code:
            self._remember_language(response)
        return response

    def _language_link(self, code: str) -> str:
        if self.request.method != "GET":
            return f"/?lang={code}"
        address = self.request.url.include_query_params(lang=code)
        return f"{address.path}?{address.query}"

    def _remember_language(self, response: Response) -> None:
        response.set_cookie(
            LANGUAGE_COOKIE, self.language.code, max_age=A_YEAR, httponly=True, samesite="lax"
        )


def screen_of(request: Request, runtime: RuntimeDep) -> Screen:
    """The page's frame, in the language that the address, a cookie or the browser asks for."""
    code = choose_language(
        asked=request.query_params.get("lang"),
        remembered=request.cookies.get(LANGUAGE_COOKIE),
        accepted=request.headers.get("accept-language"),
        default=runtime.settings.language,
    )
    return Screen(request, runtime, language(code))


ScreenDep = Annotated[Screen, Depends(screen_of)]


def error_page(request: Request, runtime: Runtime, status: int) -> Response:
    """What went wrong, as a page: by its status, without what was asked for."""
    return screen_of(request, runtime).show("error.html", status=status, code=status)


class PageRoute(APIRoute):
    """A route whose errors are pages, too; anything else would be a problem document."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                return await handle(request)
            except WaaromError as error:
                return self._failed(request, error)
            except RequestValidationError as error:
                return self._failed(request, invalid(error))

        return page

    @staticmethod
    def _failed(request: Request, error: WaaromError) -> Response:
        return error_page(request, request.app.state.runtime, problem_of(error).status)


def page_router() -> APIRouter:
    return APIRouter(route_class=PageRoute, default_response_class=HTMLResponse)
