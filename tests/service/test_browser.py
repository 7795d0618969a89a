"""The pages in a real browser: logging in, looking, answering, on a phone, and without a script."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import select, update

from classifier.messages import Label, RawMessage
from service.app import create_app
from service.intake import receive
from service.keys import create_key
from service.labels import Answer, record
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import LabelRow, PredictionRow, ReviewRow

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LATE = "waar blijft mijn pakket, te laat en nog niet bezorgd"
DOUBTFUL = "hallo daar, iets heel anders"
TWICE = (
    "Waar blijft mijn pakket? Het had er gisteren al moeten zijn.\n\n"
    "De doos ervoor was kapot. Ik wil mijn geld terug. Groet"
)
PHONE, DESK = (390, 844), (1280, 900)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def installation(tmp_path: Path, taxonomy_file: Path, models_dir: Path) -> Iterator[Runtime]:
    """Two weeks of messages about late parcels, answered, and three open questions."""
    settings = Settings(home=tmp_path, taxonomy=taxonomy_file, models_dir=models_dir)
    runtime = open_runtime(settings)
    arrive(runtime, 30, week=0)
    arrive(runtime, 20, week=1)
    with runtime.writing() as session:
        doubtful = [
            RawMessage(text=f"{DOUBTFUL} {number}", external_id=f"d-{number}", received_at=NOW)
            for number in range(3)
        ]
        receive(session, runtime, doubtful, now=NOW)
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


@pytest.fixture
def address(installation: Runtime) -> Iterator[str]:
    """The service, listening on a port of its own."""
    app = create_app(installation.settings, runtime=installation, clock=lambda: NOW)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


def open_page(
    chromium: Browser,
    runtime: Runtime,
    address: str,
    *,
    size: tuple[int, int] = DESK,
    script: bool = True,
) -> Page:
    """A page after logging in with a key pasted into the form."""
    with runtime.writing() as session:
        key = create_key(session, name="An", scopes=["admin"], now=NOW)
    page = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB", java_script_enabled=script
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


@pytest.mark.parametrize("script", [True, False])
def test_a_question_is_answered(
    chromium: Browser, installation: Runtime, address: str, script: bool
) -> None:
    page = open_page(chromium, installation, address, script=script)
    page.goto(f"{address}/reviews")
    expect(page.get_by_role("heading", name="3 questions left")).to_be_visible()
    page.get_by_role("button", name="Next question").click()
    page.locator(".all-drivers input[type=radio][value='payment.refund']").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("2 questions left")).to_be_visible()
    with installation.reading() as session:
        label = session.scalars(select(LabelRow).where(LabelRow.door == "review")).one()
    assert (label.driver, label.person) == ("payment.refund", "An")


def test_drivers_are_found_by_their_meaning(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.goto(f"{address}/reviews")
    page.get_by_role("button", name="Next question").click()
    drivers = page.locator("#all-drivers .choice:visible")
    expect(drivers).to_have_count(6)
    page.get_by_placeholder("Search by name or meaning").fill("money")
    expect(drivers).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/drivers/delivery.late", "/models", "/messages/1"])
def test_a_phone_never_scrolls_sideways(
    chromium: Browser, installation: Runtime, address: str, path: str
) -> None:
    page = open_page(chromium, installation, address, size=PHONE)
    page.goto(f"{address}{path}?week=2026-W46")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_question_fits_a_phone(chromium: Browser, installation: Runtime, address: str) -> None:
    page = open_page(chromium, installation, address, size=PHONE)
    page.goto(f"{address}/reviews")
    page.get_by_role("button", name="Next question").click()
    expect(page.get_by_role("button", name="Answer")).to_be_visible()
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


def about_several(runtime: Runtime) -> int:
    """An open question about a message with three drivers, as a model would say that knows them."""
    with runtime.writing() as session:
        raw = RawMessage(text=TWICE, subject="Bezorging", external_id="twice", received_at=NOW)
        (receipt,) = receive(session, runtime, [raw], now=NOW)
        prediction = session.scalars(
            select(PredictionRow).where(PredictionRow.message_id == receipt.message_id)
        ).one()
        prediction.top = [
            ["delivery.late", 0.5],
            ["delivery.damaged", 0.3],
            ["payment.invoice", 0.1],
            ["payment.refund", 0.08],
        ]
        sentences = {
            "delivery.late": ["Waar blijft mijn pakket?", "Het had er gisteren al moeten zijn."],
            "delivery.damaged": ["De doos ervoor was kapot."],
            "payment.refund": ["Ik wil mijn geld terug."],
        }
        read = f"Bezorging\n{TWICE}"
        prediction.mentions = [
            [driver, 0.9, True, [[read.index(each), read.index(each) + len(each)] for each in said]]
            for driver, said in sentences.items()
        ]
        review = session.scalar(
            select(ReviewRow).where(ReviewRow.message_id == receipt.message_id)
        ) or ReviewRow(
            message_id=receipt.message_id, round=1, purpose="routing", order_key=0, made_at=NOW
        )
        review.blind, review.state = False, "claimed"
        review.priority, review.claimed_by, review.claimed_at = 0, "An", NOW
        session.add(review)
        session.flush()
        return review.id


def test_a_message_about_several_drivers_shows_which_sentences_speak_for_which(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.goto(f"{address}/reviews/{about_several(installation)}")
    message = page.locator("blockquote.message")
    assert message.inner_text().endswith(TWICE)
    numbers = message.locator("[data-numbers]")
    assert [each.get_attribute("data-numbers") for each in numbers.all()] == ["1", "1", "2", "4"]
    expect(message.locator("[data-numbers='2']")).to_have_text("De doos ervoor was kapot.")
    expect(page.locator(".legend li")).to_have_text(
        ["1 Delivery › Late", "2 Delivery › Damaged", "4 Payment › Refund"]
    )


def test_the_other_drivers_are_offered_and_added_by_keys(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    page = open_page(chromium, installation, address)
    page.goto(f"{address}/reviews/{about_several(installation)}")
    offered = page.locator(".offered .choice:visible")
    expect(offered).to_have_text([re.compile("Damaged"), re.compile("Refund")])
    expect(page.locator("input[name=also]:checked")).to_have_count(0)
    page.keyboard.press("2")
    expect(offered).to_have_text([re.compile("Late"), re.compile("Refund")])
    page.keyboard.press("Shift+Digit1")
    page.keyboard.press("Shift+Digit4")
    page.keyboard.press("Shift+Digit4")
    page.keyboard.press("Shift+Digit4")
    page.keyboard.press("Shift+Digit2")
    expect(page.locator(".offered input:checked")).to_have_count(2)
    french = 'new KeyboardEvent("keydown", { key: "&", code: "Digit1", bubbles: true })'
    page.evaluate(f"document.body.dispatchEvent({french})")
    expect(page.locator(".offered input:checked")).to_have_count(1)
    page.evaluate(f"document.body.dispatchEvent({french})")
    expect(page.locator("details input:checked")).to_have_count(2)
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("questions left")).to_be_visible()
    assert answered(installation) == ("delivery.damaged", ["delivery.late", "payment.refund"])


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_other_drivers_are_ticked_without_a_script(
    chromium: Browser, installation: Runtime, address: str, size: tuple[int, int]
) -> None:
    page = open_page(chromium, installation, address, size=size, script=False)
    page.goto(f"{address}/reviews/{about_several(installation)}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator(".choices input[name=driver][value='delivery.late']").first.check()
    page.locator(".offered input[value='payment.refund']").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("questions left")).to_be_visible()
    assert answered(installation) == ("delivery.late", ["payment.refund"])


def answered(runtime: Runtime) -> tuple[str | None, list[str]]:
    with runtime.reading() as session:
        label = session.scalars(select(LabelRow).where(LabelRow.door == "review")).one()
    return label.driver, label.also


def test_a_blind_question_offers_nothing_and_marks_nothing(
    chromium: Browser, installation: Runtime, address: str
) -> None:
    review = about_several(installation)
    with installation.writing() as session:
        session.execute(update(ReviewRow).where(ReviewRow.id == review).values(blind=True))
    page = open_page(chromium, installation, address)
    page.goto(f"{address}/reviews/{review}")
    assert page.locator("blockquote.message").inner_html().count("<span") == 0
    expect(page.locator(".offered, .legend, .why, [data-key='1']")).to_have_count(0)
    page.keyboard.press("Shift+Digit1")
    expect(page.locator("input[name=also]:checked")).to_have_count(0)
