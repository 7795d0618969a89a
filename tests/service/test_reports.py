"""The weekly breakdown: exact where everything was labeled, honest where nothing was measured."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select

from classifier.messages import UNKNOWN, Label, RawMessage
from classifier.volumes.review_only import review_only_interval
from service.errors import BadRequest
from service.importing import ImportOptions, import_messages
from service.intake import receive
from service.labels import Answer, record, withdraw
from service.reports import (
    DriverVolume,
    Estimate,
    WeeklyReport,
    slice_values,
    up_to_date,
    weekly_report,
    weekly_reports,
    weeks_with_messages,
)
from service.runtime import Runtime, taxonomy_in_use
from service.tables import DrawRow, LabelRow, MessageRow, ModelRow, PredictionRow, ReviewRow
from service.terms import WHOLE, Columns, load_terms, mark_stale
from service.weeks import monday, shifted, week_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WEEK, BEFORE = "2026-W46", "2026-W45"
LATE, DAMAGED, REFUND, INVOICE = (
    "delivery.late",
    "delivery.damaged",
    "payment.refund",
    "payment.invoice",
)
DRIVERS = [LATE, DAMAGED, REFUND, INVOICE]
SURE = "waar blijft mijn pakket, het is te laat en nog niet bezorgd"


def moment(week: str, day: int = 0) -> datetime:
    return datetime.combine(monday(week), datetime.min.time(), UTC) + timedelta(days=day, hours=12)


def labeled(
    runtime: Runtime, counts: dict[str | None, int], week: str = WEEK, channel: str = "ticket"
) -> None:
    messages = [
        RawMessage(
            text=f"{SURE} {number}",
            external_id=f"{week} {channel} {driver} {number}",
            received_at=moment(week, number % 7),
            channel=channel,
            label=Label(driver),
        )
        for driver, count in counts.items()
        for number in range(count)
    ]
    import_messages(runtime, messages, ImportOptions(labels=True), now=NOW)


def unlabeled(runtime: Runtime, count: int, week: str = WEEK, **options: Any) -> list[int]:
    messages = [
        RawMessage(text=SURE, external_id=f"{week} {number}", received_at=moment(week))
        for number in range(count)
    ]
    with runtime.writing() as session:
        return [r.message_id for r in receive(session, runtime, messages, now=NOW, **options)]


def answer_all(runtime: Runtime, driver: str) -> int:
    with runtime.writing() as session:
        asked = session.scalars(select(ReviewRow).where(ReviewRow.state == "open")).all()
        answers = [
            Answer(
                message_id=review.message_id,
                label=Label(driver),
                person="p",
                door="d",
                door_ref=str(review.id),
                answered_at=NOW,
                review_id=review.id,
                chosen=review.purpose,
            )
            for review in asked
        ]
        return len(record(session, runtime, answers, now=NOW))


def report(runtime: Runtime, week: str = WEEK, **options: Any) -> WeeklyReport:
    up_to_date(runtime)
    with runtime.reading() as session:
        return weekly_report(session, runtime, week, now=NOW, **options)


def row(found: WeeklyReport, driver: str) -> DriverVolume:
    return next(each for each in (*found.drivers, *found.parents) if each.driver == driver)


def volumes(found: WeeklyReport) -> dict[str, float]:
    rows = (*found.drivers, *found.parents)
    return {each.driver: each.volume.value for each in rows if each.volume.value}


def several_reasons(runtime: Runtime, also: dict[str, tuple[int, int]], week: str = WEEK) -> None:
    """Labeled messages: of each driver so many, and so many of them about a refund, too."""
    messages = [
        RawMessage(
            text=f"{SURE} {number}",
            external_id=f"{week} {driver} {number}",
            received_at=moment(week, number % 7),
            channel="email" if number % 2 else "ticket",
            label=Label(driver, (REFUND,) if number < both else ()),
        )
        for driver, (count, both) in also.items()
        for number in range(count)
    ]
    import_messages(runtime, messages, ImportOptions(labels=True), now=NOW)


def mentions(found: WeeklyReport) -> dict[str, float]:
    rows = (*found.drivers, *found.parents)
    return {each.driver: each.mentions.value for each in rows if each.mentions}


def test_mentions_are_exact_where_all_was_labeled_and_do_not_add_up(
    trained_runtime: Runtime,
) -> None:
    several_reasons(trained_runtime, {LATE: (9, 4), DAMAGED: (5, 0), REFUND: (3, 0)})
    found = report(trained_runtime)
    assert volumes(found) == {LATE: 9, DAMAGED: 5, REFUND: 3, "delivery": 14, "payment": 3}
    exact = {LATE: 9, DAMAGED: 5, REFUND: 7, INVOICE: 0, "delivery": 14, "payment": 7}
    assert mentions(found) == exact | {"delivery.other": 0, "payment.other": 0}
    assert found.several
    assert (found.several.value, found.several.low, found.several.high) == (4, 4, 4)
    refund = row(found, REFUND).mentions
    assert refund
    assert (refund.low, refund.high) == (7, 7)
    assert sum(each.volume.value for each in found.drivers) == found.messages == 17
    assert row(found, UNKNOWN).mentions is None


def test_mentions_are_kept_by_slice(trained_runtime: Runtime) -> None:
    several_reasons(trained_runtime, {LATE: (8, 3), REFUND: (2, 0)})
    found = report(trained_runtime, slice_name="channel", value="email")
    assert (mentions(found)[LATE], mentions(found)[REFUND]) == (4, 2)
    assert found.several
    assert found.several.value == 1


def test_where_no_message_is_about_several_there_are_no_mentions(trained_runtime: Runtime) -> None:
    several_reasons(trained_runtime, {LATE: (4, 2)})
    labeled(trained_runtime, {LATE: 4}, week=BEFORE)
    found = report(trained_runtime, BEFORE)
    assert found.several is None
    assert mentions(found) == {}
    assert report(trained_runtime).several is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reads", [True, False], ids=["read by the model", "by people alone"])
def test_intervals_of_mentions_cover_the_truth(runtime: Runtime, reads: bool) -> None:
    """Twenty weeks in which a third of all messages is about a refund, too."""
    random = np.random.default_rng(22)
    _labels_of(runtime, DRIVERS)
    truth = {
        week: _biased_week(runtime, week, random, too=0.33, reads=reads) for week in _weeks(20)
    }
    covered, several = [], []
    up_to_date(runtime)
    with runtime.reading() as session:
        for found in weekly_reports(session, runtime, list(truth), now=NOW):
            assert found.several
            several.append(_holds(found.several, truth[found.week].pop("several")))
            for driver, count in truth[found.week].items():
                of_driver = row(found, driver)
                assert of_driver.mentions
                assert of_driver.mentions.value >= of_driver.volume.value
                covered.append(_holds(of_driver.mentions, count))
    assert len(covered) == 100
    assert np.mean(covered) >= 0.9
    assert np.mean(several) >= 0.85


def _holds(estimate: Estimate, count: int) -> bool:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low <= count <= estimate.high


def test_a_week_nobody_looked_at_has_the_models_mentions_in_grey(
    trained_runtime: Runtime,
) -> None:
    unlabeled(trained_runtime, 12)
    with trained_runtime.writing() as session:
        for made in session.scalars(select(PredictionRow)):
            made.mentions = [[LATE, 0.99, True, []], [REFUND, 0.5, True, []]]
        mark_stale(session, [WEEK])
    found = report(trained_runtime)
    refund = row(found, REFUND).mentions
    assert refund
    assert (refund.low, refund.high) == (None, None)
    assert refund.value == pytest.approx(6.0, abs=0.5)
    assert found.several
    assert found.several.low is None


@pytest.mark.parametrize("learned", [True, False], ids=["with a model", "without a model"])
def test_a_week_in_which_all_was_labeled_is_exact(
    runtime: Runtime, models_dir: Any, learned: bool
) -> None:
    if learned:
        runtime.settings.models_dir = models_dir
    labeled(runtime, {LATE: 7, REFUND: 3, None: 2})
    labeled(runtime, {LATE: 1, DAMAGED: 4}, channel="email")
    found = report(runtime)
    assert (found.messages, found.answers, found.measured) == (17, 17, True)
    assert not found.few_answers
    assert bool(found.models) is learned
    exact = {LATE: 8, DAMAGED: 4, REFUND: 3, UNKNOWN: 2, "delivery": 12, "payment": 3}
    assert volumes(found) == exact
    for each in (*found.drivers, *found.parents):
        assert each.volume.low == each.volume.high == each.volume.value
        assert each.answers == each.volume.value
    email = report(runtime, slice_name="channel", value="email")
    assert (email.messages, volumes(email)) == (5, {LATE: 1, DAMAGED: 4, "delivery": 5})
    assert all(each.volume.low == each.volume.high for each in email.drivers)


def test_shares_and_changes_of_exact_weeks(runtime: Runtime) -> None:
    labeled(runtime, {LATE: 6, REFUND: 2})
    labeled(runtime, {LATE: 1, REFUND: 4}, week=BEFORE)
    found = report(runtime)
    late = row(found, LATE)
    assert (late.share.value, late.share.low) == (0.75, 0.75)
    assert late.change is not None
    assert (late.change.value, late.change.low, late.change.high) == (5, 5, 5)
    assert (late.previous, found.previous_messages) == (1, 5)
    assert row(found, LATE).parent == "delivery"
    assert row(found, "delivery").group


def test_few_answers_are_shown_for_four_weeks_together(runtime: Runtime) -> None:
    random = np.random.default_rng(11)
    _labels_of(runtime, DRIVERS)
    weeks = _weeks(9)
    truth = {week: _biased_week(runtime, week, random) for week in weeks}
    covered, narrower = [], []
    for week in weeks[3:]:
        found = report(runtime, week)
        assert found.few_answers
        four = found.pooled
        assert four
        span = weeks[weeks.index(week) - 3 : weeks.index(week) + 1]
        assert (four.first, four.last, four.messages) == (span[0], week, 1200)
        assert four.answers > 100 > found.answers
        for each in (*four.drivers, *four.parents):
            if each.driver in truth[week]:
                count = sum(truth[one][each.driver] for one in span)
                covered.append(_holds(each.volume, count))
                narrower.append(_width(each.share) < _width(row(found, each.driver).share))
    assert np.mean(covered) >= 0.9
    assert np.mean(narrower) >= 0.9


def _width(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.high - estimate.low


@pytest.mark.parametrize("asked", [True, False], ids=["all answered", "the only answers"])
def test_a_week_stands_alone_where_others_add_nothing(runtime: Runtime, asked: bool) -> None:
    labeled(runtime, {LATE: 5})
    unlabeled(runtime, 0 if asked else 9, draw_since=NOW)
    unlabeled(runtime, 9, week=BEFORE, draw_since=NOW)
    found = report(runtime)
    assert (found.few_answers, found.pooled) == (not asked, None)


def test_the_plain_count_stands_beside_the_volume_and_makes_the_models_mistakes(
    runtime: Runtime,
) -> None:
    truth = _biased_week(runtime, WEEK, np.random.default_rng(3))
    found = report(runtime)
    late = row(found, LATE)
    assert late.naive > 1.15 * truth[LATE], "it takes a quarter of the others for late"
    assert late.volume.low is not None
    assert late.volume.low <= truth[LATE] < late.naive
    assert sum(each.naive for each in found.drivers) == pytest.approx(found.messages)
    parts = [row(found, leaf).naive for leaf in (LATE, DAMAGED, "delivery.other")]
    assert row(found, "delivery").naive == sum(parts)


def test_a_change_is_real_when_it_is_more_than_chance(runtime: Runtime) -> None:
    labeled(runtime, {LATE: 60, REFUND: 22, DAMAGED: 9})
    labeled(runtime, {LATE: 20, REFUND: 18, DAMAGED: 9}, week=BEFORE)
    found = report(runtime)
    assert row(found, LATE).real_change
    assert row(found, "delivery").real_change
    assert row(found, REFUND).change == Estimate(4, 4, 4)
    assert row(found, REFUND).real_change is False
    assert row(report(runtime, BEFORE), LATE).real_change is None, "nothing to compare with"


def test_the_same_week_a_year_earlier_is_compared_where_it_was_measured(
    trained_runtime: Runtime,
) -> None:
    labeled(trained_runtime, {LATE: 6, REFUND: 2})
    labeled(trained_runtime, {LATE: 1, REFUND: 4}, week="2025-W46")
    unlabeled(trained_runtime, 5, week="2025-W45", draw_since=NOW)
    found = report(trained_runtime)
    assert (found.year_before, found.year_before_messages) == ("2025-W46", 5)
    assert row(found, LATE).year_change == Estimate(5, 5, 5)
    assert row(found, REFUND).year_change == Estimate(-2, -2, -2)
    assert row(found, LATE).change is None, "the week before has no messages"
    week_before = report(trained_runtime, BEFORE)
    assert (week_before.year_before, week_before.year_before_messages) == ("2025-W45", 5)
    assert row(week_before, LATE).year_change is None


def test_a_week_53_has_no_week_a_year_earlier(runtime: Runtime) -> None:
    labeled(runtime, {LATE: 3}, week="2020-W53")
    labeled(runtime, {LATE: 3}, week="2019-W52")
    found = report(runtime, "2020-W53")
    assert (found.year_before, found.year_before_messages) == (None, None)
    assert row(found, LATE).year_change is None


def test_a_week_without_an_answer_is_not_measured(trained_runtime: Runtime) -> None:
    unlabeled(trained_runtime, 30)
    found = report(trained_runtime)
    assert (found.messages, found.answers, found.measured) == (30, 0, False)
    late = row(found, LATE)
    assert late.volume.value > 20, "the model's count"
    assert (late.volume.low, late.volume.high, late.change) == (None, None, None)
    assert (late.share.low, late.share.high) == (None, None)


def test_an_empty_week_is_not_measured(runtime: Runtime) -> None:
    found = report(runtime)
    assert (found.messages, found.measured, found.previous_messages) == (0, False, None)
    assert volumes(found) == {}


def test_history_that_was_too_old_to_ask_about_is_not_measured(trained_runtime: Runtime) -> None:
    unlabeled(trained_runtime, 20, draw_since=NOW + timedelta(days=1))
    labeled(trained_runtime, {LATE: 20}, channel="email")
    found = report(trained_runtime)
    assert (found.messages, found.answers, found.measured) == (40, 20, False)
    assert row(found, LATE).volume.low is None


def test_no_change_is_shown_against_a_week_that_was_not_measured(
    trained_runtime: Runtime,
) -> None:
    unlabeled(trained_runtime, 20, week=BEFORE, draw_since=NOW)
    labeled(trained_runtime, {LATE: 5})
    late = row(report(trained_runtime), LATE)
    assert late.volume.low == 5
    assert late.change is None
    assert late.previous is not None


def test_answers_to_drawn_questions_measure_a_week(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 400
    unlabeled(trained_runtime, 300)
    answered = answer_all(trained_runtime, LATE)
    found = report(trained_runtime)
    assert (found.answers, found.measured) == (answered, True)
    late = row(found, LATE).volume
    assert late.low is not None
    assert late.high is not None
    assert answered <= late.low <= late.value <= late.high <= 300
    assert found.few_answers is (answered < 100)
    leaves = sum(each.volume.value for each in found.drivers)
    assert leaves == pytest.approx(300, abs=3)


def test_an_unknown_driver_has_a_row_of_its_own(trained_runtime: Runtime) -> None:
    labeled(trained_runtime, {None: 3, LATE: 1})
    found = report(trained_runtime)
    assert row(found, UNKNOWN).volume.value == 3
    assert (row(found, UNKNOWN).parent, found.drivers[-1].driver) == (None, UNKNOWN)


def test_a_report_follows_messages_answers_and_withdrawals(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 1000
    unlabeled(trained_runtime, 3)
    assert report(trained_runtime).answers == 0
    answer_all(trained_runtime, REFUND)
    assert row(report(trained_runtime), REFUND).volume.value == 3
    with trained_runtime.writing() as session:
        ref = session.scalars(select(LabelRow.door_ref).limit(1)).one()
        assert withdraw(session, trained_runtime, "d", [ref], now=NOW) == 1
    assert report(trained_runtime).answers == 2
    labeled(trained_runtime, {LATE: 1})
    assert report(trained_runtime).messages == 4


def test_a_correction_leaves_the_volumes_as_they_are(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 200
    ids = unlabeled(trained_runtime, 60)
    answer_all(trained_runtime, LATE)
    before = report(trained_runtime)
    with trained_runtime.writing() as session:
        corrections = [
            Answer(
                message_id=message,
                label=Label(REFUND),
                person="p",
                door="correction",
                door_ref=f"correction {message}",
                answered_at=NOW,
            )
            for message in ids
        ]
        record(session, trained_runtime, corrections, now=NOW)
    assert report(trained_runtime) == before


def test_a_late_answer_changes_that_week_only(trained_runtime: Runtime) -> None:
    trained_runtime.settings.graded_budget = 1000
    unlabeled(trained_runtime, 3, week=BEFORE)
    labeled(trained_runtime, {LATE: 4})
    labeled(trained_runtime, {LATE: 4}, week="2026-W44")
    before = {week: volumes(report(trained_runtime, week)) for week in (WEEK, "2026-W44")}
    answer_all(trained_runtime, REFUND)
    assert {week: volumes(report(trained_runtime, week)) for week in before} == before
    assert row(report(trained_runtime, BEFORE), REFUND).volume.value == 3


def test_what_is_set_aside_is_counted_apart(trained_runtime: Runtime) -> None:
    reply = RawMessage(text="ik ben afwezig", direction="auto_reply", received_at=moment(WEEK))  # type: ignore[arg-type]
    with trained_runtime.writing() as session:
        receive(session, trained_runtime, [reply, reply], now=NOW)
    labeled(trained_runtime, {LATE: 1})
    found = report(trained_runtime)
    assert (found.messages, found.set_aside) == (1, 2)


def test_several_weeks_are_the_same_as_each_alone(runtime: Runtime) -> None:
    labeled(runtime, {LATE: 2})
    labeled(runtime, {LATE: 5, REFUND: 1}, week=BEFORE)
    up_to_date(runtime)
    weeks = ["2026-W44", BEFORE, WEEK]
    with runtime.reading() as session:
        together = weekly_reports(session, runtime, weeks, now=NOW)
        alone = [weekly_report(session, runtime, week, now=NOW) for week in weeks]
        assert weeks_with_messages(session) == [BEFORE, WEEK]
        assert slice_values(session, WEEK, "channel") == ["ticket"]
    assert together == alone


def test_a_slice_that_is_not_kept_is_refused(runtime: Runtime) -> None:
    with pytest.raises(BadRequest, match="channel, language, product, partner"):
        report(runtime, slice_name="weather", value="rain")


def test_a_pair_named_in_the_settings_is_a_slice_of_every_week(runtime: Runtime) -> None:
    labeled(runtime, {LATE: 5})
    labeled(runtime, {LATE: 2, DAMAGED: 3}, channel="email")
    pair = {"slice_name": "channel/language", "value": "email/nl"}
    with pytest.raises(BadRequest, match=r"partner$"):
        report(runtime, **pair)
    runtime.settings.pairs = [("channel", "language")]
    found = report(runtime, **pair)
    assert (found.messages, volumes(found)) == (5, {LATE: 2, DAMAGED: 3, "delivery": 5})
    with runtime.reading() as session:
        values = slice_values(session, WEEK, "channel/language")
    assert set(values) == {"ticket/nl", "email/nl"}
    runtime.settings.pairs = []
    assert report(runtime).messages == 10
    with runtime.reading() as session:
        assert slice_values(session, WEEK, "channel/language") == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_intervals_cover_the_truth(runtime: Runtime) -> None:
    """Twenty weeks of messages whose model is biased, one in five answered, some never."""
    random = np.random.default_rng(7)
    _labels_of(runtime, DRIVERS)
    truth = {week: _biased_week(runtime, week, random) for week in _weeks(20)}
    covered = []
    up_to_date(runtime)
    with runtime.reading() as session:
        for found in weekly_reports(session, runtime, list(truth), now=NOW):
            assert found.measured
            for driver, count in truth[found.week].items():
                volume = row(found, driver).volume
                assert volume.low is not None
                assert volume.high is not None
                covered.append(volume.low <= count <= volume.high)
    assert len(covered) == 100
    assert np.mean(covered) >= 0.9


def test_a_driver_known_by_words_alone_is_measured_by_answers_alone(runtime: Runtime) -> None:
    """The model names it and gives it probabilities, but nobody ever labeled a message so."""
    _biased_week(runtime, WEEK, np.random.default_rng(7))
    _labels_of(runtime, DRIVERS)
    everything = report(runtime)
    _labels_of(runtime, [LATE, DAMAGED, INVOICE])
    found = report(runtime)
    low, high = _by_answers_alone(runtime, REFUND)
    refund = row(found, REFUND).volume
    assert (refund.low, refund.high) == (pytest.approx(low), pytest.approx(high))
    assert row(everything, REFUND).volume != refund
    for driver in (LATE, DAMAGED, INVOICE, "delivery", "payment"):
        assert row(found, driver).volume == row(everything, driver).volume


@pytest.mark.parametrize("kept", [True, False], ids=["by words alone", "gone from disk"])
def test_without_labels_every_driver_is_measured_by_answers_alone(
    runtime: Runtime, kept: bool
) -> None:
    _biased_week(runtime, WEEK, np.random.default_rng(7))
    if kept:
        _labels_of(runtime, [])
    found = report(runtime)
    for driver in (*DRIVERS, "delivery"):
        low, high = _by_answers_alone(runtime, driver)
        volume = row(found, driver).volume
        assert (volume.low, volume.high) == (pytest.approx(low), pytest.approx(high))


def _by_answers_alone(runtime: Runtime, driver: str) -> tuple[float, float]:
    with runtime.reading() as session:
        columns = Columns.of(taxonomy_in_use(session, runtime))
        terms = load_terms(session, columns, [WEEK])[WEEK, WHOLE]
    low, high = review_only_interval(terms, 0.95)
    column = columns.all.index(driver)
    known, others = terms.reviewed[column], terms.answers - terms.reviewed[column]
    return float(max(low[column], known)), float(min(high[column], terms.messages - others))


def _labels_of(runtime: Runtime, drivers: Sequence[str]) -> None:
    """What stands in the manifest of model `m`, which had labels of these drivers."""
    folder = runtime.settings.models_dir / "m"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"counts": {"per_driver": dict.fromkeys(drivers, 30)}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _weeks(count: int) -> list[str]:
    return [shifted(WEEK, -back) for back in range(count, 0, -1)]


def _biased_week(
    runtime: Runtime,
    week: str,
    random: np.random.Generator,
    *,
    too: float = 0.0,
    reads: bool = False,
) -> dict[str, int]:
    """Three hundred messages whose predictions say `late` too often; the realised counts.

    A share `too` of them is about a refund as well, which the model `reads` or not; the counts
    are then of all that messages are about.
    """
    drivers = DRIVERS
    n = 300
    true = random.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    seen = np.where(random.random(n) < 0.25, 0, true)
    p = np.full((n, 4), 0.05)
    p[np.arange(n), seen] = 0.85
    drawn = random.random(n) < 0.25
    answered = drawn & (random.random(n) < 0.8)
    about = np.eye(4, dtype=bool)[true]
    if too:
        about[:, 2] |= random.random(n) < too
    refund = np.where(random.random(n) < 0.8, about[:, 2], random.random(n) < 0.1) * 0.7
    with runtime.writing() as session:
        if session.get(ModelRow, "m") is None:
            shares = [0.25] * 4
            session.add(
                ModelRow(
                    version="m", taxonomy="t", drivers=drivers, base_shares=shares, used_since=NOW
                )
            )
        days = [monday(week) + timedelta(days=int(day)) for day in random.integers(0, 7, n)]
        ids = session.scalars(
            insert(MessageRow).returning(MessageRow.id, sort_by_parameter_order=True),
            [_message(week, number, day) for number, day in enumerate(days)],
        ).all()
        session.execute(insert(DrawRow), [_draw(*each) for each in zip(ids, drawn, strict=True)])
        predictions = [
            _prediction(i, drivers, q, r if reads else 0.0)
            for i, q, r in zip(ids, p, refund, strict=True)
        ]
        session.execute(insert(PredictionRow), predictions)
        both = about[:, 2] & (true != 2)
        labels = [
            _label(ids[i], drivers[true[i]], [REFUND] if both[i] else [])
            for i in np.flatnonzero(answered)
        ]
        session.execute(insert(LabelRow), labels)
        mark_stale(session, [week])
    counts = dict(zip(drivers, about.sum(axis=0).tolist(), strict=True))
    counts["delivery"] = int(about[:, :2].any(axis=1).sum())
    return counts | ({"several": int((about.sum(axis=1) > 1).sum())} if too else {})


def _message(week: str, number: int, day: date) -> dict[str, Any]:
    assert week_of(day) == week
    empty = {"content_hash": "", "subject": "", "text": "", "text_key": "", "holdout": False}
    kind = {"channel": "ticket", "direction": "inbound", "language": "nl", "counted": True}
    when = {"received_at": NOW, "stored_at": NOW, "day": day, "week": week}
    return {
        "external_id": f"{week} {number}",
        "attributes": {},
        "scores": {},
        **empty,
        **kind,
        **when,
    }


def _draw(message_id: int, drawn: bool) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "inclusion": 0.25,
        "drawn": bool(drawn),
        "required": False,
        "stratum": "graded/middle/x",
        "uncertainty": 0.5,
        "made_at": NOW,
    }


def _prediction(message_id: int, drivers: list[str], p: Any, refund: float) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "first": True,
        "model": "m",
        "recalibration": "none",
        "taxonomy": "t",
        "top": [[driver, float(q)] for driver, q in zip(drivers, p, strict=True)],
        "rest": 0.0,
        "unknown": 0.0,
        "confidence": 0.85,
        "threshold": 0.9,
        "mentions": [[REFUND, float(refund), bool(refund > 0.5), []]] if refund else [],
        "made_at": NOW,
    }


def _label(message_id: int, driver: str, also: list[str]) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "driver": driver,
        "also": also,
        "note": "",
        "suggestion": "",
        "person": "p",
        "door": "d",
        "door_ref": str(message_id),
        "version": "1",
        "chosen": "audit",
        "counts": True,
        "current": True,
        "origin": "manual",
        "taxonomy": "t",
        "answered_at": NOW,
        "stored_at": NOW,
    }
