"""A real browser, for tests and pictures, that calls nobody on its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from service.studio_server import StudioServer

CHROMIUM: Final = Path("/usr/bin/chromium")
QUIET: Final = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield opened
        opened.close()


@contextmanager
def in_label_studio(server: StudioServer, **page: Any) -> Iterator[Page]:
    """A page of somebody who is logged in there; `page` as for `Browser.new_page`."""
    with browser() as opened:
        shown = opened.new_page(**page)
        shown.goto(f"{server.url}/user/login/")
        shown.fill("input[name=email]", server.username)
        shown.fill("input[name=password]", server.password)
        shown.click("button[type=submit]")
        shown.wait_for_url(lambda url: "/user/login" not in url)
        yield shown
