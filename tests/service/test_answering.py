"""Answering questions in a real browser: by keys, blind, between two, together with others."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select, update

from classifier.messages import Label, RawMessage
from service import reviews
from service.app import create_app
from service.intake import receive
from service.keys import create_key
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import LabelRow, PredictionRow, ReviewRow

DESK, PHONE = (1280, 900), (390, 844)
TWICE = (
    "Waar blijft mijn pakket? Het had er gisteren al moeten zijn.\n\n"
    "De doos ervoor was kapot. Ik wil mijn geld terug. Groet"
)
LIKELY = ["delivery.late", "delivery.damaged", "payment.invoice", "payment.refund"]
SENTENCES = {
    "delivery.late": ["Waar blijft mijn pakket?", "Het had er gisteren al moeten zijn."],
    "delivery.damaged": ["De doos ervoor was kapot."],
    "payment.refund": ["Ik wil mijn geld terug."],
}

pytestmark = pytest.mark.browser


@dataclass
class Shop:
    """An installation at work, its address, and what time it is there."""

    runtime: Runtime
    address: str = ""
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    made: int = 0

    def clock(self) -> datetime:
        """Later at every look."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def ask(self, n: int = 1, *, blind: bool = False, text: str = TWICE) -> list[int]:
        """Questions about new messages, in this order, and no others. The model says that they are
        about late, damaged and refund."""
        with self.runtime.writing() as session:
            session.execute(update(ReviewRow).values(state="skipped"))
            raws = [
                RawMessage(text=text, external_id=f"m-{number}", received_at=self.now)
                for number in range(self.made, self.made + n)
            ]
            self.made += n
            receipts = receive(session, self.runtime, raws, now=self.now)
            return [self._asked(session, each.message_id, blind, text) for each in receipts]

    def _asked(self, session: object, message: int, blind: bool, text: str) -> int:
        mine = PredictionRow.message_id == message
        prediction = session.scalars(select(PredictionRow).where(mine)).one()  # type: ignore[attr-defined]
        prediction.top = [[each, p] for each, p in zip(LIKELY, (0.5, 0.3, 0.1, 0.08), strict=True)]
        prediction.mentions = [
            [driver, 0.9, True, [[text.find(each), text.find(each) + len(each)] for each in said]]
            for driver, said in SENTENCES.items()
        ]
        review = session.scalar(select(ReviewRow).where(ReviewRow.message_id == message)) or (  # type: ignore[attr-defined]
            ReviewRow(message_id=message, round=1, priority=0, made_at=self.now)
        )
        review.purpose, review.blind, review.order_key = "required", blind, message
        review.state = "open"
        session.add(review)  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        return int(review.id)

    def tell(self, *texts: str) -> None:
        """Messages that nobody is asked about."""
        raws = [
            RawMessage(text=text, external_id=f"m-{number}", received_at=self.now)
            for number, text in enumerate(texts, start=self.made)
        ]
        self.made += len(texts)
        later = self.now + timedelta(minutes=1)
        with self.runtime.writing() as session:
            receive(session, self.runtime, raws, now=self.now, draw_since=later)

    def said(self) -> list[tuple[str | None, list[str], str, str]]:
        """Driver, others, note and suggested name of every answer that holds."""
        query = select(LabelRow).where(LabelRow.current).order_by(LabelRow.id)
        with self.runtime.reading() as session:
            rows = session.scalars(query).all()
        return [(row.driver, row.also, row.note, row.suggestion) for row in rows]

    def seen_personal_data(self) -> list[bool]:
        query = select(LabelRow.personal_data).where(LabelRow.current).order_by(LabelRow.id)
        with self.runtime.reading() as session:
            return list(session.scalars(query))

    def state(self, review: int) -> tuple[str, str | None]:
        with self.runtime.reading() as session:
            row = session.get_one(ReviewRow, review)
        return row.state, row.claimed_by

    def wait_until_left(self, review: int) -> None:
        for _ in range(200):
            with self.runtime.reading() as session:
                until = reviews.held_until(
                    session.get_one(ReviewRow, review), self.runtime.settings
                )
            if until is not None and until < self.now + timedelta(minutes=2):
                return
            time.sleep(0.05)
        pytest.fail("the page that was left did not say so")


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    taxonomy_file: Path,
    models_dir: Path,
    listening: Callable[[FastAPI], AbstractContextManager[str]],
) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("shop")
    runtime = open_runtime(Settings(home=home, taxonomy=taxonomy_file, models_dir=models_dir))
    made = Shop(runtime)
    with listening(create_app(runtime.settings, runtime=runtime, clock=made.clock)) as address:
        made.address = address
        yield made
    runtime.close()


