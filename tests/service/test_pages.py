"""The pages as a browser without a script gets them: what they show, to whom, and what forms do."""

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from classifier.messages import Label, RawMessage, RedactedText
from service.app import create_app
from service.intake import receive
from service.keys import create_key
from service.labels import Answer, record
from service.publications import publish
from service.reviews import answer
from service.runtime import Runtime
from service.tables import DecisionRow, LabelRow, MessageRow, PredictionRow, ReviewRow
from service.terms import mark_stale

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LAST_WEEK = datetime(2026, 11, 9, 9, tzinfo=UTC)
CLEAR = "waar blijft mijn pakket, te laat en nog niet bezorgd"
VAGUE = "hallo daar, iets heel anders"
MIXED = "hallo, een vraag over een pakket of een factuur en iets anders"
LEAVES = [
    *("delivery.late", "delivery.damaged", "delivery.other"),
    *("payment.refund", "payment.invoice", "payment.other"),
]
MARKUP = RedactedText("<script>alert('x')</script> & groet")


@pytest.fixture
def browser(trained_runtime: Runtime) -> Iterator[TestClient]:
    app = create_app(trained_runtime.settings, runtime=trained_runtime, clock=lambda: NOW)
    with TestClient(app, follow_redirects=True) as client:
        yield client


def key(runtime: Runtime, *scopes: str, name: str = "An") -> str:
    with runtime.writing() as session:
        return create_key(session, name=name, scopes=scopes, now=NOW)


def log_in(browser: TestClient, runtime: Runtime, *scopes: str, name: str = "An") -> None:
    data = {"key": key(runtime, *scopes, name=name)}
    sent = browser.post("/login", data=data, follow_redirects=False)
    browser.headers["Accept-Language"] = "en"
    assert (sent.status_code, sent.headers["Location"]) == (303, "/")


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def arrive(runtime: Runtime, texts: list[str], *, week: int = 0, answered: str = "") -> list[int]:
    """Messages of the last complete week (or so many weeks before), answered with a driver."""
    raws = [
        RawMessage(
            text=text,
            external_id=f"{week}-{number}-{answered}",
            channel="email" if number % 2 else "ticket",
            received_at=LAST_WEEK + timedelta(hours=number, weeks=-week),
            label=Label(answered) if answered else None,
        )
        for number, text in enumerate(texts)
    ]
    with runtime.writing() as session:
        receipts = receive(session, runtime, raws, now=NOW)
        answers = [
            Answer(
                message_id=each.message_id,
                label=Label(answered),
                person="import",
                door="import",
                door_ref=each.external_id,
                answered_at=NOW,
                chosen="import",
                came_with_message=True,
            )
            for each in receipts
            if answered
        ]
        record(session, runtime, answers, now=NOW)
    return [each.message_id for each in receipts]


def ask(runtime: Runtime, *, blind: bool, text: str = VAGUE) -> int:
    """One open question about a new message; its review's id."""
    (message_id,) = arrive(runtime, [text])
    with runtime.writing() as session:
        review = session.scalars(select(ReviewRow).where(ReviewRow.message_id == message_id)).one()
        review.blind, review.purpose = blind, "audit" if blind else "required"
        return review.id


def claimed(browser: TestClient) -> str:
    """The page of the next question."""
    overview = browser.get("/reviews")
    return browser.post("/reviews/claim", data={"csrf": csrf(overview.text)}).text


def quoted(page: str) -> str:
    """What is shown of the message itself."""
    found = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", page, re.DOTALL)
    assert found
    return found[1]


