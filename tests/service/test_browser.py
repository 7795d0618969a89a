"""The pages in a real browser: logging in, looking, on a phone, on paper."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from classifier.messages import Label, RawMessage
from service.app import create_app
from service.intake import receive
from service.keys import create_key
from service.labels import Answer, record
from service.runtime import Runtime, open_runtime
from service.settings import Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
LATE = "waar blijft mijn pakket, te laat en nog niet bezorgd"
PHONE, DESK = (390, 844), (1280, 900)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, taxonomy_file: Path, models_dir: Path
) -> Iterator[Runtime]:
    """Two weeks of messages about late parcels, answered; these tests only look at them."""
    home = tmp_path_factory.mktemp("installation")
    runtime = open_runtime(Settings(home=home, taxonomy=taxonomy_file, models_dir=models_dir))
    arrive(runtime, 30, week=0)
    arrive(runtime, 20, week=1)
    yield runtime
    runtime.close()


def arrive(runtime: Runtime, n: int, *, week: int) -> None:
    label = Label("delivery.late")
    raws = [
        RawMessage(
            text=f"{LATE} {number}",
            external_id=f"{week}-{number}",
            received_at=MONDAY + timedelta(hours=number, weeks=-week),
            label=label,
        )
        for number in range(n)
    ]
    with runtime.writing() as session:
        receipts = receive(session, runtime, raws, now=NOW)
        answers = [
            Answer(
                message_id=each.message_id,
                label=label,
                person="import",
                door="import",
                door_ref=each.external_id,
                answered_at=NOW,
                chosen="import",
                came_with_message=True,
            )
            for each in receipts
        ]
        record(session, runtime, answers, now=NOW)


@pytest.fixture(scope="module")
def address(
    installation: Runtime, listening: Callable[[FastAPI], AbstractContextManager[str]]
) -> Iterator[str]:
    app = create_app(installation.settings, runtime=installation, clock=lambda: NOW)
    with listening(app) as address:
        yield address


def open_page(
    chromium: Browser,
    runtime: Runtime,
    address: str,
    *,
    size: tuple[int, int] = DESK,
) -> Page:
    """A page after logging in with a key pasted into the form."""
    with runtime.writing() as session:
        key = create_key(session, name="An", scopes=["admin"], now=NOW)
    page = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB"
    ).new_page()
    page.goto(address)
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Why customers contacted us")).to_be_visible()
    return page


def test_from_the_dashboard_to_the_messages_behind_a_number(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.get_by_role("table", name="The largest drivers").get_by_role("link", name="Late").click()
    expect(page.get_by_role("heading", name="Late", exact=True)).to_be_visible()
    expect(page.locator(".examples > li")).to_have_count(20)
    expect(page.get_by_text(LATE).first).to_be_visible()
    assert "key" not in page.url


def test_a_chosen_week_is_shown_at_once(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.locator("select[name=week]").select_option("2026-W45")
    expect(page.get_by_text("Week 45 · 2–8 Nov 2026")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/drivers/delivery.late", "/models", "/messages/1"])
def test_a_phone_never_scrolls_sideways(
    chromium: Browser, installation: Runtime, address: str, path: str
) -> None:
    page = open_page(chromium, installation, address, size=PHONE)
    page.goto(f"{address}{path}?week=2026-W46")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_nothing_is_blocked_by_the_security_policy(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", listen)
    for path in ("/", "/drivers/delivery.late?week=2026-W46", "/models", "/reviews"):
        page.goto(f"{address}{path}")
    assert complaints == []


def test_paper_shows_the_chart_and_the_table_without_controls(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.emulate_media(media="print")
    expect(page.locator(".volumes .chart.wide")).to_be_visible()
    expect(page.locator(".volumes .chart.narrow")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.get_by_role("table", name="The largest drivers")).to_be_visible()