class Opens:
    """Pages of people who are logged in and have claimed their first question."""

    def __init__(self, chromium: Browser, shop: Shop) -> None:
        self._chromium, self._shop = chromium, shop
        self._keys: dict[str, str] = {}

    def __call__(self, person: str, *, size: tuple[int, int] = DESK, script: bool = True) -> Page:
        shop = self._shop
        with shop.runtime.writing() as session:
            if person not in self._keys:
                self._keys[person] = create_key(
                    session, name=person, scopes=["review", "messages"], now=shop.now
                )
        page = self._chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="en-GB",
            java_script_enabled=script,
        ).new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{shop.address}/login?next=/reviews")
        page.get_by_label("Key").fill(self._keys[person])
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Next question").click()
        expect(page.locator("form.question")).to_be_visible()
        return page


@pytest.fixture(scope="module")
def opens(chromium: Browser, shop: Shop) -> Opens:
    return Opens(chromium, shop)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def answered(page: Page, left: str) -> None:
    """Wait for the question after an answer."""
    expect(page.locator(".lead")).to_contain_text(left)


def last(shop: Shop, n: int) -> Sequence[tuple[str | None, list[str], str, str]]:
    return shop.said()[-n:]


def test_a_round_of_questions_is_answered_by_keys_alone(shop: Shop, opens: Opens) -> None:
    shop.ask(5)
    page = opens("An")
    page.evaluate("window.samePage = true")
    message = page.locator("blockquote.message")
    assert message.inner_text().endswith(TWICE)
    numbers = message.locator("[data-numbers]")
    assert [each.get_attribute("data-numbers") for each in numbers.all()] == ["1", "1", "2", "4"]
    expect(page.locator(".legend li")).to_have_text(
        ["1 Delivery › Late", "2 Delivery › Damaged", "4 Payment › Refund"]
    )

    press(page, "Enter")
    expect(page.get_by_role("alert")).to_have_text("Choose what the message is about first.")
    press(page, "Escape", "2", "Shift+Digit1", "Shift+Digit4", "Shift+Digit4", "Shift+Digit4")
    press(page, "Shift+Digit2")  # the driver that is chosen is not added as well
    expect(page.locator("[data-chosen]")).to_have_text("Damaged also Late also Refund")
    french = 'new KeyboardEvent("keydown", { key: "&", code: "Digit1", bubbles: true })'
    page.evaluate(f"document.body.dispatchEvent({french})")
    expect(page.locator("[data-chosen]")).to_have_text("Damaged also Refund")
    press(page, "n")
    page.keyboard.type("two things")
    press(page, "Control+Enter")
    answered(page, "4 questions left")

    press(page, "/")
    page.keyboard.type("GELD money")
    expect(page.get_by_text("No driver matches")).to_have_count(2)
    page.locator("[data-searches]").fill("mon")
    expect(page.locator(".choice.at .words")).to_contain_text("Refund")
    press(page, "Enter", "a")
    page.keyboard.type("inv")
    press(page, "Enter", "Enter")
    answered(page, "3 questions left")

    press(page, "u")
    page.keyboard.type("praise")
    press(page, "Enter")
    answered(page, "2 questions left")
    press(page, "z")
    answered(page, "3 questions left")
    expect(page.locator("[name=suggestion]")).to_have_value("praise")
    press(page, "1", "p", "Enter")
    answered(page, "2 questions left · 3 answered today")
    press(page, "s")
    answered(page, "One question left")
    press(page, "q")
    expect(page.get_by_text("The question was given back")).to_be_visible()
    assert last(shop, 3) == [
        ("delivery.damaged", ["payment.refund"], "two things", ""),
        ("payment.refund", ["payment.invoice"], "", ""),
        ("delivery.late", [], "", ""),
    ]
    assert shop.seen_personal_data() == [False, False, True]


def test_between_questions_no_page_is_loaded(shop: Shop, opens: Opens) -> None:
    shop.ask(3)
    page = opens("An")
    page.evaluate("window.samePage = true")
    for left in ("2 questions left", "One question left"):
        press(page, "1", "Enter")
        answered(page, left)
    assert page.evaluate("window.samePage")
    took = page.evaluate("performance.getEntriesByName('question').map((each) => each.duration)")
    sys.stdout.write(f"from the key to the next question: {took} ms\n")
    assert len(took) == 3
    press(page, "1", "Enter")
    expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
    press(page, "z")
    answered(page, "One question left")
    expect(page.locator("[data-chosen]")).to_have_text("Late")


