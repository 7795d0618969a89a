"""Where the model or the taxonomy changed, the report says so and says what that changed."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from classifier.messages import Label, LabeledMessage, RawMessage, RedactedText
from classifier.registry import promote, save
from classifier.taxonomy import Taxonomy
from classifier.training import train
from service.bridges import build_bridges
from service.intake import receive
from service.labels import Answer, record
from service.reports import DriverVolume, Split, WeeklyReport, up_to_date, weekly_report
from service.runtime import Runtime, open_runtime
from service.settings import Settings
from service.tables import BridgeRow, MessageRow, PredictionRow, ReviewRow, TermRow
from service.worker import run_once

BEFORE, AFTER = "2026-W45", "2026-W46"
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)  # of week 45
WEEK = timedelta(days=7)
NOW = MONDAY + 2 * WEEK
LATE, DAMAGED, REFUND = "delivery.late", "delivery.damaged", "payment.refund"
SAYS = {
    LATE: "waar blijft mijn pakket, het is te laat",
    DAMAGED: "de doos is kapot en gescheurd",
    REFUND: "geld terug, het bedrag is niet teruggestort",
}
COUNTS = {LATE: 90, DAMAGED: 40, REFUND: 50}


@pytest.fixture
def runtime(settings: Settings, models_dir: Path) -> Iterator[Runtime]:
    """A model in use, models that may come after it, and about every third message asked about."""
    shutil.copytree(models_dir, settings.models_dir)
    more = {"graded_budget": 60.0, "expected_messages": 180.0}
    opened = open_runtime(settings.model_copy(update=more))
    yield opened
    opened.close()


def receive_week(runtime: Runtime, start: datetime, counts: dict[str, int] = COUNTS) -> None:
    """So many messages about each driver, spread over five days, all answered but the undrawn."""
    messages = [
        RawMessage(
            text=f"{SAYS[driver]} {number}",
            external_id=f"{start:%d} {driver} {number}",
            received_at=start + timedelta(days=number % 5),
        )
        for driver, count in counts.items()
        for number in range(count)
    ]
    for day in range(5):
        now = start + timedelta(days=day)
        with runtime.writing() as session:
            receive(session, runtime, [m for m in messages if m.received_at == now], now=now)
    answer(runtime, at=start + timedelta(days=5))


def answer(runtime: Runtime, *, at: datetime) -> None:
    """Every open question, by what the message was made of."""
    with runtime.writing() as session:
        query = select(ReviewRow, MessageRow.external_id).join(
            MessageRow, MessageRow.id == ReviewRow.message_id
        )
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(name.split()[1]),
                person="anna",
                door="review",
                door_ref=str(review.id),
                answered_at=at,
                review_id=review.id,
                chosen=review.purpose,
            )
            for review, name in session.execute(query.where(ReviewRow.state == "open"))
        ]
        record(session, runtime, answers, now=at)


def another_model(runtime: Runtime, taxonomy: Taxonomy, *, takes: dict[str, str]) -> str:
    """A version in use that takes one driver for another."""
    messages = [
        LabeledMessage(
            text=RedactedText(f"{text} vraag {number}"),
            label=Label(takes.get(driver, driver)),
            message_id=f"{driver} {number}",
        )
        for driver, text in SAYS.items()
        for number in range(20)
    ]
    trained = train(messages, taxonomy)
    folder = runtime.settings.models_dir
    version = save(trained.model, folder, today=date(2026, 11, 9), card="# Another\n")
    promote(folder, version)
    return version


def report(runtime: Runtime, week: str = AFTER, **options: Any) -> WeeklyReport:
    up_to_date(runtime)
    with runtime.reading() as session:
        return weekly_report(session, runtime, week, now=NOW, **options)


def row(found: WeeklyReport, driver: str) -> DriverVolume:
    return next(each for each in (*found.drivers, *found.parents) if each.driver == driver)


def adds_up(split: Split) -> bool:
    parts = split.contacts.value + split.mix.value + split.measurement.value
    return bool(np.isclose(parts, split.change, rtol=0, atol=1e-9))


def stored(runtime: Runtime, table: type[Any]) -> list[dict[str, Any]]:
    with runtime.reading() as session:
        rows = session.scalars(select(table)).all()
        names = [column.name for column in table.__table__.columns]
        return [{name: getattr(row, name) for name in names} for row in rows]


def test_a_change_of_model_is_said_and_taken_out_of_the_plain_count(
    runtime: Runtime, taxonomy: Taxonomy
) -> None:
    receive_week(runtime, MONDAY)
    first = report(runtime, BEFORE).models[0]
    second = another_model(runtime, taxonomy, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    before = report(runtime)
    assert before.bridge is not None, "the change is said at once, and split by the next round"
    assert (before.bridge.made_at, row(before, LATE).split) == (None, None)
    assert run_once(runtime, now=lambda: NOW) == []
    found = report(runtime)
    assert found.bridge is not None
    assert (found.bridge.before, found.bridge.spanned) == (BEFORE, True)
    assert (found.bridge.models_before, found.bridge.models) == ((first,), (second,))
    for each in (*found.drivers, *found.parents):
        assert each.split is not None
        assert each.naive_split is not None
        assert adds_up(each.split)
        assert adds_up(each.naive_split)
        assert each.change is not None
        assert each.split.change == each.change.value
    plain = row(found, DAMAGED).naive_split
    assert plain is not None
    assert plain.change > 15, "the plain count says that far more parcels break"
    assert plain.measurement.value > 0.8 * plain.change
    assert abs(plain.mix.value) < 0.2 * plain.change
    ours = row(found, DAMAGED).split
    assert ours is not None
    assert ours.measurement.low is not None
    assert ours.measurement.high is not None
    assert ours.measurement.low < 0 < ours.measurement.high, "answers had corrected it"
    parent = row(found, "delivery").naive_split
    assert parent is not None
    assert abs(parent.measurement.value) < 1, "within the group nothing moved"


def test_without_another_model_nothing_is_said(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    receive_week(runtime, MONDAY + WEEK, {LATE: 30, DAMAGED: 90})
    assert build_bridges(runtime, now=NOW) == []
    found = report(runtime)
    assert found.bridge is None
    assert all(each.split is None for each in found.drivers)


def test_bridging_changes_no_term_and_no_prediction_and_can_be_run_twice(
    runtime: Runtime, taxonomy: Taxonomy
) -> None:
    receive_week(runtime, MONDAY)
    another_model(runtime, taxonomy, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    up_to_date(runtime)
    kept = stored(runtime, TermRow), stored(runtime, PredictionRow)
    assert build_bridges(runtime, now=NOW) == [AFTER]
    made = stored(runtime, BridgeRow)
    assert build_bridges(runtime, now=NOW) == []
    assert build_bridges(runtime, now=NOW + timedelta(days=3)) == []
    assert stored(runtime, BridgeRow) == made
    assert (stored(runtime, TermRow), stored(runtime, PredictionRow)) == kept
