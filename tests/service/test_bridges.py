"""Where the model or the taxonomy changed, the report says so and says what that changed."""

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from classifier.fold_predictions import FOLDS
from classifier.messages import Label, LabeledMessage, RawMessage, RedactedText
from classifier.registry import promote, rollback, save
from classifier.training import train
from service.breakdown import render
from service.bridges import build_bridges
from service.figures import is_clear
from service.intake import receive
from service.labels import Answer, record
from service.learning import Source, train_version
from service.reports import DriverVolume, Split, WeeklyReport, up_to_date, weekly_report
from service.runtime import Runtime, open_runtime, taxonomy_in_use
from service.settings import Settings
from service.tables import (
    BookmarkRow,
    BridgeRow,
    LabelRow,
    MessageRow,
    PredictionRow,
    ReviewRow,
    TermRow,
)
from service.terms import mark_stale
from service.worker import run_once

BEFORE, AFTER = "2026-W45", "2026-W46"
MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)  # of week 45
WEEK = timedelta(days=7)
NOW = MONDAY + 2 * WEEK
LATE, DAMAGED, REFUND = "delivery.late", "delivery.damaged", "payment.refund"
BOX, ITEM = "delivery.damaged.box", "delivery.damaged.item"
SAYS = {
    LATE: "waar blijft mijn pakket, het is te laat",
    DAMAGED: "de doos is kapot en gescheurd",
    REFUND: "geld terug, het bedrag is niet teruggestort",
    BOX: "de doos is gescheurd",
    ITEM: "het glas erin is gebroken",
}
COUNTS = {LATE: 90, DAMAGED: 40, REFUND: 50}
IN_TWO = {LATE: 90, BOX: 30, ITEM: 30, REFUND: 30}
SPLIT = """
[[drivers]]
id = "delivery.damaged.box"
parent = "delivery.damaged"
names = { nl = "Doos", en = "Box" }

[[drivers]]
id = "delivery.damaged.item"
parent = "delivery.damaged"
names = { nl = "Inhoud", en = "Content" }
"""


