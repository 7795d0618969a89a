"""A day is filled up with what a model learns most from, and volumes never see it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from classifier.messages import Label, RawMessage
from labeling.sampling import prefilled
from labeling.tasks import task_data
from service import reviews
from service.api.reviews import _shown
from service.day import day
from service.intake import receive
from service.labels import Answer, record
from service.picking import Filled, fill_day, keep_filled
from service.picking.aims import SHORT, aims
from service.picking.candidates import candidates
from service.questions import open_questions
from service.reports import up_to_date, weekly_report
from service.rungs import drivers_of
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DrawRow, LabelRow, MessageRow, ReviewRow, StandingRow
from service.terms import mark_stale
from service.triage import LATER, LEARNING

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATE = Label("delivery.late")
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where nothing is asked of the database that other tests do not ask of both."""
WORDS = (
    "pakket te laat en nog niet bezorgd", "doos kapot en gescheurd", "geld terug graag",
    "factuur met btw", "pakket of geld terug", "kapot of te laat", "bon van het pakket",
)  # fmt: skip


def send(runtime: Runtime, count: int, *, now: datetime = NOW, old: bool = False) -> None:
    """Messages with texts of their own; `old` ones are too old to be drawn."""
    messages = [
        RawMessage(
            text=f"{WORDS[n % len(WORDS)]} nummer {'abcdefghij'[n // 7 % 10]} {n // 70 + 1}",
            external_id=f"m{n}",
            channel=("ticket", "email")[n % 2],
            received_at=now - timedelta(days=n % 14, hours=1),
        )
        for n in range(count)
    ]
    with runtime.writing() as session:
        receive(session, runtime, messages, now=now, draw_since=now if old else None)


def all_reviews(runtime: Runtime) -> Sequence[ReviewRow]:
    with runtime.reading() as session:
        return session.scalars(select(ReviewRow).order_by(ReviewRow.id)).all()


@pytest.fixture
def archive(trained_runtime: Runtime) -> Runtime:
    """A hundred messages of the last fortnight, none drawn, and a day of twenty questions."""
    trained_runtime.settings.questions_a_day = 20
    send(trained_runtime, 100, old=True)
    return trained_runtime


def test_a_day_is_filled_up_once(archive: Runtime) -> None:
    found = fill_day(archive, now=NOW)
    assert (found.lacked, found.picked, sum(found.why.values())) == (20, 20, 20)
    picks = all_reviews(archive)
    assert Counter(each.purpose for each in picks) == {LEARNING: 20}
    assert len({each.message_id for each in picks}) == 20
    assert fill_day(archive, now=NOW) == Filled(0)
    with archive.reading() as session:
        today = day(session, archive, now=NOW)
    assert (today.left, today.picks, today.answered) == (20, 20, 0)


@ONE_DATABASE
def test_what_was_answered_today_is_part_of_the_day(archive: Runtime) -> None:
    fill_day(archive, now=NOW)
    answer(archive, [review.id for review in all_reviews(archive)])
    assert fill_day(archive, now=NOW).lacked == 0
    assert fill_day(archive, now=NOW + timedelta(days=1)).picked == 20


def test_drawn_questions_take_the_place_of_picks_and_come_first(archive: Runtime) -> None:
    archive.settings.graded_budget = 1e6
    messages = [RawMessage(text=f"te laat {n}", external_id=f"new{n}") for n in range(12)]
    with archive.writing() as session:
        receive(session, archive, messages, now=NOW)
    assert fill_day(archive, now=NOW).picked == 8
    served = []
    for _ in range(20):
        with archive.writing() as session:
            found = reviews.claim(session, archive, person="anna", now=NOW)
            assert found is not None
            served.append(found.review.purpose)
            reviews.skip(session, archive, review_id=found.review.id, person="anna", now=NOW)
    assert served == ["audit"] * 12 + [LEARNING] * 8


@ONE_DATABASE
def test_nothing_is_picked_where_none_is_wanted_and_a_dry_run_asks_nothing(
    archive: Runtime,
) -> None:
    assert fill_day(archive, now=NOW, dry_run=True).picked == 20
    archive.settings.questions_a_day = 0
    assert keep_filled(archive, now=NOW) is None
    assert all_reviews(archive) == []


