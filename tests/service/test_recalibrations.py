"""A week begins with one recalibration and closes with another; each is made once and stays."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, select

from classifier.messages import UNKNOWN, Label, RawMessage
from classifier.volumes import VolumeTerms, compressed, finalized
from service.intake import receive
from service.labels import Answer, record
from service.recalibrations import begin_week, close_weeks, in_use, uncertainties
from service.reports import up_to_date
from service.runtime import Runtime, taxonomy_in_use
from service.tables import (
    DrawRow,
    MessageRow,
    PredictionRow,
    RecalibrationRow,
    ReviewRow,
    TermRow,
)
from service.terms import (
    MENTION,
    Columns,
    Logged,
    aligned,
    aligned_mentions,
    asked,
    load_terms,
    logged_of,
    mark_stale,
    probabilities,
)
from service.worker import run_once

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONG_BEFORE, BEFORE, THIS, NEXT = "2026-W45", "2026-W46", "2026-W47", "2026-W48"
WEEK = timedelta(days=7)
LATE, DAMAGED, REFUND = "delivery.late", "delivery.damaged", "payment.refund"
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"
OTHER = "de factuur met btw en het factuurnummer van de rekening"


@pytest.fixture
def live(trained_runtime: Runtime) -> Iterator[Runtime]:
    """Everybody is asked, so that a handful of messages is enough to learn from."""
    more = {"graded_budget": 1000.0, "expected_messages": 1000.0}
    before = trained_runtime.settings
    trained_runtime.settings = before.model_copy(update=more)
    yield trained_runtime
    trained_runtime.settings = before


def send(runtime: Runtime, text: str, count: int, *, at: datetime, name: str) -> list[int]:
    messages = [RawMessage(text=text, external_id=f"{name}-{n}") for n in range(count)]
    with runtime.writing() as session:
        return [each.message_id for each in receive(session, runtime, messages, now=at)]


def answer(
    runtime: Runtime,
    ids: Sequence[int],
    driver: str | None,
    *,
    at: datetime,
    also: tuple[str, ...] = (),
) -> None:
    with runtime.writing() as session:
        asked_for = select(ReviewRow).where(ReviewRow.message_id.in_(ids))
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(driver, also),
                person="anna",
                door="review",
                door_ref=str(review.id),
                answered_at=at,
                review_id=review.id,
                chosen=review.purpose,
            )
            for review in session.scalars(asked_for)
        ]
        assert len(record(session, runtime, answers, now=at)) == len(ids)


def rows(runtime: Runtime, table: type[Any]) -> Sequence[Any]:
    with runtime.reading() as session:
        return session.scalars(select(table)).all()


def by_kind(runtime: Runtime, week: str) -> dict[str, RecalibrationRow]:
    return {row.kind: row for row in rows(runtime, RecalibrationRow) if row.week == week}


def columns_of(runtime: Runtime) -> Columns:
    with runtime.reading() as session:
        return Columns.of(taxonomy_in_use(session, runtime))


def terms_of(runtime: Runtime, week: str) -> VolumeTerms:
    up_to_date(runtime)
    with runtime.reading() as session:
        return load_terms(session, columns_of(runtime), [week])[week, ""]


def a_week_the_model_was_wrong(runtime: Runtime) -> None:
    """Last week, half of what it was sure of was about something else."""
    ids = send(runtime, SURE, 24, at=NOW - WEEK, name="before")
    answer(runtime, ids[:12], LATE, at=NOW - WEEK)
    answer(runtime, ids[12:], DAMAGED, at=NOW - WEEK)


def test_without_a_model_or_before_the_first_one_nothing_is_recalibrated(runtime: Runtime) -> None:
    assert begin_week(runtime, now=NOW) is None
    assert close_weeks(runtime, now=NOW) == []
    assert rows(runtime, RecalibrationRow) == []


def test_a_week_begins_once(live: Runtime) -> None:
    made = begin_week(live, now=NOW)
    assert made is not None
    assert begin_week(live, now=NOW + timedelta(days=1)) is None
    (row,) = rows(live, RecalibrationRow)
    assert (row.id, row.kind, row.week) == (made, "provisional", THIS)
    assert (row.parameters["temperature"], row.parameters["alpha"]) == (1.0, 0.0)
    assert row.parameters["epsilon"] == 0.01


def test_it_is_fitted_on_the_answers_of_the_weeks_before_and_on_no_others(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    answer(live, send(live, SURE, 6, at=NOW, name="now"), LATE, at=NOW)
    begin_week(live, now=NOW)
    made = by_kind(live, THIS)["provisional"].parameters
    shares = dict(zip(made["columns"], made["q"], strict=True))
    assert shares[DAMAGED] == pytest.approx(0.6 * 0.5 + 0.3 * 0.25 + 0.1 / 7, abs=0.01)
    assert made["epsilon"] > 0.1 or made["temperature"] > 1


def test_what_arrives_is_drawn_by_what_the_week_began_with(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    made = begin_week(live, now=NOW)
    (new,) = send(live, SURE, 1, at=NOW, name="new")
    with live.reading() as session:
        logged = session.scalars(select(PredictionRow).where(PredictionRow.message_id == new)).one()
        raw = [Logged(logged.model, logged.top, logged.rest, logged.unknown)]
        ids = [logged.recalibration]
        (u,) = uncertainties(session, columns_of(live), raw, ids)
        (again,) = uncertainties(session, columns_of(live), raw, ids)
        (plain,) = uncertainties(session, columns_of(live), raw, ["none"])
        drawn = session.get_one(DrawRow, new)
    assert ids == [made]
    assert drawn.uncertainty == u == again, "a recomputation gives the same number"
    assert drawn.uncertainty > plain + 0.1


def test_a_week_is_closed_once_when_it_is_over(live: Runtime) -> None:
    begin_week(live, now=NOW)
    send(live, SURE, 3, at=NOW, name="a")
    assert close_weeks(live, now=NOW) == []
    (made,) = close_weeks(live, now=NOW + WEEK)
    assert close_weeks(live, now=NOW + WEEK) == []
    assert close_weeks(live, now=NOW + 2 * WEEK) == []
    both = by_kind(live, THIS)
    assert both["final"].id == made
    kept = {"temperature", "alpha", "epsilon", "q", "q_base", "columns", "model"}
    for name in kept:
        assert both["final"].parameters[name] == both["provisional"].parameters[name]
    assert both["final"].parameters["q_emq"] != both["provisional"].parameters["q_emq"]


def test_a_closed_week_is_summed_anew_from_what_was_logged(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    send(live, SURE, 5, at=NOW, name="a")
    send(live, OTHER, 2, at=NOW, name="b")
    up_to_date(live)
    provisional = by_kind(live, THIS)["provisional"].id
    assert {row.recalibration for row in rows(live, TermRow) if row.week == THIS} == {provisional}
    (final,) = close_weeks(live, now=NOW + WEEK)
    terms, leaves = terms_of(live, THIS), columns_of(live).leaves
    assert {row.recalibration for row in rows(live, TermRow) if row.week == THIS} == {final}
    with live.reading() as session:
        logged = logged_of(session.execute(asked(THIS)).all())
        raw = probabilities(session, leaves, logged, [final] * len(logged))
    by_hand = aligned(by_kind(live, THIS)["final"].parameters, leaves).apply(raw)
    np.testing.assert_allclose(terms.expected[: len(leaves)], by_hand.sum(axis=0))


def shortened(runtime: Runtime, ids: Sequence[int]) -> None:
    """Of these predictions only the likeliest driver was kept, so that there is a rest."""
    with runtime.writing() as session:
        for row in session.scalars(select(PredictionRow).where(PredictionRow.message_id.in_(ids))):
            row.top = [[LATE, 0.6]]
            row.rest, row.unknown = 0.4, 0.2
        mark_stale(session, [THIS])


def test_what_is_left_of_a_prediction_is_spread_by_the_answers_of_the_weeks_before(
    live: Runtime,
) -> None:
    """While the week is open, when it is closed and ever after: by the q that it began with."""
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    shortened(live, send(live, SURE, 3, at=NOW, name="a"))
    leaves = columns_of(live).leaves
    made = aligned(by_kind(live, THIS)["provisional"].parameters, leaves)
    kept = np.zeros((3, len(leaves)))
    kept[:, leaves.index(LATE)], kept[:, leaves.index(DAMAGED)] = 0.6, 0.4
    drivers = slice(0, len(leaves) - 1)
    whole = np.zeros_like(kept)
    whole[:, drivers] = 0.8 * compressed(kept[:, drivers], made.q[drivers], top=1)
    whole[:, -1] = 0.2
    by_hand = made.apply(whole).sum(axis=0)
    np.testing.assert_allclose(terms_of(live, THIS).expected[: len(leaves)], by_hand)
    close_weeks(live, now=NOW + WEEK)
    final = aligned(by_kind(live, THIS)["final"].parameters, leaves)
    np.testing.assert_allclose(final.q_emq, finalized(made, whole).q_emq)
    closed = terms_of(live, THIS)
    np.testing.assert_allclose(closed.expected[: len(leaves)], final.apply(whole).sum(axis=0))
    with live.writing() as session:
        mark_stale(session, [THIS])
    np.testing.assert_array_equal(terms_of(live, THIS).expected, closed.expected)
    assert closed.naive[leaves.index(LATE)] == 3, "the plain count is of what the model named"


def test_a_week_that_began_before_goes_on_with_the_base_shares(live: Runtime) -> None:
    """What was spread by them stays so, also when the week is closed later."""
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    with live.writing() as session:
        row = session.scalars(select(RecalibrationRow)).one()
        row.parameters = {name: each for name, each in row.parameters.items() if name != "rest"}
    shortened(live, send(live, SURE, 3, at=NOW, name="a"))
    close_weeks(live, now=NOW + WEEK)
    final, leaves = by_kind(live, THIS)["final"], columns_of(live).leaves
    assert "rest" not in final.parameters
    with live.reading() as session:
        logged = logged_of(session.execute(asked(THIS)).all())
        by_base = probabilities(session, leaves, logged)
    by_hand = aligned(final.parameters, leaves).apply(by_base).sum(axis=0)
    np.testing.assert_allclose(terms_of(live, THIS).expected[: len(leaves)], by_hand)


def test_a_closed_week_changes_by_late_answers_and_messages_only(live: Runtime) -> None:
    """Every later job, message and answer leaves the probabilities of its messages alone."""
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    ids = send(live, SURE, 6, at=NOW, name="a")
    close_weeks(live, now=NOW + WEEK)
    before, frozen = terms_of(live, THIS), by_kind(live, THIS)["final"].parameters
    answer(live, ids, DAMAGED, at=NOW + WEEK)
    send(live, OTHER, 9, at=NOW + WEEK, name="later")
    for round_ in range(1, 4):
        assert run_once(live, now=lambda weeks=round_: NOW + weeks * WEEK) == []
    after = terms_of(live, THIS)
    assert by_kind(live, THIS)["final"].parameters == frozen
    np.testing.assert_allclose(after.expected, before.expected, rtol=1e-12)
    assert (before.answers, after.answers) == (0, 6)


def test_what_arrives_late_goes_through_the_final_one(live: Runtime) -> None:
    begin_week(live, now=NOW)
    send(live, SURE, 2, at=NOW, name="a")
    (final,) = close_weeks(live, now=NOW + WEEK)
    late = RawMessage(text=OTHER, external_id="late", received_at=NOW)
    with live.writing() as session:
        receive(session, live, [late], now=NOW + WEEK)
    terms = terms_of(live, THIS)
    assert terms.messages == 3
    logged = {row.message_id: row.recalibration for row in rows(live, PredictionRow)}
    assert logged[max(logged)] == final


def test_weeks_published_before_the_first_recalibration_stay_as_they_were(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    before = terms_of(live, BEFORE)
    for round_ in range(3):
        assert run_once(live, now=lambda weeks=round_: NOW + weeks * WEEK) == []
    after = terms_of(live, BEFORE)
    np.testing.assert_array_equal(after.expected, before.expected)
    assert {row.recalibration for row in rows(live, TermRow) if row.week == BEFORE} == {"none"}


def test_the_next_week_begins_with_the_shares_of_this_one(live: Runtime) -> None:
    begin_week(live, now=NOW)
    send(live, SURE, 20, at=NOW, name="a")
    run_once(live, now=lambda: NOW + WEEK)
    final, following = by_kind(live, THIS)["final"], by_kind(live, NEXT)["provisional"]
    assert following.parameters["q_emq"] == pytest.approx(final.parameters["q_emq"])
    assert following.parameters["q_emq"] != following.parameters["q_base"]


def test_every_week_of_a_batch_is_looked_up_at_once(live: Runtime) -> None:
    """Final where the week is closed, what it began with while it is open, and what the model began
    this week with where it came later; in one question to the store."""
    begin_week(live, now=NOW - WEEK)
    send(live, SURE, 2, at=NOW - WEEK, name="a")
    close_weeks(live, now=NOW)
    begin_week(live, now=NOW)
    asked_for: list[str] = []
    model = live.current_model()
    assert model is not None
    with live.reading() as session:
        event.listen(live.engine, "before_cursor_execute", lambda *a: asked_for.append(a[2]))
        found = in_use(session, model.version, [LONG_BEFORE, BEFORE, THIS], THIS)
        assert set(in_use(session, "another", [BEFORE, THIS], THIS).values()) == {"none"}
    assert {week: id_.split("/")[:2] for week, id_ in found.items()} == {
        LONG_BEFORE: [THIS, "provisional"],
        BEFORE: [BEFORE, "final"],
        THIS: [THIS, "provisional"],
    }
    assert len([each for each in asked_for if "recalibrations" in each]) == 2


def test_leaves_still_add_up_to_the_messages(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    answer(live, send(live, SURE, 4, at=NOW, name="a"), None, at=NOW)
    send(live, OTHER, 3, at=NOW, name="b")
    close_weeks(live, now=NOW + WEEK)
    terms = terms_of(live, THIS)
    assert (terms.expected + terms.correction)[: terms.leaves].sum() == pytest.approx(7)


def mentions_of(runtime: Runtime, week: str) -> VolumeTerms:
    up_to_date(runtime)
    with runtime.reading() as session:
        return load_terms(session, columns_of(runtime), [week], kind=MENTION)[week, ""]


def a_week_everybody_had_both(runtime: Runtime) -> None:
    ids = send(runtime, SURE, 30, at=NOW - WEEK, name="both")
    answer(runtime, ids, LATE, at=NOW - WEEK, also=(DAMAGED,))


def test_what_messages_mention_is_recalibrated_by_the_weeks_before(live: Runtime) -> None:
    """The model knows one driver a message; people said for a week that it was always two."""
    a_week_everybody_had_both(live)
    begin_week(live, now=NOW)
    send(live, SURE, 10, at=NOW, name="new")
    columns = columns_of(live)
    primary, mentions = terms_of(live, THIS), mentions_of(live, THIS)
    damaged = columns.leaves.index(DAMAGED)
    assert primary.expected[damaged] < 1
    assert mentions.expected[damaged] > 4
    assert mentions.expected[columns.several] > 1
    assert mentions.expected[columns.all.index("delivery")] <= 10
    before = mentions_of(live, BEFORE)
    assert before.expected[damaged] < 3, "no answer touches the probabilities of its own week"


def test_mentions_of_a_closed_week_never_change(live: Runtime) -> None:
    a_week_everybody_had_both(live)
    begin_week(live, now=NOW)
    ids = send(live, SURE, 6, at=NOW, name="a")
    close_weeks(live, now=NOW + WEEK)
    stored, before = by_kind(live, THIS), mentions_of(live, THIS)
    assert stored["final"].parameters["mentions"] == stored["provisional"].parameters["mentions"]
    answer(live, ids, LATE, at=NOW + WEEK, also=(REFUND,))
    for round_ in range(1, 4):
        assert run_once(live, now=lambda weeks=round_: NOW + weeks * WEEK) == []
    after = mentions_of(live, THIS)
    np.testing.assert_allclose(after.expected, before.expected, rtol=1e-12)
    assert (before.answers, after.answers) == (0, 6)
    late = RawMessage(text=SURE, external_id="late", received_at=NOW)
    with live.writing() as session:
        receive(session, live, [late], now=NOW + 3 * WEEK)
    np.testing.assert_allclose(mentions_of(live, THIS).expected, before.expected * 7 / 6)


def test_where_one_driver_a_message_is_named_there_is_nothing_to_recalibrate(live: Runtime) -> None:
    a_week_the_model_was_wrong(live)
    begin_week(live, now=NOW)
    assert "mentions" not in by_kind(live, THIS)["provisional"].parameters


def test_doubt_is_about_the_first_reason(live: Runtime) -> None:
    top = [[LATE, 1.0]]
    beside = Logged("m", top, 0.0, 0.0, [[LATE, 1.0, True, []], [REFUND, 0.5, True, []]])
    unsure = Logged("m", [[LATE, 0.5], [REFUND, 0.5]], 0.0, 0.0)
    with live.reading() as session:
        found = uncertainties(session, columns_of(live), [beside, unsure], ["none"] * 2)
    np.testing.assert_allclose(found, [0.0, 0.5**0.5], atol=1e-9)


def test_columns_that_came_or_went_since_do_not_break_it() -> None:
    stored = {
        "model": "m",
        "columns": [LATE, "gone", UNKNOWN],
        "temperature": 1.2,
        "alpha": 1.0,
        "epsilon": 0.1,
        "q": [0.5, 0.3, 0.2],
        "q_base": [0.6, 0.4, 0.0],
        "q_emq": [0.2, 0.8, 0.0],
    }
    found = aligned(stored, ["new", LATE, UNKNOWN])
    np.testing.assert_allclose(found.q, [0.0, 0.5, 0.5])
    np.testing.assert_allclose(found.q_base, [0.0, 0.6, 0.0])
    p = found.apply([[0.1, 0.6, 0.3]])
    assert p.sum() == pytest.approx(1)
    assert aligned_mentions(stored, ["new", LATE, UNKNOWN]) is None
    stored["mentions"] = {"temperature": [2.0, 1.0, 0.7], "shift": [1.0, 9.0, 0.5]}
    mentions = aligned_mentions(stored, ["new", LATE, UNKNOWN])
    assert mentions is not None
    assert mentions.to_dict() == {"temperature": [1.0, 2.0, 0.7], "shift": [0.0, 1.0, 0.5]}


def test_a_message_keeps_the_draw_it_had(live: Runtime) -> None:
    ids = send(live, SURE, 3, at=NOW, name="a")
    before = {row.message_id: (row.inclusion, row.uncertainty) for row in rows(live, DrawRow)}
    run_once(live, now=lambda: NOW)
    run_once(live, now=lambda: NOW + WEEK)
    after = {row.message_id: (row.inclusion, row.uncertainty) for row in rows(live, DrawRow)}
    assert after == before
    assert set(before) == set(ids) == {row.id for row in rows(live, MessageRow)}