@pytest.fixture
def runtime(settings: Settings, models_dir: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A model in use, models that may come after it, a taxonomy to edit, and about every third
    message asked about."""
    shutil.copytree(models_dir, settings.models_dir)
    taxonomy = Path(shutil.copy(settings.taxonomy, tmp_path / "own.toml"))
    more = {"graded_budget": 60.0, "expected_messages": 180.0, "taxonomy": taxonomy}
    opened = open_runtime(settings.model_copy(update=more))
    yield opened
    opened.close()


def receive_week(
    runtime: Runtime,
    start: datetime,
    counts: dict[str, int] = COUNTS,
    *,
    days: range = range(5),
    says: dict[str, str] | None = None,
) -> None:
    """So many messages about each driver, spread over days; what is asked is answered, by the
    driver or, in a taxonomy without it, by what it `says`."""
    messages = [
        RawMessage(
            text=f"{SAYS[driver]} {number}",
            external_id=f"{start:%d} {driver} {number}",
            received_at=start + timedelta(days=days[number % len(days)]),
        )
        for driver, count in counts.items()
        for number in range(count)
    ]
    for day in days:
        now = start + timedelta(days=day)
        with runtime.writing() as session:
            receive(session, runtime, [m for m in messages if m.received_at == now], now=now)
    answer(runtime, at=start + timedelta(days=days[-1], hours=1), says=says or {})


def answer(runtime: Runtime, *, at: datetime, says: dict[str, str]) -> None:
    """Every open question, by what the message was made of."""
    with runtime.writing() as session:
        query = select(ReviewRow, MessageRow.external_id).join(
            MessageRow, MessageRow.id == ReviewRow.message_id
        )
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(says.get(name.split()[1], name.split()[1])),
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


def another_model(
    runtime: Runtime, *, of: Iterable[str] = COUNTS, takes: dict[str, str] | None = None
) -> str:
    """A version in use that knows these drivers, and takes one for another."""
    messages = [
        LabeledMessage(
            text=RedactedText(f"{text} vraag {number}"),
            label=Label((takes or {}).get(driver, driver)),
            message_id=f"{driver} {number}",
        )
        for driver, text in SAYS.items()
        for number in range(20)
        if driver in of
    ]
    with runtime.reading() as session:
        taxonomy = taxonomy_in_use(session, runtime)
    trained = train(messages, taxonomy)
    folder = runtime.settings.models_dir
    version = save(trained.model, folder, today=date(2026, 11, 9), card="# Another\n")
    promote(folder, version)
    return version


def bridge(runtime: Runtime, now: datetime = NOW) -> list[str]:
    up_to_date(runtime)
    return build_bridges(runtime, now=now)


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


def test_a_change_of_model_is_said_and_taken_out_of_the_plain_count(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    first = report(runtime, BEFORE).models[0]
    second = another_model(runtime, takes={LATE: DAMAGED})
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
    assert bridge(runtime) == []
    found = report(runtime)
    assert found.bridge is None
    assert all(each.split is None for each in found.drivers)


def test_bridging_changes_no_term_and_no_prediction_and_can_be_run_twice(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    another_model(runtime, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    up_to_date(runtime)
    kept = stored(runtime, TermRow), stored(runtime, PredictionRow)
    assert bridge(runtime) == [AFTER]
    made = stored(runtime, BridgeRow)
    assert bridge(runtime) == []
    assert bridge(runtime, NOW + timedelta(days=3)) == []
    assert stored(runtime, BridgeRow) == made
    assert (stored(runtime, TermRow), stored(runtime, PredictionRow)) == kept


def test_a_driver_that_was_split_did_not_come_from_nothing(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY, IN_TWO, says={BOX: DAMAGED, ITEM: DAMAGED})
    with runtime.settings.taxonomy.open("a", encoding="utf-8") as file:
        file.write(SPLIT)
    another_model(runtime, of=IN_TWO)
    receive_week(runtime, MONDAY + WEEK, {**IN_TWO, ITEM: 75})
    raw = report(runtime)
    assert row(raw, BOX).real_change, "between the columns of today, it came from nothing"
    assert bridge(runtime) == [AFTER]
    found = report(runtime)
    assert found.bridge is not None
    assert found.bridge.taxonomy_changed
    assert (set(found.bridge.added), found.bridge.removed) == (
        {BOX, ITEM, "delivery.damaged.other"},
        (DAMAGED,),
    )
    box, item, unknown = (row(found, each) for each in (BOX, ITEM, "unknown"))
    for each in (box, item, unknown):
        assert each.split is not None
        assert adds_up(each.split)
        assert is_clear(each.split.measurement), "beyond chance"
    assert box.split is not None
    assert item.split is not None
    assert box.split.measurement.value == pytest.approx(30, abs=12)
    same = box.split.contacts.value + box.split.mix.value
    assert same == pytest.approx(0, abs=8), "of more messages in all it has a smaller share"
    assert not box.real_change
    assert item.split.measurement.value == pytest.approx(30, abs=12)
    assert item.split.mix.value + item.split.contacts.value == pytest.approx(45, abs=20)
    group = row(found, "delivery.damaged")
    assert group.split is not None
    shown = group.split.contacts.value + group.split.mix.value
    assert shown == pytest.approx(45, abs=20), "of the group it was always known"


def test_what_is_new_and_not_learned_cannot_be_compared(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY, IN_TWO, says={BOX: DAMAGED, ITEM: DAMAGED})
    with runtime.settings.taxonomy.open("a", encoding="utf-8") as file:
        file.write(SPLIT)
    receive_week(runtime, MONDAY + WEEK, IN_TWO)
    assert bridge(runtime) == [AFTER]
    found = report(runtime)
    assert found.bridge is not None
    assert found.bridge.taxonomy_changed
    for driver in (BOX, ITEM):
        assert (row(found, driver).split, row(found, driver).real_change) == (None, None)
    late = row(found, LATE)
    assert late.split is not None
    assert late.split.measurement.value == pytest.approx(0, abs=5)


def test_what_is_new_can_be_compared_once_a_model_has_learned_it(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY, IN_TWO, says={BOX: DAMAGED, ITEM: DAMAGED})
    with runtime.settings.taxonomy.open("a", encoding="utf-8") as file:
        file.write(SPLIT)
    receive_week(runtime, MONDAY + WEEK, IN_TWO)
    assert bridge(runtime) == [AFTER]
    assert row(report(runtime), BOX).split is None
    another_model(runtime, of=IN_TWO)
    assert bridge(runtime) == [AFTER]
    found = row(report(runtime), BOX)
    assert found.split is not None
    assert adds_up(found.split)
    assert found.split.measurement.value == pytest.approx(30, abs=12)
    assert bridge(runtime, NOW + timedelta(days=1)) == []


def test_another_queue_is_no_other_taxonomy(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    edited = runtime.settings.taxonomy.read_text(encoding="utf-8").replace("finance", "cash")
    runtime.settings.taxonomy.write_text(edited, encoding="utf-8")
    receive_week(runtime, MONDAY + WEEK)
    assert bridge(runtime) == []
    assert report(runtime).bridge is None


def test_another_definition_is_said_and_not_split(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    edited = runtime.settings.taxonomy.read_text(encoding="utf-8").replace("Geld terug.", "Geld.")
    runtime.settings.taxonomy.write_text(edited, encoding="utf-8")
    receive_week(runtime, MONDAY + WEEK)
    assert bridge(runtime) == [AFTER]
    found = report(runtime)
    assert found.bridge is not None
    assert (found.bridge.taxonomy_changed, found.bridge.redefined) == (True, (REFUND,))
    for each in found.drivers:
        assert each.split is not None
        assert each.split.measurement.value == 0


def test_a_slice_says_that_it_was_measured_otherwise_and_splits_nothing(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY, IN_TWO, says={BOX: DAMAGED, ITEM: DAMAGED})
    with runtime.settings.taxonomy.open("a", encoding="utf-8") as file:
        file.write(SPLIT)
    another_model(runtime, of=IN_TWO)
    receive_week(runtime, MONDAY + WEEK, IN_TWO)
    assert bridge(runtime) == [AFTER]
    found = report(runtime, slice_name="channel", value="ticket")
    assert found.bridge is not None
    assert row(found, BOX).split is None
    assert row(found, BOX).real_change is None, "nobody could name it the week before"
    assert row(found, LATE).real_change is False


def test_a_bridge_goes_when_the_weeks_are_measured_alike_after_all(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    with runtime.settings.taxonomy.open("a", encoding="utf-8") as file:
        file.write(SPLIT)
    receive_week(runtime, MONDAY + WEEK, {LATE: 60, REFUND: 30})
    assert bridge(runtime) == [AFTER]
    with runtime.writing() as session:
        session.execute(update(LabelRow).values(taxonomy="forgotten"))
    assert bridge(runtime, NOW + timedelta(days=1)) == []
    assert report(runtime).bridge is None


def test_a_model_that_came_in_the_middle_of_a_week_counts_for_the_days_before(
    runtime: Runtime,
) -> None:
    receive_week(runtime, MONDAY)
    receive_week(runtime, MONDAY + WEEK, {LATE: 45, DAMAGED: 20, REFUND: 25}, days=range(3))
    another_model(runtime, takes={LATE: DAMAGED})
    later = {LATE: 45, DAMAGED: 20, REFUND: 25}
    receive_week(runtime, MONDAY + WEEK + timedelta(days=3), later, days=range(2))
    receive_week(runtime, MONDAY + 2 * WEEK)
    third = "2026-W47"
    assert bridge(runtime, NOW + WEEK) == [AFTER, third]
    effects = []
    for week in (AFTER, third):
        found = row(report(runtime, week), DAMAGED)
        assert found.split is not None
        assert found.naive_split is not None
        assert adds_up(found.split)
        assert adds_up(found.naive_split)
        assert abs(found.naive_split.mix.value) < 12
        effects.append(found.naive_split.measurement.value)
    assert min(effects) > 0, "each change of week holds a part of it"
    assert sum(effects) > 40
    assert report(runtime, "2026-W48").bridge is None


def test_messages_that_taught_the_model_are_judged_by_folds(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    made = train_version(runtime.settings, Source(), promote=True, now=MONDAY + WEEK)
    receive_week(runtime, MONDAY + WEEK)
    assert bridge(runtime) == [AFTER]
    found = report(runtime)
    assert found.bridge is not None
    assert found.bridge.spanned
    assert found.bridge.out_of_fold > 10
    assert found.bridge.left_out == 0
    (runtime.settings.models_dir / made.version / FOLDS).unlink()
    with runtime.writing() as session:
        for kept in (BridgeRow, BookmarkRow):
            session.execute(delete(kept))
    assert bridge(runtime) == [AFTER]
    without = report(runtime)
    assert without.bridge is not None
    assert without.bridge.out_of_fold == 0
    assert without.bridge.left_out == found.bridge.out_of_fold


@pytest.mark.parametrize(
    ("code", "said", "names"),
    [
        ("en", "Between week 45 and week 46 the model changed (", ("Contacts", "Measurement")),
        ("nl", "Tussen week 45 en week 46 is het model veranderd (", ("Contacten", "Meting")),
    ],
)
def test_a_report_says_it_in_the_readers_language_and_as_json(
    runtime: Runtime, code: str, said: str, names: tuple[str, str]
) -> None:
    receive_week(runtime, MONDAY)
    another_model(runtime, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    assert bridge(runtime) == [AFTER]
    written = {}
    for form in ("html", "json"):
        with runtime.reading() as session:
            written[form] = render(session, runtime, week=AFTER, form=form, language=code, now=NOW)
    assert said in written["html"]
    assert all(name in written["html"] for name in names)
    week = json.loads(written["json"])["weeks"][0]
    assert week["bridge"]["spanned"]
    for each in (*week["drivers"], *week["parents"]):
        for split in (each["split"], each["naive_split"]):
            parts = sum(split[name]["value"] for name in ("contacts", "mix", "measurement"))
            assert parts == pytest.approx(split["change"], abs=1e-9)
        assert each["split"]["mix"]["low"] <= each["split"]["mix"]["value"]
        assert each["naive_split"]["mix"]["low"] is None, "a plain count is no estimate"


def test_without_its_model_it_is_said_that_nothing_can_be_read_again(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    second = another_model(runtime, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    rollback(runtime.settings.models_dir)
    shutil.rmtree(runtime.settings.models_dir / second)
    assert bridge(runtime) == [AFTER]
    found = report(runtime)
    assert found.bridge is not None
    assert (found.bridge.spanned, found.bridge.made_at) == (False, NOW)
    assert all(each.split is None for each in found.drivers)


def test_answers_that_come_late_are_bridged_again_the_day_after(runtime: Runtime) -> None:
    receive_week(runtime, MONDAY)
    another_model(runtime, takes={LATE: DAMAGED})
    receive_week(runtime, MONDAY + WEEK)
    with runtime.writing() as session:
        late = session.scalars(select(LabelRow).where(LabelRow.counts).limit(9)).all()
        for each in late:
            each.current = False
        mark_stale(session, [BEFORE, AFTER])
    assert bridge(runtime) == [AFTER]
    made = stored(runtime, BridgeRow)[0]["answers"]
    with runtime.writing() as session:
        session.execute(update(LabelRow).values(current=True))
        mark_stale(session, [BEFORE, AFTER])
    assert bridge(runtime, NOW + timedelta(hours=1)) == []
    between = report(runtime)
    assert all(each.split and adds_up(each.split) for each in between.drivers)
    assert bridge(runtime, NOW + timedelta(days=1)) == [AFTER]
    assert stored(runtime, BridgeRow)[0]["answers"] == made + len(late)