def test_the_worker_looks_once_an_hour(archive: Runtime) -> None:
    assert keep_filled(archive, now=NOW) is not None
    with archive.writing() as session:
        session.execute(delete(ReviewRow))
    assert keep_filled(archive, now=NOW + timedelta(minutes=59)) is None
    found = keep_filled(archive, now=NOW + timedelta(hours=1))
    assert found is not None
    assert found.picked == 20


def test_what_is_picked_was_not_asked_drawn_said_held_out_or_said_before(
    archive: Runtime,
) -> None:
    with archive.reading() as session:
        before = set(candidates(session, seed=0).ids)
        rows = {row.id: row for row in session.scalars(select(MessageRow))}
    assert before == {id_ for id_, row in rows.items() if not row.holdout}
    asked, drawn, said, twin, wordless, *_ = sorted(before)
    now = {"answered_at": NOW, "person": "anna", "door": "api", "label": LATE}
    with archive.writing() as session:
        session.add(_review(asked))
        session.execute(update(DrawRow).where(DrawRow.message_id == drawn).values(drawn=True))
        record(session, archive, [Answer(message_id=said, door_ref="1", **now)], now=NOW)
        same = session.get_one(MessageRow, twin)
        same.text, same.text_key = rows[said].text, rows[said].text_key
        session.get_one(MessageRow, wordless).text = rows[said].text.__class__("…")
    with archive.reading() as session:
        assert set(candidates(session, seed=0).ids) == before - {asked, drawn, said, twin, wordless}


@ONE_DATABASE
def test_of_very_many_messages_some_are_looked_at_by_the_seed_alone(archive: Runtime) -> None:
    with archive.reading() as session:
        every = set(candidates(session, seed=0).ids)
        some, again, others = (candidates(session, seed=seed, most=30).ids for seed in (0, 0, 1))
    assert some == again != others
    assert set(some) < every
    assert len(some) == len(others) == 30


def _review(message: int) -> ReviewRow:
    return ReviewRow(
        message_id=message, purpose="routing", blind=False, priority=0, order_key=0,
        state="skipped", made_at=NOW,
    )  # fmt: skip


@ONE_DATABASE
def test_without_a_model_the_first_sample_has_a_bit_of_each_channel_and_week(
    runtime: Runtime,
) -> None:
    runtime.settings.questions_a_day = 24
    send(runtime, 100, old=True)
    found = fill_day(runtime, now=NOW)
    assert found.why == {"first": 24}
    with runtime.reading() as session:
        cells = session.execute(
            select(MessageRow.channel, MessageRow.week, func.count())
            .join(ReviewRow, ReviewRow.message_id == MessageRow.id)
            .group_by(MessageRow.channel, MessageRow.week)
        ).all()
    assert len(cells) == 6
    assert {count for _, _, count in cells} == {4}


def test_rare_drivers_and_queues_without_a_promise_get_their_share(archive: Runtime) -> None:
    model = archive.current_model()
    assert model is not None
    said = [
        Answer(message_id=n, door="api", door_ref=str(n), label=LATE, person="a", answered_at=NOW)
        for n in range(1, 11)
    ]
    with archive.writing() as session:
        taxonomy = taxonomy_in_use(session, archive)
        # Nothing is known of any queue: none goes before another.
        assert SHORT not in [aim.name for aim in aims(session, model, taxonomy)]
        record(session, archive, said, now=NOW)
        session.add(_promised("finance", drivers_of("finance", model, taxonomy), model.version))
        session.flush()
        rare, queues = aims(session, model, taxonomy)
    assert dict(zip(model.drivers, rare.weights.tolist(), strict=True)) == {
        "delivery.damaged": 1.0,
        "delivery.late": 0.1,
        "payment.invoice": 1.0,
        "payment.refund": 1.0,
    }
    assert dict(zip(model.drivers, queues.weights.tolist(), strict=True)) == {
        "delivery.damaged": 1.0,
        "delivery.late": 1.0,
        "payment.invoice": 0.0,
        "payment.refund": 0.0,
    }