def test_every_page_asks_for_a_login_and_leads_back(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    for page in ("/", "/drivers/unknown", "/reviews", "/reviews/1", "/messages/1", "/models"):
        answer = browser.get(page, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")
    form = browser.get("/models")
    asked_for = re.search(r'name="next" value="([^"]+)"', form.text)
    assert asked_for
    data = {"key": key(trained_runtime, "report"), "next": asked_for[1]}
    assert browser.post("/login", data=data).url.path == "/models"


def test_a_wrong_key_is_refused_and_not_repeated(browser: TestClient) -> None:
    answer = browser.post("/login", data={"key": "wrm_wrong"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 401
    assert "not a key we know" in answer.text
    assert "wrm_wrong" not in answer.text


def test_a_login_leads_to_our_own_pages_only(browser: TestClient, trained_runtime: Runtime) -> None:
    data = {"key": key(trained_runtime, "report"), "next": "//elsewhere.example/"}
    answer = browser.post("/login", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_after_logging_out_pages_are_closed(browser: TestClient, trained_runtime: Runtime) -> None:
    log_in(browser, trained_runtime, "report")
    browser.post("/logout", data={"csrf": csrf(browser.get("/").text)})
    assert browser.get("/").url.path == "/login"


def test_the_dashboard_shows_the_last_complete_week(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(10)], week=1, answered="delivery.late")
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(12)], answered="delivery.late")
    log_in(browser, trained_runtime, "report")
    page = browser.get("/").text
    assert "Week 46 · 9–15 Nov 2026" in page
    assert "+20.0\xa0% on week 45 (10)" in page
    assert "12 [12–12]" in page
    assert "▲ +2 [+2, +2]" in page
    assert "counts conversations" in page


def test_a_week_without_answers_shows_no_interval(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(9)])
    log_in(browser, trained_runtime, "report")
    page = browser.get("/").text
    assert "Not measured." in page
    assert 'class="unmeasured"' in page
    assert "[" not in page[page.index("<table") : page.index("</table>")]


def test_few_answers_are_said_to_be_few(browser: TestClient, trained_runtime: Runtime) -> None:
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(4)], answered="delivery.late")
    arrive(trained_runtime, [f"{CLEAR} en {n}" for n in range(9)])
    log_in(browser, trained_runtime, "report")
    assert "These figures rest on 4 answers." in browser.get("/").text


def test_the_dashboard_shows_now_and_marks_what_was_published_otherwise(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    log_in(browser, trained_runtime, "report")
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(6)], answered="delivery.late")
    assert "Published on" not in browser.get("/").text
    publish(trained_runtime, "2026-W46", person="waarom", now=NOW)
    page = browser.get("/").text
    assert "Published on 20 November 2026, 13:00." in page
    assert "Nothing has changed since." in page
    assert "≠" not in page
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(6, 9)], answered="payment.refund")
    page = browser.get("/").text
    assert "Since then 3 answers came in." in page
    assert "3 messages came in late." in page
    assert '<abbr title="published: 0 [0–0]">≠</abbr>' in page
    assert "What differs from what was published" in page
    dutch = browser.get("/?lang=nl").text
    assert "Gepubliceerd op 20 november 2026, 13:00." in dutch
    assert "Sindsdien kwamen er 3 antwoorden bij." in dutch
    channel = browser.get("/?only=channel:email").text
    assert "Gepubliceerd op" not in channel
    assert "≠" not in channel


def test_one_channel_can_be_looked_at(browser: TestClient, trained_runtime: Runtime) -> None:
    arrive(trained_runtime, [f"{CLEAR} {n}" for n in range(7)], answered="delivery.late")
    log_in(browser, trained_runtime, "report")
    page = browser.get("/", params={"only": "channel:email"}).text
    assert "3 [3–3]" in page
    assert '<option value="channel:email" selected>' in page
    assert browser.get("/", params={"only": "customer:x"}).status_code == 422


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?week=2026-W99", 422),
        ("/?week=yesterday", 422),
        ("/drivers/none.such", 404),
        ("/messages/999999", 404),
        ("/messages/words", 422),
        ("/reviews/999999", 404),
        (f"/reviews/{2**63}", 422),
        (f"/messages/{2**63}", 422),
        ("/models/2020-01-01.1/coverage.svg", 404),
    ],
)
def test_what_goes_wrong_is_a_page(
    browser: TestClient, trained_runtime: Runtime, address: str, status: int
) -> None:
    log_in(browser, trained_runtime, "admin")
    answer = browser.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("page", ["/", "/reviews", "/messages/1", "/models"])