def test_a_blind_question_has_the_same_keys_for_everybody_and_shows_nothing_else(
    shop: Shop, opens: Opens
) -> None:
    shop.ask(1, blind=True)
    page = opens("An")
    assert page.locator("blockquote.message").inner_html().count("<span") == 0
    expect(page.locator(".offered, .likely, .legend, .why, mark")).to_have_count(0)
    keys = page.locator("input[name=driver][data-key]")
    in_order = [
        *("delivery.late", "delivery.damaged", "delivery.other"),
        *("payment.refund", "payment.invoice", "payment.other", "unknown"),
    ]
    assert [each.get_attribute("value") for each in keys.all()] == in_order
    press(page, "4", "Enter")
    expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
    assert last(shop, 1) == [("payment.refund", [], "", "")]


def test_two_answers_that_differ_stand_side_by_side_without_names(shop: Shop, opens: Opens) -> None:
    (review,) = shop.ask(1)
    shop.runtime.settings.second_opinion_share = 1.0
    late = Label("delivery.late", ("payment.refund",))
    refund = Label("payment.refund", ("delivery.late",))
    for person, label in (("Xander", late), ("Yasmin", refund)):
        with shop.runtime.writing() as session:
            asked = reviews.claim(session, shop.runtime, person=person, now=shop.now)
            assert asked is not None
            given = {"review_id": asked.review.id, "person": person, "now": shop.clock()}
            reviews.answer(session, shop.runtime, label=label, **given)  # type: ignore[arg-type]
    shop.runtime.settings.second_opinion_share = 0.0
    page = opens("An")
    opinions = page.locator(".opinion")
    expect(opinions).to_have_count(2)
    one, other = (opinions.nth(n).bounding_box() for n in (0, 1))
    assert one
    assert other
    assert one["y"] == other["y"]
    for name in ("Xander", "Yasmin", "Probably"):
        expect(page.get_by_text(name)).to_have_count(0)
    press(page, "2", "1")  # in the order of their ids
    expect(page.locator("[data-chosen]")).to_have_text("Delivery › Late also Payment › Refund")
    with shop.runtime.reading() as session:
        message = reviews.question(session, review).message.id
    there = page.context.new_page()
    there.goto(f"{shop.address}/messages/{message}")
    expect(there.get_by_text("A blind question about this message is open")).to_be_visible()
    expect(there.get_by_text("Xander")).to_have_count(0)
    press(page, "Enter")
    expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
    assert last(shop, 1) == [("delivery.late", ["payment.refund"], "", "")]
    there.reload()
    expect(there.get_by_text("Xander")).to_have_count(1)


def test_two_people_never_have_the_same_question_and_a_late_answer_loses_nothing(
    shop: Shop, opens: Opens
) -> None:
    first, second = shop.ask(2)
    an, bo = opens("Ina"), opens("Bo")
    expect(bo.locator(".lead")).to_contain_text("one other person is answering")
    assert (shop.state(first), shop.state(second)) == (("claimed", "Ina"), ("claimed", "Bo"))
    press(an, "3", "n")
    an.keyboard.type("half a day of work")
    shop.now += timedelta(minutes=20)
    bo.reload()  # at work still: renewed
    expect(bo.locator("form.question")).to_be_visible()
    press(bo, "1", "Enter")
    expect(bo.get_by_role("heading", name="Nothing left for you")).to_be_visible()
    shop.now += timedelta(minutes=20)
    bo.reload()
    bo.get_by_role("button", name="Next question").click()
    expect(bo.locator(f"form[data-question='{first}']")).to_be_visible()
    press(an, "Control+Enter")
    expect(an.get_by_role("alert")).to_contain_text("somebody else has this question now")
    press(bo, "1", "Enter")
    expect(bo.get_by_role("heading", name="Done for today")).to_be_visible()
    press(an, "Enter")
    expect(an.get_by_role("alert")).to_contain_text("somebody else answered this question")
    expect(an.locator("[name=note]")).to_have_value("half a day of work")
    expect(an.locator("[data-chosen]")).to_have_text("Invoice")
    expect(an.get_by_role("button", name="Answer")).to_have_count(0)
    press(an, "s")  # who answered nothing in any test of this module
    expect(an.get_by_role("heading", name="Nothing left to answer")).to_be_visible()


def test_who_leaves_gives_the_question_up_and_who_comes_back_finds_what_was_typed(
    shop: Shop, opens: Opens
) -> None:
    (review,) = shop.ask(1)
    page = opens("An")
    press(page, "2", "n")
    page.keyboard.type("to be continued")
    page.reload()
    expect(page.locator("[name=note]")).to_have_value("to be continued")
    expect(page.locator("[data-chosen]")).to_have_text("Damaged")
    page.context.set_offline(True)
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    page.context.set_offline(False)
    page.goto(f"{shop.address}/reviews")
    shop.wait_until_left(review)
    shop.now += timedelta(minutes=2)
    with shop.runtime.writing() as session:
        taken = reviews.claim(session, shop.runtime, person="Bo", now=shop.now)
    assert taken is not None
    assert taken.review.id == review