def _promised(queue: str, drivers: list[str], model: str) -> StandingRow:
    return StandingRow(
        queue=queue, rung="select", changed_at=NOW, drivers=drivers, model=model, threshold=0.8,
        labels=90, evidence=60, errors=0, lower=0.96,
    )  # fmt: skip


@ONE_DATABASE
def test_an_audit_and_a_pick_look_the_same_to_whoever_answers(archive: Runtime) -> None:
    """Drawn and picked among the same messages: what is sent of both differs in order only."""
    archive.settings.prefilled_share = 0.5
    archive.settings.graded_budget = 1e6
    fill_day(archive, now=NOW)
    with archive.reading() as session:
        shown_as_pick = _everything_shown(archive, session)
    with archive.writing() as session:  # the same questions, had they been drawn
        session.execute(update(ReviewRow).values(purpose="audit"))
    with archive.reading() as session:
        shown_as_audit = _everything_shown(archive, session)
    assert shown_as_pick == shown_as_audit
    assert {bool(task["predictions"]) for task, _ in shown_as_pick} == {True, False}


@ONE_DATABASE
def test_as_many_picks_as_audits_are_pre_filled_and_by_the_same_draw(archive: Runtime) -> None:
    archive.settings.prefilled_share = 0.5
    fill_day(archive, now=NOW)
    with archive.reading() as session:
        rows = session.execute(
            select(MessageRow.external_id, ReviewRow.blind).join(ReviewRow)
        ).all()
    assert {blind for _, blind in rows} == {True, False}
    assert all(blind != prefilled(name, 0.5, key=archive.secret) for name, blind in rows)


@ONE_DATABASE
def test_places_of_picks_spread_like_those_of_drawn_questions(archive: Runtime) -> None:
    fill_day(archive, now=NOW)
    places = [each.order_key / 2**63 for each in all_reviews(archive)]
    assert places == sorted(places)
    assert max(places) - min(places) > 0.5
    assert {each.priority for each in all_reviews(archive)} == {LATER}


def _everything_shown(runtime: Runtime, session: Any) -> list[tuple[Any, Any]]:
    taxonomy = taxonomy_in_use(session, runtime)
    ids = list(session.scalars(select(ReviewRow.id).order_by(ReviewRow.id)))
    tasks = [task_data(each.asked, taxonomy) for each in open_questions(session, runtime, ids)]
    pages = [_shown(session, runtime, reviews.question(session, id_)) for id_ in ids]
    return [(task, page.model_dump()) for task, page in zip(tasks, pages, strict=True)]


@ONE_DATABASE
def test_answers_to_picks_leave_every_volume_as_it_was(trained_runtime: Runtime) -> None:
    """Also of drawn messages that are answered after them."""
    runtime, week = trained_runtime, "2026-W46"
    runtime.settings.graded_budget, runtime.settings.ask_doubtful = 400, "graded"
    send(runtime, 50)
    drawn = [review.id for review in all_reviews(runtime)]
    answer(runtime, drawn[:10])
    before = volumes(runtime, week)
    runtime.settings.questions_a_day = 40
    fill_day(runtime, now=NOW)
    picks = [each.id for each in all_reviews(runtime) if each.purpose == LEARNING]
    answer(runtime, picks)
    assert volumes(runtime, week) == before
    assert len(picks) > 10
    with runtime.reading() as session:
        labels = session.scalars(select(LabelRow).where(LabelRow.chosen == LEARNING)).all()
        assert [label.counts for label in labels] == [False] * len(picks)
    answer(runtime, drawn[10:])
    after = volumes(runtime, week)
    with runtime.writing() as session:
        session.execute(delete(LabelRow).where(LabelRow.chosen == LEARNING))
        mark_stale(session, {week})
    assert volumes(runtime, week) == after != before


def answer(runtime: Runtime, review_ids: Sequence[int]) -> None:
    with runtime.writing() as session:
        for number in review_ids:
            reviews.answer(session, runtime, review_id=number, label=LATE, person="anna", now=NOW)


def volumes(runtime: Runtime, week: str) -> Any:
    up_to_date(runtime)
    with runtime.reading() as session:
        return asdict(weekly_report(session, runtime, week, now=NOW))