def test_a_key_opens_only_its_own_pages(
    browser: TestClient, trained_runtime: Runtime, page: str
) -> None:
    sent = browser.post("/login", data={"key": key(trained_runtime, "classify"), "next": page})
    assert (sent.url.path, sent.status_code) == (page, 403)


def test_examples_need_the_scope_messages(browser: TestClient, trained_runtime: Runtime) -> None:
    arrive(trained_runtime, [CLEAR], answered="delivery.late")
    log_in(browser, trained_runtime, "report")
    page = browser.get("/drivers/delivery.late?week=2026-W46").text
    assert "The parcel is not there yet." in page
    assert CLEAR not in page
    log_in(browser, trained_runtime, "report", "messages")
    assert CLEAR in browser.get("/drivers/delivery.late?week=2026-W46").text


def test_a_group_shows_its_drivers(browser: TestClient, trained_runtime: Runtime) -> None:
    arrive(trained_runtime, [CLEAR], answered="delivery.late")
    log_in(browser, trained_runtime, "report")
    page = browser.get("/drivers/delivery?week=2026-W46").text
    assert 'href="/drivers/delivery.damaged?week=2026-W46"' in page
    assert "Invoice" not in page


BESIDE = "Mentioned beside another main reason"
REFUND_PAGE = "/drivers/payment.refund?week=2026-W46"


def mention(runtime: Runtime, message_id: int, driver: str) -> None:
    """As if the model had read this driver, too."""
    mine = PredictionRow.message_id == message_id
    with runtime.writing() as session:
        made = session.scalars(select(PredictionRow).where(mine)).one()
        made.mentions = [[made.top[0][0], 0.97, True, []], [driver, 0.8, True, [[0, 20]]]]
        mark_stale(session, ["2026-W46"])