def test_an_answer_that_is_sent_again_is_not_called_somebody_elses(
    shop: Shop, opens: Opens
) -> None:
    first, _ = shop.ask(2)
    page = opens("An")

    def lose_the_reply(route: Route) -> None:
        route.fetch()
        route.abort()

    for path, key, told in (
        ("**/answer", "Enter", "Your answer is stored."),
        ("**/undo", "z", "Taken back, and filled in again."),
    ):
        press(page, "1")
        page.route(path, lose_the_reply, times=1)
        press(page, key)
        expect(page.get_by_role("alert")).to_contain_text("No connection")
        press(page, *(["2"] if key == "Enter" else []), key)
        expect(page.locator(".happened")).to_have_text(told)
    expect(page.locator("[data-chosen]")).to_have_text("Damaged")
    press(page, "3")
    page.reload()  # what was changed since it was taken back
    expect(page.locator("[data-chosen]")).to_have_text("Invoice")
    press(page, "Enter")
    answered(page, "One question left")
    assert last(shop, 1) == [("payment.invoice", [], "", "")]
    page.goto(f"{shop.address}/reviews/{first}")
    expect(page.locator(".happened")).to_have_text("Your answer is stored.")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def test_a_key_that_is_held_down_works_once(shop: Shop, opens: Opens) -> None:
    first, second = shop.ask(2)
    page = opens("An")
    page.keyboard.down("s")
    answered(page, "One question left")
    page.keyboard.down("s")
    page.keyboard.up("s")
    press(page, "m")  # and one that opens nothing here does nothing
    page.wait_for_timeout(200)
    assert (shop.state(first)[0], shop.state(second)[0]) == ("skipped", "claimed")
    expect(page.locator("form.question")).to_be_visible()


def test_messages_that_say_nearly_the_same_are_given_the_answer_in_one_go(
    shop: Shop, opens: Opens
) -> None:
    text = "goedemiddag, de lamp met de groene kap is veel te laat en nog niet bezorgd, wat nu?"
    shop.ask(1, text=text)
    shop.tell(f"{text} alstublieft", f"{text} graag", "een factuur van de btw, dank u wel")
    page = opens("An")
    press(page, "2", "Enter")
    expect(page.get_by_role("link", name="2 similar messages")).to_be_visible()
    press(page, "m")
    expect(page.get_by_text("You answered: Delivery › Damaged.")).to_be_visible()
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_role("heading", name="2 similar messages").click()
    press(page, "Enter")
    expect(page.get_by_text("The similar messages have the same answer.")).to_be_visible()
    assert last(shop, 2) == [("delivery.damaged", [], "", "")] * 2
    said = shop.said()
    press(page, "z")
    expect(page.get_by_text("Taken back; choose again.")).to_be_visible()
    expect(page.get_by_role("heading", name="2 similar messages")).to_be_visible()
    assert shop.said() == said[:-1]
    press(page, "z")
    expect(page.get_by_text("Taken back, and filled in again.")).to_be_visible()
    assert shop.said() == said[:-2]


def test_keys_are_explained_and_can_be_turned_off(shop: Shop, opens: Opens) -> None:
    shop.ask(1)
    page = opens("An")
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    press(page, "1")
    keys.get_by_label("Single keys work").uncheck()
    press(page, "Escape", "1")
    expect(keys).to_be_hidden()
    expect(page.locator("[name=driver]:checked")).to_have_count(0)
    for button in ("Answer", "Skip", "also", "Give back and stop", "Keys"):
        expect(page.get_by_role("button", name=button)).to_be_visible()
    for field in page.locator("main :is(input, textarea):visible").all():
        assert field.evaluate("(each) => each.labels?.length > 0 || each.ariaLabel")


def test_a_phone_without_a_script_answers_undoes_and_answers_again(
    shop: Shop, opens: Opens
) -> None:
    shop.ask(1)
    page = opens("An", size=PHONE, script=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.locator("[name=driver][value='delivery.late']").check()
    page.locator("[name=also][value='payment.refund']").check()
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[name=driver][value='delivery.late']")).to_be_checked()
    page.locator("[name=also][value='payment.refund']").uncheck()
    page.locator("[name=driver][value='unknown']").check()
    page.get_by_label("What would you call it?").fill("praise")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
    assert last(shop, 1) == [(None, [], "", "praise")]
