"""The promises watched, through the store: which audits count, what breaks, what comes back."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from sqlalchemy import delete, insert, select

from classifier.messages import Label, RawMessage, RedactedText
from classifier.promise import Reason, Rung
from classifier.taxonomy import Taxonomy
from service.app import create_app
from service.cli.queues import _line
from service.errors import ClimbRefused
from service.intake import receive
from service.keys import create_key
from service.labels import withdraw as withdraw_answers
from service.queues import Queue, overview
from service.reviews import answer
from service.runtime import Runtime
from service.standings import WAAROM, check, move
from service.tables import (
    CheckRow,
    DecisionRow,
    DrawRow,
    LabelRow,
    MessageRow,
    PlanRow,
    PredictionRow,
    ReviewRow,
    StandingChangeRow,
    StandingRow,
)
from service.watches import Watched, keep_watch, watched
from service.worker import run_once

with warnings.catch_warnings():
    # Starlette would rather have httpx2; the service itself speaks httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LATE = "waar blijft mijn pakket, te laat en nog niet bezorgd"
RIGHT, WRONG = Label("delivery.late"), Label("payment.invoice")
FIRST = 10_000
FLOOR = 0.1


@pytest.fixture
def automated(trained_runtime: Runtime) -> Runtime:
    """Logistics is on `automate` since NOW, promised from a confidence of 0.5."""
    automate(trained_runtime)
    return trained_runtime


def automate(runtime: Runtime, queue: str = "logistics") -> None:
    check(runtime, person="An", now=NOW)
    with runtime.writing() as session:
        row = session.get_one(StandingRow, queue)
        row.threshold, row.tested, row.labels, row.evidence, row.errors = 0.5, 0.5, 60, 60, 0
        session.flush()
        move(session, runtime, queue, Rung.AUTOMATE, person="An", now=NOW)


def audited(runtime: Runtime, losses: Sequence[bool], *, start: int = 0, **changed: Any) -> None:
    """Messages that the model routed to logistics, with the answer to a blind audit each."""
    model = runtime.current_model()
    assert model is not None
    numbers = range(start, start + len(losses))
    answers = [
        (number, WRONG if loss else RIGHT) for number, loss in zip(numbers, losses, strict=True)
    ]
    rows: dict[Any, list[dict[str, Any]]] = {
        MessageRow: [_message(each) for each in numbers],
        PredictionRow: [_prediction(each, model.version) for each in numbers],
        DrawRow: [_draw(each) for each in numbers],
        ReviewRow: [_review(each) for each in numbers],
        DecisionRow: [_decision(each) for each in numbers],
        LabelRow: [_label(each, label) for each, label in answers],
    }
    with runtime.writing() as session:
        if session.get(PlanRow, NOW.date()) is None:
            session.add(_plan())
            session.flush()
        for table, some in rows.items():
            names = {column.key for column in table.__table__.columns}
            mine = {name: value for name, value in changed.items() if name in names}
            session.execute(insert(table), [each | mine for each in some])


def _plan() -> PlanRow:
    made = {"smallest_misroute": 30.0, "budget": 60.0, "expected": 300.0, "made_at": NOW}
    return PlanRow(day=NOW.date(), floor=FLOOR, slope=0.5, **made)


def _message(number: int) -> dict[str, Any]:
    return {
        "id": FIRST + number,
        "external_id": f"m-{number}",
        "content_hash": "",
        "channel": "ticket",
        "direction": "inbound",
        "counted": True,
        "subject": RedactedText(""),
        "text": RedactedText(f"{LATE} nummer {number}"),
        "text_key": f"key {number}",
        "holdout": False,
        "language": "nl",
        "received_at": NOW,
        "day": NOW.date(),
        "week": "2026-W47",
        "attributes": {},
        "scores": {},
        "stored_at": NOW,
    }


def _prediction(number: int, model: str) -> dict[str, Any]:
    return {
        "message_id": FIRST + number,
        "first": True,
        "model": model,
        "recalibration": "none",
        "taxonomy": "",
        "top": [["delivery.late", 0.9]],
        "rest": 0.1,
        "unknown": 0.01,
        "confidence": 0.9,
        "mentions": [],
        "made_at": NOW,
    }


def _draw(number: int) -> dict[str, Any]:
    return {
        "message_id": FIRST + number,
        "inclusion": FLOOR,
        "drawn": True,
        "required": False,
        "stratum": "graded",
        "uncertainty": 0.1,
        "made_at": NOW,
    }


def _review(number: int) -> dict[str, Any]:
    return {
        "id": FIRST + number,
        "message_id": FIRST + number,
        "round": 1,
        "purpose": "audit",
        "blind": True,
        "priority": 0,
        "order_key": number,
        "state": "answered",
        "made_at": NOW,
    }


def _decision(number: int) -> dict[str, Any]:
    return {
        "position": FIRST + number,
        "message_id": FIRST + number,
        "status": "auto",
        "driver": "delivery.late",
        "queue": "logistics",
        "doubts": [],
        "current": True,
        "made_at": NOW,
    }


def _label(number: int, label: Label) -> dict[str, Any]:
    return {
        "message_id": FIRST + number,
        "review_id": FIRST + number,
        "driver": label.primary,
        "also": [],
        "note": RedactedText(""),
        "suggestion": RedactedText(""),
        "person": "An",
        "door": "review",
        "door_ref": f"review-{number}",
        "version": "1",
        "chosen": "audit",
        "counts": True,
        "current": True,
        "origin": "manual",
        "taxonomy": "",
        "answered_at": NOW,
        "stored_at": NOW,
    }


def seen(runtime: Runtime) -> dict[str, Watched]:
    model = runtime.current_model()
    assert model is not None
    with runtime.reading() as session:
        return watched(session, model, model.taxonomy)


def standing(runtime: Runtime, queue: str = "logistics") -> StandingRow:
    with runtime.reading() as session:
        return session.get_one(StandingRow, queue)


def changes(runtime: Runtime) -> list[tuple[str, str, str, str]]:
    with runtime.reading() as session:
        rows = session.scalars(select(StandingChangeRow).order_by(StandingChangeRow.id))
        return [(row.before, row.rung, row.reason, row.person) for row in rows]


def test_a_queue_that_keeps_its_promise_stays(automated: Runtime) -> None:
    audited(automated, [number % 40 == 0 for number in range(200)])
    assert keep_watch(automated, now=LATER) == ()
    found = seen(automated)["logistics"]
    assert (found.answers, found.errors, found.level) == (200, 5, 0.95)
    assert found.lower < 0.05
    assert standing(automated).rung == "automate"


def test_a_queue_that_breaks_it_goes_to_select_and_it_is_said(
    automated: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    audited(automated, [number % 3 == 0 for number in range(60)])
    with caplog.at_level(logging.WARNING):
        assert keep_watch(automated, now=LATER) == ("logistics",)
    assert "Queue logistics went from automate to select: of 60 audited messages" in caplog.text
    assert "20 are wrong" in caplog.text
    row = standing(automated)
    assert (row.rung, row.threshold) == ("select", None)
    assert changes(automated)[-1] == ("automate", "select", str(Reason.PROMISE_BROKEN), WAAROM)
    assert seen(automated) == {}


def test_it_can_be_run_twice_and_is_kept_once_a_day_or_after_new_answers(
    automated: Runtime,
) -> None:
    audited(automated, [False] * 10)
    for now in (LATER, LATER, LATER + timedelta(hours=1)):
        assert keep_watch(automated, now=now) == ()
    (only,) = rounds(automated)
    assert (only.labels, only.made_at) == (10, LATER)
    keep_watch(automated, now=LATER + timedelta(days=1))
    (daily,) = rounds(automated)
    assert daily.made_at == LATER + timedelta(days=1)
    audited(automated, [True] * 30, start=10)
    assert keep_watch(automated, now=LATER + timedelta(days=1)) == ("logistics",)
    assert keep_watch(automated, now=LATER + timedelta(days=2)) == ()
    assert len(changes(automated)) == 2


def rounds(runtime: Runtime) -> list[CheckRow]:
    with runtime.reading() as session:
        return list(session.scalars(select(CheckRow).where(CheckRow.kind == "watch")))


def test_the_worker_keeps_the_watch(automated: Runtime) -> None:
    audited(automated, [True] * 30)
    assert run_once(automated, now=lambda: LATER) == []
    assert standing(automated).rung == "select"


@pytest.mark.parametrize(
    "changed",
    [
        {"blind": False},
        {"purpose": "learning", "counts": False},
        {"purpose": "routing", "counts": False},
        {"purpose": "required", "required": True},
        {"review_id": None, "chosen": "import"},
        {"status": "review"},
        {"queue": "finance"},
        {"model": "2020-01-01.1"},
        {"made_at": NOW - timedelta(seconds=1)},
        {"current": False},
    ],
)
def test_what_does_not_speak_for_the_promise_is_left_out(
    automated: Runtime, changed: dict[str, Any]
) -> None:
    """Pre-filled, picked, doubtful, imported, routed by a person, elsewhere, or before; deleted."""
    audited(automated, [True] * 30, **changed)
    assert seen(automated)["logistics"].answers == 0


def test_a_customer_counts_once_and_so_does_a_text(automated: Runtime) -> None:
    audited(automated, [True] * 5, customer="c-1")
    audited(automated, [False] * 5, start=5, text_key="the same")
    assert seen(automated)["logistics"].answers == 2


def test_an_answer_counts_as_it_was_first_given(automated: Runtime) -> None:
    audited(automated, [True, True])
    with automated.writing() as session:
        first = session.scalars(select(LabelRow).order_by(LabelRow.id)).first()
        assert first is not None
        first.current = False
        session.execute(insert(LabelRow), [_label(0, RIGHT) | {"version": "2"}])
    assert (seen(automated)["logistics"].answers, seen(automated)["logistics"].errors) == (2, 2)


def test_a_message_whose_content_was_replaced_is_left_out(automated: Runtime) -> None:
    audited(automated, [True, True])
    model = automated.current_model()
    assert model is not None
    with automated.writing() as session:
        again = _prediction(0, model.version) | {"first": False, "made_at": LATER}
        session.execute(insert(PredictionRow), [again])
    assert seen(automated)["logistics"].answers == 1


def test_a_message_that_stopped_at_a_parent_is_right_about_its_queue(automated: Runtime) -> None:
    audited(automated, [False, True], driver="delivery")
    with automated.writing() as session:
        damaged, invoice = session.scalars(select(LabelRow).order_by(LabelRow.id))
        damaged.driver, invoice.driver = "delivery.damaged", "payment.invoice"
    assert seen(automated)["logistics"].errors == 1


def test_answers_of_doubtful_messages_weigh_less(automated: Runtime) -> None:
    audited(automated, [True] * 8, inclusion=1.0)
    audited(automated, [False] * 20, start=8)
    assert seen(automated)["logistics"].estimate == pytest.approx(0.8 / 20.8)


def test_queues_promised_together_share_the_chance_of_a_false_alarm(automated: Runtime) -> None:
    automate(automated, "finance")
    found = seen(automated)
    assert [found[each].level for each in ("finance", "logistics")] == [0.975, 0.975]
    audited(automated, [True] * 30)
    assert keep_watch(automated, now=LATER) == ("logistics",)
    assert seen(automated)["finance"].level == 0.975, "the one withdrawn goes on to share"


def test_the_watch_begins_anew_where_the_drivers_of_the_queue_change(
    automated: Runtime, taxonomy: Taxonomy
) -> None:
    audited(automated, [True] * 30)
    model = automated.current_model()
    assert model is not None
    moved = Taxonomy(tuple(replace(each, queue="logistics") for each in taxonomy.drivers))
    with automated.reading() as session:
        assert watched(session, model, moved) == {}, "its promise is not of these drivers"


REPLAYS, EACH = 40, 150


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_replays_a_kept_promise_is_ever_withdrawn_no_more_often_than_stated(
    automated: Runtime,
) -> None:
    withdrawn = 0
    for seed in range(REPLAYS):
        with automated.writing() as session:
            for table in (LabelRow, DecisionRow, ReviewRow, DrawRow, PredictionRow, MessageRow):
                session.execute(delete(table))
        audited(automated, list(np.random.default_rng([seed, 5]).random(EACH) < 0.05))
        withdrawn += seen(automated)["logistics"].found.broken
    assert withdrawn <= binom.ppf(0.999, REPLAYS, 0.05)


def test_only_answers_given_since_bring_a_promise_back(automated: Runtime) -> None:
    """From messages that arrive to a person who takes the queue up again."""
    audited(automated, [number % 3 == 0 for number in range(60)])
    audited(automated, [False] * 400, start=100, blind=False)
    keep_watch(automated, now=LATER)
    assert check(automated, person="An", now=LATER).answers == 0
    with (
        automated.writing() as session,
        pytest.raises(ClimbRefused, match="withdrawn on 2026-11-20"),
    ):
        move(session, automated, "logistics", Rung.AUTOMATE, person="An", now=LATER)
    audited(automated, [False] * 80, start=600, answered_at=LATER + timedelta(minutes=1))
    found = check(automated, person="An", now=LATER + timedelta(minutes=2))
    assert (found.answers, found.wait) == (80, 0)
    with automated.writing() as session:
        again = LATER + timedelta(minutes=3)
        row = move(session, automated, "logistics", Rung.AUTOMATE, person="An", now=again)
        assert row.rung == "automate"
    assert seen(automated)["logistics"].answers == 0, "a new watch over what is routed from now on"


def test_what_was_answered_before_and_changed_since_does_not_come_back(automated: Runtime) -> None:
    audited(automated, [True] * 100)
    keep_watch(automated, now=LATER)
    with automated.writing() as session:
        session.execute(LabelRow.__table__.update().values(current=False))  # type: ignore[attr-defined]
        changed = {"version": "2", "answered_at": LATER + timedelta(minutes=1)}
        session.execute(insert(LabelRow), [_label(each, RIGHT) | changed for each in range(100)])
    assert check(automated, person="An", now=LATER + timedelta(minutes=2)).answers == 0


def replayed(runtime: Runtime, start: int, wrong: float) -> int:
    """A day of messages that arrive, are drawn and answered; how many were audited."""
    random = np.random.default_rng(start)
    now = LATER + timedelta(minutes=start)
    messages = [
        RawMessage(text=f"{LATE} nummer {number}", external_id=f"r-{number}", received_at=now)
        for number in range(start, start + 100)
    ]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=now)
    with runtime.writing() as session:
        asked = session.scalars(select(ReviewRow.id).where(ReviewRow.state == "open")).all()
        for each in asked:
            label = WRONG if random.random() < wrong else RIGHT
            answer(session, runtime, review_id=each, label=label, person="An", now=now)
    return len(asked)


def test_a_replay_of_a_model_that_goes_bad(automated: Runtime) -> None:
    changed = {"graded_budget": 300.0, "expected_messages": 600.0}
    runtime = Runtime(
        automated.settings.model_copy(update=changed), automated.engine, automated.secret
    )
    asked = sum(replayed(runtime, start, 0.0) for start in (0, 100))
    assert keep_watch(runtime, now=LATER) == ()
    found = seen(runtime)["logistics"]
    assert 40 < found.answers < asked, "not those that were shown a prediction"
    assert found.errors == 0
    for start in (200, 300, 400):
        replayed(runtime, start, 0.3)
    assert keep_watch(runtime, now=LATER) == ("logistics",)


def test_an_answer_that_is_deleted_no_longer_counts(automated: Runtime) -> None:
    audited(automated, [True] * 3)
    with automated.writing() as session:
        assert withdraw_answers(session, automated, "review", ["review-1"], now=LATER) == 1
    assert seen(automated)["logistics"].answers == 2


@pytest.fixture
def browser(automated: Runtime) -> Iterator[TestClient]:
    app = create_app(automated.settings, runtime=automated, clock=lambda: LATER)
    with automated.writing() as session:
        key = create_key(session, name="An", scopes=["admin", "report"], now=NOW)
    with TestClient(app, headers={"Accept-Language": "en"}) as client:
        client.post("/login", data={"key": key})
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def logistics(runtime: Runtime) -> Queue:
    with runtime.reading() as session:
        return next(each for each in overview(session, runtime).queues if each.name == "logistics")


def test_what_the_audits_say_is_shown_while_it_lasts(
    automated: Runtime, browser: TestClient
) -> None:
    assert "Watched: no audit was answered yet" in browser.get("/queues").text
    assert _line(logistics(automated)).endswith("; watched, no audit yet")
    audited(automated, [True, *[False] * 39])
    assert "Watched: of 40 audited messages 1 were wrong" in browser.get("/queues").text
    assert "; watched: 1 of 40 audits wrong, surely" in _line(logistics(automated))
    (found,) = [each for each in browser.get("/v1/queues").json()["queues"] if each["watch"]]
    assert (found["name"], found["watch"]["errors"], found["withdrawn_at"]) == (
        "logistics",
        1,
        None,
    )
    scraped = browser.get("/metrics").text
    assert 'waarom_promise_audits{queue="logistics"} 40.0' in scraped
    assert 'waarom_promise_wrong_lower{queue="logistics"} 0.0' in scraped


def test_a_withdrawal_is_said_everywhere_until_a_person_moves_the_queue(
    automated: Runtime, browser: TestClient
) -> None:
    audited(automated, [True] * 20)
    keep_watch(automated, now=LATER)
    said = "logistics is no longer automated: of 20 audited messages 20 were wrong"
    assert said in browser.get("/").text
    page = browser.get("/queues").text
    assert "of 20 audited messages 20 were wrong, more than chance explains" in page
    assert "audits broke the promise: 20 of 20 wrong" in page
    assert "withdrawn on 2026-11-20: 20 of 20 audits wrong" in _line(logistics(automated))
    for _ in range(2):
        scraped = browser.get("/metrics").text
        assert 'waarom_promises_withdrawn_total{queue="logistics"} 1.0' in scraped
        assert "waarom_promise_audits{" not in scraped
    (change, *_) = browser.get("/v1/queues").json()["changes"]
    assert (change["reason"], change["evidence"], change["errors"]) == ("promise_broken", 20, 20)
    with automated.writing() as session:
        move(session, automated, "logistics", Rung.RECOMMEND, person="An", now=LATER)
    assert said not in browser.get("/").text


def test_a_withdrawal_is_said_in_dutch(automated: Runtime, browser: TestClient) -> None:
    audited(automated, [True] * 20)
    keep_watch(automated, now=LATER)
    assert "logistics wordt niet meer geautomatiseerd" in browser.get("/?lang=nl").text
    assert "steekproeven braken de belofte" in browser.get("/queues?lang=nl").text
