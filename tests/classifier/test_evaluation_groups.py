"""Groups, time, and unequal inclusion: intervals and figures by their guarantee."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.evaluation import (
    Evaluation,
    evaluate,
    evaluate_messages,
    grouped_rate,
    rate,
    split_by_time,
)
from classifier.evaluation.calibration import calibration
from classifier.messages import Label, LabeledMessage, RedactedText

DRIVERS = ("delivery", "payment")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def clustered(
    random: np.random.Generator, *, groups: int = 60, size: int = 6
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Right or not, and groups: customers whose messages are mostly all right or all wrong."""
    of = random.beta(1.8, 0.2, groups)
    numbers = np.repeat(np.arange(groups), size)
    return random.random(groups * size) < of[numbers], numbers


def judged(correct: NDArray[np.bool_], **more: object) -> Evaluation:
    """An evaluation of messages about deliveries that the model gets right or wrong as told."""
    probabilities = np.where(correct[:, None], [0.9, 0.1], [0.1, 0.9])
    n = len(correct)
    given = {"threshold": 0.5, "target": 0.9, **more}
    return evaluate(probabilities, np.zeros(n), ["delivery"] * n, DRIVERS, **given)  # type: ignore[arg-type]


def test_separate_messages_have_the_exact_interval() -> None:
    right = np.arange(50) < 40
    assert grouped_rate(right, np.arange(50)) == rate(right)
    assert grouped_rate(right, np.arange(50), np.full(50, 3.0)).low == pytest.approx(
        rate(right).low, abs=0.003
    )
    assert grouped_rate(right[:0], np.arange(0)).value is None


def test_copies_of_a_message_are_one_piece_of_evidence() -> None:
    right = np.arange(50) < 40
    copied = grouped_rate(np.repeat(right, 5), np.repeat(np.arange(50), 5))
    alone = rate(right)
    assert (copied.value, copied.n) == (0.8, 250)
    assert copied.low == pytest.approx(alone.low, abs=0.01)
    assert copied.high == pytest.approx(alone.high, abs=0.01)


def test_groups_that_are_all_alike_half_right_have_an_interval() -> None:
    found = grouped_rate(np.array([True, False] * 20), np.repeat(np.arange(20), 2))
    plain = rate(20, 40)
    assert (found.value, found.n) == (0.5, 40)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_intervals_by_group_cover_where_plain_ones_do_not() -> None:
    random = np.random.default_rng(11)
    plain = by_group = 0
    for _ in range(300):
        right, numbers = clustered(random)
        one, other = rate(right), grouped_rate(right, numbers)
        plain += one.low <= 0.9 <= one.high
        by_group += other.low <= 0.9 <= other.high
    assert by_group / 300 >= 0.92
    assert plain / 300 < 0.85


def test_one_group_only_tells_next_to_nothing() -> None:
    found = grouped_rate(np.ones(40, bool), np.zeros(40, np.intp))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < 0.05


def test_every_interval_of_an_evaluation_widens_with_groups() -> None:
    right, numbers = clustered(np.random.default_rng(2))
    alone = judged(right)
    together = judged(right, groups=[f"customer {each}" for each in numbers])
    assert (alone.groups, together.groups) == (360, 60)
    for one, other in (
        (alone.accuracy, together.accuracy),
        (alone.auto.precision, together.auto.precision),
        (alone.drivers[0].recall, together.drivers[0].recall),
        (alone.coverage[-1].precision, together.coverage[-1].precision),
    ):
        assert one.value == other.value
        assert other.high - other.low > 1.3 * (one.high - one.low)
    widths = [found.f1.micro_high - found.f1.micro_low for found in (alone, together)]
    assert widths[1] > 1.3 * widths[0]


def test_f1_intervals_hold_the_figure_and_are_in_the_data() -> None:
    right, _ = clustered(np.random.default_rng(4))
    found = judged(right)
    first = found.drivers[0]
    assert first.f1_low < first.f1 < first.f1_high
    assert found.f1.micro is not None
    assert found.f1.micro_low < found.f1.micro < found.f1.micro_high
    plain = found.to_dict()
    assert plain["micro_f1_interval"] == [found.f1.micro_low, found.f1.micro_high]
    assert plain["drivers"][0]["f1_interval"] == [first.f1_low, first.f1_high]


def test_the_calibration_error_of_copies_is_no_surer_than_of_one_each() -> None:
    random = np.random.default_rng(6)
    sure = random.beta(5, 2, 150)
    right = random.random(150) < sure
    alone = calibration(sure, right)
    copied = calibration(
        np.repeat(sure, 4), np.repeat(right, 4), groups=np.repeat(np.arange(150), 4)
    )
    assert alone is not None
    assert copied is not None
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.35)


def test_rows_that_set_the_threshold_do_not_judge_what_it_routes() -> None:
    right = np.arange(100) >= 30
    setting = np.arange(100) >= 50
    found = judged(right, set_threshold=setting, languages=["nl"] * 100)
    assert found.accuracy.n == 100
    assert found.auto.share.n == 50
    assert found.auto.precision.value == 20 / 50
    assert found.slices[0].precision == found.auto.precision
    assert found.slices[0].accuracy == found.accuracy


def test_weights_undo_that_doubtful_messages_were_asked_about_more() -> None:
    random = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        doubtful = random.random(2_000) < 0.3
        right = random.random(2_000) < np.where(doubtful, 0.6, 0.95)
        inclusion = np.where(doubtful, 0.5, 0.1)
        drawn = random.random(2_000) < inclusion
        found = grouped_rate(right[drawn], np.arange(drawn.sum()), 1 / inclusion[drawn])
        covered += found.low <= 0.3 * 0.6 + 0.7 * 0.95 <= found.high
    assert covered / 200 >= 0.92
    assert rate(right[drawn]).high < 0.845


