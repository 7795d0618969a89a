"""Sums of a week: by hand, and whatever happens to models, drivers, slices and answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from classifier.messages import UNKNOWN, RedactedText
from classifier.volumes import VolumeTerms
from service.reports import up_to_date
from service.runtime import Runtime, taxonomy_in_use
from service.tables import (
    DrawRow,
    LabelRow,
    MessageRow,
    ModelRow,
    PredictionRow,
    StaleWeekRow,
    TermRow,
)
from service.terms import (
    MENTION,
    PRIMARY,
    Columns,
    is_stale,
    load_terms,
    mark_stale,
    refresh,
    stale_weeks,
)
from service.terms.columns import SEVERAL
from service.terms.probabilities import Logged, probabilities
from service.weeks import monday, week_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK, MONDAY = "2026-W46", date(2026, 11, 9)
LATE, DAMAGED, REFUND, INVOICE = (
    "delivery.late",
    "delivery.damaged",
    "payment.refund",
    "payment.invoice",
)
GRADED = "graded/middle/2026-11-09"


@dataclass(frozen=True)
class Row:
    """A counted message as it would have been stored; `label` None: no answer, '' : unknown."""

    top: dict[str, float] | None = field(default_factory=lambda: {LATE: 0.8, REFUND: 0.2})
    pi: float = 0.5
    drawn: bool = False
    label: str | None = None
    stratum: str = GRADED
    unknown: float = 0.0
    model: str = "m1"
    day: date = MONDAY
    channel: str = "ticket"
    product: str = ""
    mentions: dict[str, float] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def fill(runtime: Runtime, rows: Sequence[Row]) -> list[int]:
    """Store messages with just these predictions, draws and answers; their ids."""
    with runtime.writing() as session:
        for name in sorted({row.model for row in rows} - {""}):
            if session.get(ModelRow, name) is None:
                drivers = [LATE, DAMAGED, REFUND, INVOICE]
                session.add(
                    ModelRow(
                        version=name,
                        taxonomy="t",
                        drivers=drivers,
                        base_shares=[0.4, 0.3, 0.2, 0.1],
                        used_since=NOW,
                    )
                )
        before = session.scalar(select(func.count()).select_from(MessageRow)) or 0
        messages = [_message(row, before + number) for number, row in enumerate(rows)]
        session.add_all(messages)
        session.flush()
        for row, message in zip(rows, messages, strict=True):
            session.add_all(_rest(row, message.id))
        mark_stale(session, {message.week for message in messages})
        return [message.id for message in messages]


def _message(row: Row, number: int) -> MessageRow:
    return MessageRow(
        external_id=f"m{number}",
        content_hash="",
        channel=row.channel,
        direction="inbound",
        counted=True,
        subject=RedactedText(""),
        text=RedactedText("x"),
        text_key="",
        holdout=False,
        language="nl",
        received_at=NOW,
        day=row.day,
        week=week_of(row.day),
        attributes={"product": row.product} if row.product else {},
        scores={},
        stored_at=NOW,
    )


def _rest(row: Row, message_id: int) -> Iterator[Any]:
    yield DrawRow(
        message_id=message_id,
        inclusion=row.pi,
        drawn=row.drawn,
        required=row.stratum.startswith("required"),
        stratum=row.stratum,
        uncertainty=0.5,
        made_at=NOW,
    )
    if row.top is not None:
        yield PredictionRow(
            message_id=message_id,
            first=True,
            model=row.model,
            recalibration="none",
            taxonomy="t",
            top=[[driver, p] for driver, p in row.top.items()],
            rest=max(0.0, 1.0 - sum(row.top.values())),
            unknown=row.unknown,
            confidence=0.8,
            threshold=0.9,
            mentions=[[driver, p, p > 0.5, []] for driver, p in row.mentions.items()],
            made_at=NOW,
        )
    if row.label is not None:
        yield LabelRow(
            message_id=message_id,
            driver=row.label or None,
            also=list(row.also),
            note=RedactedText(""),
            suggestion=RedactedText(""),
            person="p",
            door="d",
            door_ref=str(message_id),
            version="1",
            chosen="audit",
            counts=row.drawn,
            current=True,
            origin="manual",
            taxonomy="t",
            answered_at=NOW,
            stored_at=NOW,
        )


def columns_of(runtime: Runtime) -> Columns:
    with runtime.reading() as session:
        return Columns.of(taxonomy_in_use(session, runtime))


def terms_of(
    runtime: Runtime,
    week: str = WEEK,
    slice_name: str = "",
    value: str = "",
    kind: str = PRIMARY,
) -> VolumeTerms:
    up_to_date(runtime)
    columns = columns_of(runtime)
    with runtime.reading() as session:
        found = load_terms(session, columns, [week], slice_name, value, kind=kind)
        return found[week, value]


def of(runtime: Runtime, sums: np.ndarray[Any, Any], driver: str) -> float:
    return float(sums[columns_of(runtime).all.index(driver)])


def total(terms: VolumeTerms) -> np.ndarray[Any, Any]:
    return terms.expected + terms.correction


def test_a_small_week_by_hand(runtime: Runtime) -> None:
    fill(runtime, [Row(drawn=True, label=LATE), Row(drawn=True, label=REFUND), Row(), Row()])
    terms = terms_of(runtime)
    assert (terms.messages, terms.answers, terms.unmeasured) == (4, 2, 0)
    assert (terms.weight, terms.weight_spread) == pytest.approx((4.0, 4.0))
    by_hand = {
        "expected": 4 * 0.8,
        "expected_open": 2 * 0.8,
        "spread_open": 2 * 0.16,
        "correction": (0.2 - 0.8) / 0.5,
        "design": 2 * (0.2**2 + 0.8**2),
        "modeled": 4 * 1 * 0.16,
        "modeled_fourth": 4 * 2 * 0.16 * (1 - 3 * 0.16),
        "surprise": 2 * 0.8**2,
        "surprise_square": (2 * 0.8**2) ** 2,
        "reviewed": 1,
        "weighted": 2,
        "weighted_spread": 2,
    }
    found = {name: of(runtime, getattr(terms, name), LATE) for name in by_hand}
    assert found == pytest.approx(by_hand)
    assert of(runtime, total(terms), LATE) == pytest.approx(2.0)
    assert of(runtime, total(terms), REFUND) == pytest.approx(2.0)
    assert of(runtime, total(terms), "delivery") == pytest.approx(2.0)


def test_missing_answers_weigh_the_others_heavier(runtime: Runtime) -> None:
    """Three asked with certainty, one answered: it stands for three."""
    required = {"pi": 1.0, "drawn": True, "stratum": "required/low/2026-11-09"}
    fill(runtime, [Row(label=DAMAGED, **required), Row(**required), Row(**required)])  # type: ignore[arg-type]
    terms = terms_of(runtime)
    assert (terms.answers, terms.unmeasured, terms.weight) == (1, 0, pytest.approx(3.0))
    assert of(runtime, total(terms), DAMAGED) == pytest.approx(3.0)


def test_a_stratum_without_answers_takes_the_rate_of_its_kind_and_else_is_not_measured(
    runtime: Runtime,
) -> None:
    low = [Row(pi=1.0, drawn=True, stratum=f"required/low/{day}") for day in ("a", "b")]
    answered = Row(pi=1.0, drawn=True, stratum="required/low/c", label=LATE)
    alone = Row(pi=1.0, drawn=True, stratum="required/middle/a")
    fill(runtime, [*low, answered, alone])
    terms = terms_of(runtime)
    assert (terms.messages, terms.answers, terms.unmeasured) == (4, 1, 1)


def test_an_answer_to_a_question_that_was_not_drawn_changes_nothing(runtime: Runtime) -> None:
    fill(runtime, [Row(), Row(label=DAMAGED), Row(drawn=True, label=LATE)])
    terms = terms_of(runtime)
    assert terms.answers == 1
    assert of(runtime, terms.reviewed, DAMAGED) == 0


def test_leaves_add_up_to_the_messages(runtime: Runtime) -> None:
    rows = [
        Row(top={LATE: 0.5, REFUND: 0.2}, unknown=0.3, drawn=True, label=""),
        Row(top=None, model=""),
        Row(top={LATE: 0.5, "retired.driver": 0.5}, drawn=True, label="retired.driver"),
        Row(unknown=0.9),
    ]
    fill(runtime, rows)
    terms = terms_of(runtime)
    assert total(terms)[: terms.leaves].sum() == pytest.approx(4.0)
    assert of(runtime, terms.reviewed, UNKNOWN) == 2


def test_what_was_logged_is_spread_over_the_columns(runtime: Runtime) -> None:
    leaves = columns_of(runtime).leaves
    fill(runtime, [Row()])
    logged = [
        Logged("m1", [[LATE, 0.5], [DAMAGED, 0.2]], 0.3, 0.1),
        Logged("m1", [["gone", 0.6], [LATE, 0.4]], 0.0, 0.0),
        Logged("", [], 0.0, 0.0),
    ]
    with runtime.reading() as session:
        found = probabilities(session, leaves, logged)
    first, second, third = (dict(zip(leaves, row.round(9).tolist(), strict=True)) for row in found)
    assert {driver: p for driver, p in first.items() if p} == {
        LATE: 0.45,
        DAMAGED: 0.18,
        REFUND: 0.18,
        INVOICE: 0.09,
        UNKNOWN: 0.1,
    }
    assert {driver: p for driver, p in second.items() if p} == {LATE: 0.4, UNKNOWN: 0.6}
    assert set(third.values()) == {round(1 / 7, 9)}


def test_summing_twice_gives_the_same_rows(runtime: Runtime) -> None:
    fill(runtime, [Row(drawn=True, label=LATE, product="lamp"), Row(channel="email"), Row()])
    with runtime.writing() as session:
        assert refresh(session, runtime) == [WEEK]
        assert refresh(session, runtime) == []
    before = _stored(runtime)
    with runtime.writing() as session:
        mark_stale(session, [WEEK, WEEK])
        assert refresh(session, runtime, ["2026-W01"]) == []
        assert refresh(session, runtime, [WEEK]) == [WEEK]
    assert _stored(runtime) == before
    assert len(before) > 20


def _stored(runtime: Runtime) -> set[tuple[Any, ...]]:
    with runtime.engine.connect() as connection:
        return {tuple(row) for row in connection.execute(select(TermRow.__table__))}


def test_slices_add_up_to_the_whole(runtime: Runtime) -> None:
    fill(
        runtime,
        [
            Row(channel="email", drawn=True, label=LATE),
            Row(channel="email"),
            Row(channel="chat", drawn=True, label=REFUND),
        ],
    )
    whole, email, chat = (
        terms_of(runtime),
        terms_of(runtime, WEEK, "channel", "email"),
        terms_of(runtime, WEEK, "channel", "chat"),
    )
    assert (email.messages, chat.messages) == (2, 1)
    for name in ("expected", "correction", "design", "modeled", "reviewed"):
        both = getattr(email, name) + getattr(chat, name)
        assert both == pytest.approx(getattr(whole, name))


def test_beyond_the_largest_values_of_a_slice_the_rest_is_other(runtime: Runtime) -> None:
    rare = [Row(product=f"p{number:03}") for number in range(205)]
    fill(runtime, [*rare, Row(product="p204"), Row(product="p204"), Row()])
    up_to_date(runtime)
    with runtime.reading() as session:
        loaded = load_terms(session, columns_of(runtime), [WEEK], "product")
    assert len(loaded) == 201
    assert loaded[WEEK, "p204"].messages == 3
    assert loaded[WEEK, "other"].messages == 5
    assert sum(terms.messages for terms in loaded.values()) == 207


def test_two_models_in_a_week_are_kept_apart_and_add_up(runtime: Runtime) -> None:
    swapped = [Row(model="m2", top={DAMAGED: 1.0}, drawn=True, label=DAMAGED), Row(model="m2")]
    fill(runtime, [Row(drawn=True, label=LATE), Row(), *swapped])
    terms = terms_of(runtime)
    assert (terms.messages, terms.answers) == (4, 2)
    assert total(terms)[: terms.leaves].sum() == pytest.approx(4.0)
    with runtime.reading() as session:
        query = select(TermRow.model, TermRow.messages).where(
            TermRow.driver == "", TermRow.slice == ""
        )
        assert sorted(map(tuple, session.execute(query))) == [("m1", 2.0), ("m2", 2.0)]


def test_days_are_kept_apart_and_add_up(runtime: Runtime) -> None:
    fill(runtime, [Row(day=monday(WEEK) + timedelta(days=day)) for day in (0, 3, 3, 6, 7)])
    assert terms_of(runtime).messages == 4
    assert terms_of(runtime, "2026-W47").messages == 1


def test_a_late_answer_changes_its_own_week_only(runtime: Runtime) -> None:
    first = fill(runtime, [Row(drawn=True), Row(drawn=True, label=LATE)])
    fill(runtime, [Row(day=monday("2026-W47"), drawn=True, label=LATE)])
    before, other = terms_of(runtime), terms_of(runtime, "2026-W47")
    with runtime.writing() as session:
        session.add_all(list(_rest(Row(top=None, drawn=True, label=REFUND), first[0]))[1:])
        mark_stale(session, [WEEK])
    after, other_after = terms_of(runtime), terms_of(runtime, "2026-W47")
    assert (before.answers, after.answers) == (1, 2)
    assert np.array_equal(after.expected, before.expected), "probabilities never change"
    for name in ("expected", "correction", "design", "reviewed"):
        assert np.array_equal(getattr(other, name), getattr(other_after, name))


SMALLER = """
[[drivers]]
id = "delivery"
names = { nl = "Bezorging" }

