"""The ladder of queues on its page: what it shows, who may move a queue, and in a real browser."""

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from service.app import create_app
from service.keys import create_key
from service.runtime import Runtime
from service.standings import check
from service.tables import StandingRow

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture
def browser(trained_runtime: Runtime) -> Iterator[TestClient]:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=lambda: NOW)
    with TestClient(app, follow_redirects=True) as client:
        client.headers["Accept-Language"] = "en"
        yield client


def log_in(browser: TestClient, runtime: Runtime, *scopes: str) -> None:
    browser.post("/login", data={"key": key(runtime, *scopes)})


def key(runtime: Runtime, *scopes: str) -> str:
    with runtime.writing() as session:
        return create_key(session, name="An", scopes=scopes, now=NOW)


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def promised(runtime: Runtime, queue: str = "logistics") -> None:
    """As after a look at 100 labels of the queue, one of them wrong."""
    check(runtime, person="An", now=NOW)
    with runtime.writing() as session:
        row = session.get_one(StandingRow, queue)
        row.threshold, row.tested, row.labels, row.evidence = 0.82, 0.82, 130, 100
        row.errors, row.lower, row.needed = 1, 0.9534, 0


def rung(runtime: Runtime, queue: str = "logistics") -> str:
    with runtime.reading() as session:
        return session.scalars(select(StandingRow.rung).where(StandingRow.queue == queue)).one()


def test_the_page_says_what_each_queue_takes(browser: TestClient, trained_runtime: Runtime) -> None:
    log_in(browser, trained_runtime, "admin")
    page = browser.get("/queues").text
    assert "Not checked for this model yet." in page
    assert "At best that takes 59 labels, all right, for one queue, and 72 for each" in page
    looked = browser.post("/queues/check", data={"csrf": csrf(page)})
    assert "The labels were looked at." in looked.text
    assert "59 more labels needed" in looked.text


def test_a_person_moves_a_queue_and_the_page_remembers(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    promised(trained_runtime)
    log_in(browser, trained_runtime, "admin")
    form = {"csrf": csrf(browser.get("/queues").text), "queue": "logistics", "rung": "automate"}
    moved = browser.post("/queues/move", data=form)
    assert "The queue was moved." in moved.text
    assert "select → automate (An; asked for)" in moved.text
    assert rung(trained_runtime) == "automate"


def test_automating_without_the_promise_is_refused_with_a_sentence(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    check(trained_runtime, person="An", now=NOW)
    log_in(browser, trained_runtime, "admin")
    form = {"csrf": csrf(browser.get("/queues").text), "queue": "finance", "rung": "automate"}
    refused = browser.post("/queues/move", data=form)
    assert refused.status_code == 409
    assert "finance cannot be automated yet." in refused.text
    assert rung(trained_runtime, "finance") == "select"


def test_whoever_only_reads_sees_no_buttons_and_moves_nothing(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    promised(trained_runtime)
    log_in(browser, trained_runtime, "report")
    page = browser.get("/queues").text
    assert "/queues/move" not in page
    form = {"csrf": csrf(page), "queue": "logistics", "rung": "automate"}
    assert browser.post("/queues/move", data=form).status_code == 403
    assert rung(trained_runtime) == "select"


def test_a_form_of_another_session_moves_nothing(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    promised(trained_runtime)
    log_in(browser, trained_runtime, "admin")
    form = {"csrf": "0" * 64, "queue": "logistics", "rung": "recommend"}
    assert browser.post("/queues/move", data=form).status_code == 403
    assert rung(trained_runtime) == "select"


def test_a_promise_of_another_model_is_said_to_have_lapsed(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    promised(trained_runtime)
    with trained_runtime.writing() as session:
        row = session.get_one(StandingRow, "logistics")
        row.rung, row.model = "automate", "2020-01-01.1"
    log_in(browser, trained_runtime, "report")
    page = browser.get("/queues").text
    assert "not promised for this model: routed as on “select”" in page
    assert "99 of 100" not in page


def test_it_speaks_dutch(browser: TestClient, trained_runtime: Runtime) -> None:
    promised(trained_runtime)
    log_in(browser, trained_runtime, "admin")
    page = browser.get("/queues?lang=nl").text
    for words in (
        "Wachtrijen",
        "vanaf 82,0\xa0% zeker",
        "99 van 100 goed",
        "Wat elke trede belooft",
    ):
        assert words in page


def opened(chromium: Browser, runtime: Runtime, live: str, size: tuple[int, int]) -> Page:
    page = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB"
    ).new_page()
    page.goto(f"{live}/queues")
    page.get_by_label("Key").fill(key(runtime, "admin"))
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Queues", exact=True)).to_be_visible()
    return page


@pytest.mark.browser
def test_in_a_browser_a_queue_goes_up_and_down(
    chromium: Browser, trained_runtime: Runtime, live: str, tmp_path: Path
) -> None:
    promised(trained_runtime)
    page = opened(chromium, trained_runtime, live, DESK)
    page.get_by_role("button", name="Automate: logistics").click()
    expect(page.get_by_text("The queue was moved.")).to_be_visible()
    page.screenshot(path=tmp_path / "queues.png", full_page=True)
    page.get_by_role("button", name="Automate: finance").click()
    expect(page.get_by_text("finance cannot be automated yet.")).to_be_visible()
    page.get_by_role("button", name="Back to “select”: logistics").click()
    expect(page.get_by_text("automate → select")).to_be_visible()


@pytest.mark.browser
def test_on_a_phone_it_never_scrolls_sideways(
    chromium: Browser, trained_runtime: Runtime, live: str, tmp_path: Path
) -> None:
    promised(trained_runtime)
    page = opened(chromium, trained_runtime, live, PHONE)
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