def test_labels_nobody_drew_are_reported_apart() -> None:
    right = np.arange(100) >= 20
    inclusion = [0.5] * 20 + [0.1] * 40 + [None] * 40
    found = judged(right, inclusion=inclusion).weighted
    assert found is not None
    assert found.n == 60
    assert found.accuracy.value == pytest.approx(400 / 440)
    assert found.precision.value == pytest.approx(400 / 440)
    assert found.apart == rate(40, 40)
    assert found.macro_f1 is not None
    assert found.macro_f1_low <= found.macro_f1 <= found.macro_f1_high
    plain = judged(right, inclusion=inclusion).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_without_a_known_inclusion_nothing_is_weighted() -> None:
    right = np.ones(5, bool)
    assert judged(right).weighted is None
    assert judged(right, inclusion=[None] * 5).weighted is None


def test_equal_inclusion_changes_no_figure() -> None:
    right = np.arange(100) >= 20
    found = judged(right, inclusion=[0.2] * 100)
    assert found.weighted is not None
    assert found.weighted.accuracy.value == found.accuracy.value
    assert found.weighted.macro_f1 == found.f1.macro


def test_dated_messages_have_a_slice_a_week_in_order() -> None:
    at = [MONDAY + timedelta(days=3 * row) for row in range(10)]
    found = judged(np.ones(11, bool), received_at=[*reversed(at), None])
    weeks = [(each.kind, each.name, each.n) for each in found.slices]
    assert weeks == [
        ("week", "2026-W10", 3),
        ("week", "2026-W11", 2),
        ("week", "2026-W12", 2),
        ("week", "2026-W13", 3),
        ("week", "not given", 1),
    ]


def test_weeks_are_those_of_the_time_zone_and_many_become_months() -> None:
    late_on_sunday = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    (here,) = judged(np.ones(1, bool), received_at=[late_on_sunday]).slices
    assert here.name == "2026-W10"
    (there,) = judged(np.ones(1, bool), received_at=[late_on_sunday], timezone="UTC").slices
    assert there.name == "2026-W09"
    half_a_year = [MONDAY + timedelta(weeks=week) for week in range(26)]
    found = judged(np.ones(26, bool), received_at=half_a_year).slices
    assert {each.kind for each in found} == {"month"}
    assert [each.name for each in found] == [f"2026-{month:02}" for month in range(3, 9)]
    assert judged(np.ones(2, bool), received_at=[None, None]).slices == ()


def test_a_split_by_time_trains_before_and_tests_after() -> None:
    at = [MONDAY + timedelta(days=row) for row in range(10)]
    found = split_by_time([*at[5:], None, *at[:5]], share=0.3)
    assert found.since == at[7]
    assert np.flatnonzero(found.test).tolist() == [2, 3, 4]
    assert np.flatnonzero(found.train).tolist() == [0, 1, 6, 7, 8, 9, 10]
    assert (found.undated, found.related) == (1, 0)


def test_a_customer_of_the_test_never_trains() -> None:
    at = [MONDAY + timedelta(days=row) for row in range(10)]
    groups = ["a", "b", "", "", "a", "c", "d", "e", "a", ""]
    found = split_by_time(at, groups, share=0.2)
    assert np.flatnonzero(found.test).tolist() == [8, 9]
    assert np.flatnonzero(found.train).tolist() == [1, 2, 3, 5, 6, 7]
    assert found.related == 2


def test_messages_of_one_moment_stay_on_one_side() -> None:
    at = [MONDAY] * 6 + [MONDAY + timedelta(days=1)] * 4
    for share in (0.2, 0.5, 0.9, 1.0):
        found = split_by_time(at, share=share)
        assert found.test.tolist() == [False] * 6 + [True] * 4


def test_a_split_by_time_takes_dates() -> None:
    for at in ([None, None], [MONDAY, MONDAY, None], []):
        with pytest.raises(ValueError, match="two different moments"):
            split_by_time(at)
    with pytest.raises(ValueError, match=r"\[1\] groups"):
        split_by_time([MONDAY, MONDAY], ["a"])


def test_messages_say_all_that_an_evaluation_wants_to_know() -> None:
    messages = [
        LabeledMessage(
            text=RedactedText("Where is my parcel?" if row < 5 else f"bill {row}"),
            label=Label("delivery"),
            message_id=f"m-{row}",
            language="en",
            channel="chat",
            received_at=MONDAY,
            inclusion=0.2,
        )
        for row in range(8)
    ]
    probabilities = np.tile([0.9, 0.1], (8, 1))
    found = evaluate_messages(
        probabilities, np.zeros(8), messages, DRIVERS, threshold=0.5, target=0.9
    )
    # The same text five times is one group; the others are their own.
    assert found.groups == 4
    assert {each.kind for each in found.slices} == {"language", "channel", "week"}
    assert found.weighted is not None
    assert found.weighted.n == 8


def test_an_evaluation_names_the_pair_it_mixes_up() -> None:
    labels = ["delivery"] * 50 + ["payment"] * 50
    probabilities = np.tile([0.9, 0.1], (100, 1))
    probabilities[70:] = [0.2, 0.8]
    found = evaluate(probabilities, np.zeros(100), labels, DRIVERS, threshold=0.5, target=0.9)
    (pair,) = found.confusable
    assert (pair.first, pair.second, pair.gain) == ("delivery", "payment", 0.2)
    assert pair.message_ids[0] == "51"