def test_a_message_about_a_driver_beside_another_stands_on_its_page(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    message_id, _ = arrive(trained_runtime, [CLEAR, VAGUE])
    mention(trained_runtime, message_id, "payment.refund")
    log_in(browser, trained_runtime, "report", "messages")
    for address in (REFUND_PAGE, "/drivers/payment?week=2026-W46"):
        page = browser.get(address).text
        _, _, beside = page.partition(BESIDE)
        assert CLEAR in beside
        assert "main reason: Late" in beside
        assert VAGUE not in beside
    for driver in ("delivery.late", "delivery", "payment.invoice", "unknown"):
        assert BESIDE not in browser.get(f"/drivers/{driver}?week=2026-W46").text


def test_under_no_driver_stands_what_one_is_still_asked_about_blind(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True, text=MIXED)
    message_id = _review(trained_runtime, review_id).message_id
    mention(trained_runtime, message_id, "payment.refund")
    pages = [f"/drivers/{driver}?week=2026-W46" for driver in (*LEAVES, "unknown")]
    log_in(browser, trained_runtime, "report", "review", "messages")
    assert not any(MIXED in browser.get(page).text for page in pages)
    with trained_runtime.writing() as session:
        session.get_one(ReviewRow, review_id).blind = False
    named = [page for page in pages if MIXED in browser.get(page).text]
    assert REFUND_PAGE in named
    assert len(named) == 2


def test_who_may_not_read_messages_sees_none_beside(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    (message_id,) = arrive(trained_runtime, [CLEAR])
    mention(trained_runtime, message_id, "payment.refund")
    log_in(browser, trained_runtime, "report")
    page = browser.get(REFUND_PAGE).text
    assert BESIDE not in page
    assert CLEAR not in page


def test_mentions_stand_beside_main_reasons(browser: TestClient, trained_runtime: Runtime) -> None:
    first, *_ = arrive(trained_runtime, [CLEAR, f"{CLEAR} graag"])
    arrive(trained_runtime, [CLEAR], week=1)
    log_in(browser, trained_runtime, "report")
    addresses = ("/?week=2026-W46", "/drivers/delivery.late?week=2026-W46")
    assert all("Mentions" not in browser.get(address).text for address in addresses)
    mention(trained_runtime, first, "payment.refund")
    for address in addresses:
        page = browser.get(address).text
        assert '<th scope="col">Main reason</th>' in page
        assert '<th scope="col">Mentions</th>' in page
        assert "Mentions do not: a message about several drivers counts with each" in page


def test_text_of_customers_is_never_markup(browser: TestClient, trained_runtime: Runtime) -> None:
    log_in(browser, trained_runtime, "admin")
    review_id = ask(trained_runtime, blind=True)
    with trained_runtime.writing() as session:
        session.execute(update(MessageRow).values(text=MARKUP, subject=MARKUP))
    question = claimed(browser)
    assert "&lt;script&gt;alert" in question
    message_id = _review(trained_runtime, review_id).message_id
    for page in (question, browser.get(f"/messages/{message_id}").text):
        assert "<script>" not in page


def test_pages_hold_no_inline_style_or_script(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    """The content security policy allows neither."""
    (message_id,) = arrive(trained_runtime, [CLEAR], answered="delivery.late")
    ask(trained_runtime, blind=False)
    log_in(browser, trained_runtime, "admin")
    addresses = ("/", "/drivers/delivery.late", f"/messages/{message_id}", "/models", "/reviews")
    for page in (claimed(browser), *(browser.get(each).text for each in addresses)):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", page)


def test_the_language_is_remembered(browser: TestClient, trained_runtime: Runtime) -> None:
    log_in(browser, trained_runtime, "report")
    assert "Why customers contacted us" in browser.get("/").text
    browser.get("/?lang=nl")
    assert "Waarom klanten contact opnamen" in browser.get("/").text


def test_an_answer_becomes_a_label_and_corrects_the_route(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=False)
    log_in(browser, trained_runtime, "review")
    form = {
        "csrf": csrf(claimed(browser)),
        "driver": "payment.refund",
        "also": ["delivery.late", "payment.refund"],
        "note": "bel me op jan@example.com",
        "suggestion": "not asked for",
    }
    after = browser.post(f"/reviews/{review_id}/answer", data=form)
    assert "Done for today" in after.text
    assert "You answered one question today." in after.text
    with trained_runtime.reading() as session:
        label = session.scalars(select(LabelRow)).one()
        decision = session.scalars(select(DecisionRow).where(DecisionRow.current)).one()
    assert (label.driver, label.also, label.person) == ("payment.refund", ["delivery.late"], "An")
    assert (decision.status, decision.queue) == ("person", "finance")
    assert "jan@example.com" not in label.note
    assert label.suggestion == ""


def test_an_unknown_driver_may_be_given_a_name(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review")
    form = {"csrf": csrf(claimed(browser)), "driver": "unknown", "suggestion": "praise"}
    browser.post(f"/reviews/{review_id}/answer", data=form)
    with trained_runtime.reading() as session:
        label = session.scalars(select(LabelRow)).one()
    assert (label.driver, label.suggestion) == (None, "praise")


def test_a_blind_question_shows_nothing_of_the_model(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review", "messages")
    page = claimed(browser)
    for word in ("Probably", "Why we ask", "audit"):
        assert word not in page
    assert _keys(page) == [(str(n), leaf) for n, leaf in enumerate(LEAVES, start=1)]
    message_id = _review(trained_runtime, review_id).message_id
    behind = browser.get(f"/messages/{message_id}").text
    assert "A blind question about this message is open" in behind
    for hidden in ("Probability", "How it was routed", "Show it now"):
        assert hidden not in behind
    assert browser.get(f"/messages/{message_id}?reveal=true").status_code == 403
    log_in(browser, trained_runtime, "admin")
    assert "Show it now" in browser.get(f"/messages/{message_id}").text
    assert "Probability" in browser.get(f"/messages/{message_id}?reveal=true").text


def test_who_may_give_a_second_opinion_sees_nothing_of_the_first(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    trained_runtime.settings.second_opinion_share = 1.0
    review_id = ask(trained_runtime, blind=False)
    message_id = _review(trained_runtime, review_id).message_id
    with trained_runtime.writing() as session:
        answer(
            session,
            trained_runtime,
            review_id=review_id,
            label=Label("delivery.damaged"),
            person="Bo",
            now=NOW,
        )
    log_in(browser, trained_runtime, "review", "messages")
    page = browser.get(f"/messages/{message_id}").text
    assert quoted(page) == VAGUE
    for hint in ("Damaged", "Bo<", "logistics", "Probability"):
        assert hint not in page
    log_in(browser, trained_runtime, "messages", name="Bo")
    assert "Damaged" in browser.get(f"/messages/{message_id}").text


def test_an_open_question_shows_the_likeliest_drivers_and_why_we_ask(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    ask(trained_runtime, blind=False)
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    assert "Why we ask" in page
    assert [sign for sign, _ in _keys(page)] == ["1", "2", "3"]
    assert not re.search(r'name="driver"[^>]* checked', page)


def test_an_open_question_marks_the_words_that_spoke_for_the_driver(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    ask(trained_runtime, blind=False, text=MIXED)
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    assert "Words that make the model think of Payment › Invoice rather than" in page
    marks = dict(re.findall(r'<mark class="([a-z]+-3)">(\w+)</mark>', quoted(page)))
    assert marks == {"for-3": "factuur", "against-3": "pakket"}
    assert re.sub(r"</?mark[^>]*>", "", quoted(page)) == MIXED


def test_a_blind_question_marks_nothing_until_it_is_answered(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True, text=MIXED)
    log_in(browser, trained_runtime, "review", "messages")
    page = claimed(browser)
    address = f"/messages/{_review(trained_runtime, review_id).message_id}"
    for blind in (page, browser.get(address).text):
        assert MIXED in blind
        assert "<mark" not in blind
        assert "Words that make" not in blind
    form = {"csrf": csrf(page), "driver": "delivery.late"}
    browser.post(f"/reviews/{review_id}/answer", data=form)
    assert "<mark" in browser.get(address).text


def test_the_page_of_a_message_says_in_dutch_which_words_spoke(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    (message_id,) = arrive(trained_runtime, [CLEAR], answered="delivery.late")
    log_in(browser, trained_runtime, "messages")
    page = browser.get(f"/messages/{message_id}?lang=nl").text
    assert "Woorden waardoor het model eerder aan Bezorging › Te laat denkt dan aan" in page
    assert re.search(r'<mark class="for-3">\w+</mark>', quoted(page))


def test_words_are_not_marked_once_another_model_is_in_use(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    (message_id,) = arrive(trained_runtime, [CLEAR], answered="delivery.late")
    with trained_runtime.writing() as session:
        session.execute(update(PredictionRow).values(model="2020-01-01.1"))
    log_in(browser, trained_runtime, "messages")
    page = browser.get(f"/messages/{message_id}").text
    assert "Probability" in page
    assert "<mark" not in page


def test_marked_text_of_customers_is_never_markup(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    ask(trained_runtime, blind=False, text=MIXED)
    with trained_runtime.writing() as session:
        session.execute(update(MessageRow).values(text=RedactedText("de <i>factuur</i> & '\">x")))
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    assert "<mark" in quoted(page)
    assert "<i>" not in page
    assert "factuur&lt;/i" in page


def test_without_a_choice_the_question_is_asked_again(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review")
    form = {"csrf": csrf(claimed(browser)), "note": "half done"}
    again = browser.post(f"/reviews/{review_id}/answer", data=form)
    assert again.status_code == 422
    assert "Choose what the message is about first." in again.text
    assert "half done" in again.text
    assert _review(trained_runtime, review_id).state == "claimed"


def test_what_changed_while_a_question_was_open_is_said_and_nothing_is_stored(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    read = page.split('name="read" value="')[1].split('"')[0]
    form = {"csrf": csrf(page), "driver": "delivery.lost", "note": "half done", "read": read}
    left = browser.post(f"/reviews/{review_id}/answer", data=form)
    assert left.status_code == 422
    assert "one you chose is no longer among them" in left.text

    with trained_runtime.writing() as session:
        before = session.get_one(MessageRow, _review(trained_runtime, review_id).message_id)
        another = RawMessage(text="nu een factuur", external_id=before.external_id)
        receive(session, trained_runtime, [another], now=NOW, revise=True)
    form |= {"driver": "delivery.late"}
    revised = browser.post(f"/reviews/{review_id}/answer", data=form)
    assert revised.status_code == 409
    assert "the message was changed while you read it" in revised.text
    assert "nu een factuur" in revised.text
    assert "half done" in revised.text
    assert _review(trained_runtime, review_id).state == "claimed"
    assert read not in revised.text


@pytest.mark.parametrize(("action", "state"), [("skip", "skipped"), ("release", "open")])
def test_a_question_can_be_skipped_or_given_back(
    browser: TestClient, trained_runtime: Runtime, action: str, state: str
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review")
    browser.post(f"/reviews/{review_id}/{action}", data={"csrf": csrf(claimed(browser))})
    assert _review(trained_runtime, review_id).state == state


@pytest.mark.parametrize("action", ["claim", "1/answer", "1/skip", "1/release"])
def test_a_form_without_its_token_does_nothing(
    browser: TestClient, trained_runtime: Runtime, action: str
) -> None:
    review_id = ask(trained_runtime, blind=True)
    log_in(browser, trained_runtime, "review")
    address = f"/reviews/{action}".replace("/1/", f"/{review_id}/")
    answer = browser.post(address, data={"driver": "delivery.late", "csrf": "0" * 64})
    assert answer.status_code == 403
    assert _review(trained_runtime, review_id).state == "open"


def test_a_question_somebody_else_holds_is_not_shown(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True)
    with trained_runtime.writing() as session:
        held = {"state": "claimed", "claimed_by": "Bo", "claimed_at": NOW}
        session.execute(update(ReviewRow).values(**held))
    log_in(browser, trained_runtime, "review")
    answer = browser.get(f"/reviews/{review_id}")
    assert "taken by somebody else" in answer.text
    assert VAGUE not in answer.text


def test_a_message_shows_its_decisions_and_labels(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    (message_id,) = arrive(trained_runtime, [CLEAR], answered="delivery.damaged")
    log_in(browser, trained_runtime, "messages")
    page = browser.get(f"/messages/{message_id}").text
    assert "Delivery › Damaged" in page
    assert "corrects volumes" in page
    assert "Probability" in page
    with trained_runtime.reading() as session:
        assert session.get_one(MessageRow, message_id).external_id in page


def test_the_model_page_shows_its_card_without_its_markup(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    log_in(browser, trained_runtime, "report")
    page = browser.get("/models").text
    model = trained_runtime.current_model()
    assert model is not None
    assert f"In use: {model.version}" in page


def test_the_pictures_of_a_card_are_served_and_no_other_file_is(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    log_in(browser, trained_runtime, "report")
    model = trained_runtime.current_model()
    assert model is not None
    folder = trained_runtime.settings.models_dir / model.version
    (folder / "learning.svg").write_text("<svg/>")
    answer = browser.get(f"/models/{model.version}/learning.svg")
    assert (answer.status_code, answer.text) == (200, "<svg/>")
    (folder / "learning.svg").unlink()
    assert browser.get(f"/models/{model.version}/learning.svg").status_code == 404
    assert browser.get(f"/models/{model.version}/other.svg").status_code == 422


def _keys(page: str) -> list[tuple[str, str]]:
    """The number of each driver that has one, in the order of the page."""
    found = re.findall(r'name="driver" value="([\w.]+)" required data-key="(\d)"', page)
    return [(sign, driver) for driver, sign in found]


def _review(runtime: Runtime, review_id: int) -> ReviewRow:
    with runtime.reading() as session:
        return session.get_one(ReviewRow, review_id)


def mentioning(runtime: Runtime, message_id: int, text: str) -> None:
    """As a model would have said that knows several drivers: the first two, in one sentence."""
    with runtime.writing() as session:
        row = session.scalars(
            select(PredictionRow).where(PredictionRow.message_id == message_id)
        ).one()
        (first, _), (second, _), (third, _), *_ = row.top
        row.mentions = [
            [first, 0.9, True, [[0, len(text)]]],
            [second, 0.8, True, [[0, len(text)]]],
            [third, 0.1, False, [[0, len(text)]]],
        ]


def test_an_open_question_offers_the_other_drivers_unticked(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=False, text=MIXED)
    mentioning(trained_runtime, _review(trained_runtime, review_id).message_id, MIXED)
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    assert "about several drivers" in page
    assert len(re.findall(r'class="choice offered"', page)) == 2
    assert not re.search(r'name="also"[^>]* checked', page)
    assert 'data-numbers="1 2"' in quoted(page)
    assert re.sub(r"</?(mark|span)[^>]*>", "", quoted(page)) == MIXED


def test_a_tick_is_kept_where_it_was_made_when_the_question_is_asked_again(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=False, text=MIXED)
    mentioning(trained_runtime, _review(trained_runtime, review_id).message_id, MIXED)
    log_in(browser, trained_runtime, "review")
    page = claimed(browser)
    drivers = re.findall(r'name="also" value="([\w.]+)"', page)
    assert sorted(drivers) == sorted(LEAVES), "each driver stands there once"
    form = {"csrf": csrf(page), "also": [drivers[1], drivers[5]]}
    again = browser.post(f"/reviews/{review_id}/answer", data=form)
    ticked = re.findall(r'name="also" value="([\w.]+)"[^>]* checked', again.text)
    assert ticked == [drivers[1], drivers[5]]


def test_a_blind_question_offers_no_other_driver(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=True, text=MIXED)
    message_id = _review(trained_runtime, review_id).message_id
    mentioning(trained_runtime, message_id, MIXED)
    log_in(browser, trained_runtime, "review", "messages")
    for page in (claimed(browser), browser.get(f"/messages/{message_id}").text):
        assert quoted(page).strip() == MIXED
        for hint in ("Probably", "offered", "data-numbers", "said-", "Mentioned at all"):
            assert hint not in page


def test_sentences_of_customers_are_never_markup(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    review_id = ask(trained_runtime, blind=False, text=MIXED)
    message_id = _review(trained_runtime, review_id).message_id
    with trained_runtime.writing() as session:
        session.execute(update(MessageRow).values(text=MARKUP))
    mentioning(trained_runtime, message_id, MARKUP)
    log_in(browser, trained_runtime, "review", "messages")
    for page in (claimed(browser), browser.get(f"/messages/{message_id}").text):
        assert "data-numbers" in quoted(page)
        assert re.sub(r"</?(mark|span)[^>]*>", "", quoted(page)).startswith("&lt;script&gt;")
        assert "<script>" not in quoted(page)


def test_the_page_of_a_message_says_how_likely_each_driver_is_mentioned(
    browser: TestClient, trained_runtime: Runtime
) -> None:
    (message_id,) = arrive(trained_runtime, [CLEAR])
    log_in(browser, trained_runtime, "messages")
    assert "Mentioned at all" not in browser.get(f"/messages/{message_id}").text
    mentioning(trained_runtime, message_id, CLEAR)
    page = browser.get(f"/messages/{message_id}").text
    assert "Mentioned at all" in page
    for probability in ("90.0\xa0%", "80.0\xa0%", "10.0\xa0%"):
        assert probability in page