[[drivers]]
id = "delivery.late"
parent = "delivery"
names = { nl = "Te laat" }

[[drivers]]
id = "lamps"
names = { nl = "Lampen" }
"""


def test_when_drivers_retire_their_messages_stay_in_the_sum(
    runtime: Runtime, tmp_path: Path
) -> None:
    fill(runtime, [Row(drawn=True, label=LATE), Row(drawn=True, label=REFUND), Row()])
    up_to_date(runtime)
    runtime.settings.taxonomy = tmp_path / "smaller.toml"
    runtime.settings.taxonomy.write_text(SMALLER, encoding="utf-8")
    terms = terms_of(runtime)
    assert total(terms)[: terms.leaves].sum() == pytest.approx(3.0)
    assert of(runtime, terms.reviewed, UNKNOWN) == 1
    assert of(runtime, terms.expected, UNKNOWN) == pytest.approx(0.6)
    assert _drivers(runtime) == {"", LATE, UNKNOWN, "delivery"}


def _drivers(runtime: Runtime) -> set[str]:
    with runtime.reading() as session:
        return set(session.scalars(select(TermRow.driver)))


def test_a_week_is_stale_until_it_is_summed(runtime: Runtime) -> None:
    fill(runtime, [Row()])
    with runtime.reading() as session:
        assert stale_weeks(session) == [WEEK]
        assert is_stale(session)
    up_to_date(runtime)
    with runtime.reading() as session:
        assert not is_stale(session)
        assert session.scalars(select(StaleWeekRow)).all() == []


def test_a_week_that_lost_its_messages_loses_its_terms(runtime: Runtime) -> None:
    (message,) = fill(runtime, [Row()])
    up_to_date(runtime)
    with runtime.writing() as session:
        session.get_one(MessageRow, message).counted = False
        mark_stale(session, [WEEK])
    up_to_date(runtime)
    assert _drivers(runtime) == set()


BOTH = {LATE: 0.9, REFUND: 0.7}


def mentioned(runtime: Runtime) -> dict[str, float]:
    """Σ p of the columns of mentions of the week, those that are not 0."""
    terms, names = terms_of(runtime, kind=MENTION), columns_of(runtime).named(MENTION)
    found = zip(names, terms.expected.round(9).tolist(), strict=True)
    return {name: value for name, value in found if value}


def test_a_week_without_messages_about_several_has_no_terms_of_mentions(runtime: Runtime) -> None:
    fill(runtime, [Row(drawn=True, label=LATE), Row(label=REFUND, also=(LATE,)), Row()])
    up_to_date(runtime)
    with runtime.reading() as session:
        kinds = session.scalars(select(TermRow.kind).distinct()).all()
    assert kinds == [PRIMARY]


def test_a_mention_has_its_own_probability_and_never_less_than_the_first_reason(
    runtime: Runtime,
) -> None:
    """Late or refund: 0.8 and 0.2 as the first reason; the refund comes beside with (.7-.2)/.8."""
    fill(runtime, [Row(mentions=BOTH | {DAMAGED: 0.4, "gone": 0.9}, unknown=0.0)])
    assert mentioned(runtime) == pytest.approx(
        {
            LATE: 0.9,
            DAMAGED: 0.4,
            REFUND: 0.7,
            SEVERAL: 0.8 * (1 - 0.6 * 0.375) + 0.2 * (1 - 0.6 * 0.5),
            "delivery": 1 - 0.2 * 0.5 * 0.6,
            "payment": 0.7,
        }
    )
    fill(runtime, [Row(mentions={LATE: 0.3}, day=monday("2026-W47"))])
    late = terms_of(runtime, "2026-W47", kind=MENTION).expected[0]
    assert late == pytest.approx(0.8)


def test_without_logged_mentions_each_is_its_primary_driver(runtime: Runtime) -> None:
    """Drivers and parents are summed as primary ones; what was logged elsewhere changes nothing."""
    plain = [Row(unknown=0.1), Row(top=None, model=""), Row(top={LATE: 0.6, DAMAGED: 0.4})]
    fill(runtime, [*plain, Row(top={REFUND: 1.0}, mentions={REFUND: 1.0})])
    primary, mentions = terms_of(runtime), terms_of(runtime, kind=MENTION)
    columns = columns_of(runtime)
    there = [number for number in range(len(columns.all)) if number != columns.several]
    assert mentions.expected[there] == pytest.approx(primary.expected[there])
    assert mentions.expected[columns.several] == 0
    assert (mentions.messages, mentions.answers) == (4, 0)


def test_people_count_every_driver_they_named_once(runtime: Runtime) -> None:
    sure = {"pi": 1.0, "drawn": True, "stratum": "required/low/2026-11-09"}
    rows = [
        Row(label=LATE, also=(DAMAGED, REFUND), **sure),  # type: ignore[arg-type]
        Row(label="", also=(LATE,), **sure),  # type: ignore[arg-type]
        Row(label=REFUND, also=("gone",), **sure),  # type: ignore[arg-type]
        Row(label=INVOICE, **sure),  # type: ignore[arg-type]
    ]
    fill(runtime, rows)
    terms, names = terms_of(runtime, kind=MENTION), columns_of(runtime).named(MENTION)
    assert dict(zip(names, terms.reviewed, strict=True)) == {
        LATE: 2,
        DAMAGED: 1,
        REFUND: 2,
        INVOICE: 1,
        "delivery.other": 0,
        "payment.other": 0,
        SEVERAL: 2,
        "delivery": 2,
        "payment": 3,
    }
    assert total(terms) == pytest.approx(terms.reviewed), "everybody was asked"


def test_mentions_of_slices_add_up_to_the_whole(runtime: Runtime) -> None:
    rows = [Row(channel=name, mentions=BOTH) for name in ("email", "chat", "chat")]
    fill(runtime, [*rows, Row(channel="chat", drawn=True, label=LATE, also=(REFUND,))])
    whole = terms_of(runtime, kind=MENTION)
    email = terms_of(runtime, WEEK, "channel", "email", kind=MENTION)
    chat = terms_of(runtime, WEEK, "channel", "chat", kind=MENTION)
    for name in ("expected", "correction", "design", "modeled", "reviewed"):
        both = getattr(email, name) + getattr(chat, name)
        assert both == pytest.approx(getattr(whole, name))


def test_summing_mentions_twice_gives_the_same_rows(runtime: Runtime) -> None:
    fill(runtime, [Row(mentions=BOTH, drawn=True, label=LATE, also=(REFUND,)), Row()])
    up_to_date(runtime)
    before = _stored(runtime)
    with runtime.writing() as session:
        mark_stale(session, [WEEK])
    up_to_date(runtime)
    assert _stored(runtime) == before
