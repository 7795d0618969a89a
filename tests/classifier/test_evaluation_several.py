"""Several drivers a message: scikit-learn beside us, counts by hand, guarantees by simulation."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from classifier.evaluation import (
    Evaluation,
    Several,
    evaluate,
    expected_calibration_error,
    rate,
)
from classifier.evaluation.mention_calibration import mention_calibration
from classifier.evaluation.rates import grouped_mean
from classifier.evaluation.several import beside, example_f1
from classifier.messages import Label
from classifier.taxonomy import flat_taxonomy

DRIVERS = ("late", "broken", "phone", "refund", "gift")


def labels_of(truth: NDArray[np.bool_]) -> list[Label]:
    """Labels (n), the first driver of each row the primary one."""
    named = [[DRIVERS[each] for each in np.flatnonzero(row)] for row in truth]
    return [Label(each[0], tuple(each[1:])) if each else Label(None) for each in named]


def simulated(
    n: int, *, sharpness: float = 1.0, seed: int = 8
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """What messages are about, and how likely that is (n, 5), exactly so if `sharpness` is 1."""
    random = np.random.default_rng(seed)
    logits = random.normal(-1, 2, (n, len(DRIVERS)))
    truth = random.random(logits.shape) < 1 / (1 + np.exp(-logits))
    return truth, 1 / (1 + np.exp(-sharpness * logits))


def judged(truth: NDArray[np.bool_], likely: NDArray[np.float64], **more: Any) -> Evaluation:
    """An evaluation of what is said from one half on; the likeliest driver is the primary one."""
    probabilities = likely / likely.sum(axis=1, keepdims=True)
    given = {"mentions": likely, "chosen": likely >= 0.5, **more}
    return evaluate(
        probabilities,
        np.zeros(len(truth)),
        labels_of(truth),
        DRIVERS,
        threshold=0.5,
        target=0.9,
        **given,
    )


def several(truth: NDArray[np.bool_], likely: NDArray[np.float64], **more: Any) -> Several:
    found = judged(truth, likely, **more).several
    assert found is not None
    return found


def by_hand(**more: Any) -> Several:
    """Four messages: both found in the other order; one missed; one too many; the wrong one."""
    labels = [Label("late", ("broken",)), Label("late", ("phone",)), Label("gift"), Label("phone")]
    said = [["broken", "late"], ["late"], ["gift", "late"], ["refund"]]
    chosen = np.array([[driver in each for driver in DRIVERS] for each in said])
    probabilities = np.where(chosen, 0.3, 0.05)
    for row, each in enumerate(said):
        probabilities[row, DRIVERS.index(each[0])] = 0.6
    found = evaluate(
        probabilities,
        np.zeros(4),
        labels,
        DRIVERS,
        threshold=0.5,
        target=0.9,
        mentions=probabilities,
        chosen=chosen,
        **more,
    ).several
    assert found is not None
    return found


def test_f_scores_and_exact_sets_agree_with_scikit_learn() -> None:
    truth, mentions = simulated(900)
    rows = truth.any(axis=1)
    said = mentions >= 0.5
    evaluation = judged(truth, mentions)
    found = evaluation.several
    assert found is not None
    assert found.n == rows.sum()
    for average, ours in (("micro", found.f1.micro), ("macro", found.f1.macro)):
        assert ours == pytest.approx(f1_score(truth[rows], said[rows], average=average))
    samples = f1_score(truth[rows], said[rows], average="samples", zero_division=1)
    assert found.example_f1.value == pytest.approx(samples)
    assert found.exact.value == accuracy_score(truth[rows], said[rows])
    assert found.named == truth[rows].sum() / rows.sum()
    assert found.said == said[rows].sum() / rows.sum()


def test_the_f_scores_at_the_top_are_those_of_the_chosen_sets() -> None:
    truth, mentions = simulated(300)
    found = judged(truth, mentions, chosen=mentions >= 0.2)
    assert found.several is not None
    assert found.f1 == found.several.f1
    assert found.to_dict()["micro_f1"] == found.several.to_dict()["micro_f1"]
    rows = truth.any(axis=1)
    assert found.f1.micro == pytest.approx(
        f1_score(truth[rows], mentions[rows] >= 0.2, average="micro")
    )


def test_a_set_of_nothing_where_nothing_is_asked_is_right() -> None:
    truth = np.array([[0, 0], [1, 1], [0, 1]], dtype=bool)
    said = np.array([[0, 0], [1, 0], [0, 0]], dtype=bool)
    assert example_f1(truth, said).tolist() == pytest.approx([1.0, 2 / 3, 0.0])


def test_the_other_drivers_are_found_in_whatever_role() -> None:
    found = by_hand()
    assert (found.n, found.several) == (4, 2)
    # People name broken and phone beside the primary one; broken is found, as the likeliest.
    assert (found.others_recall.value, found.others_recall.n) == (0.5, 2)
    # The model says late beside the likeliest twice; people do of the first message only.
    assert (found.others_precision.value, found.others_precision.n) == (0.5, 2)
    assert found.primary == rate(2, 4)
    assert found.exact == rate(1, 4)


def test_a_set_without_a_primary_driver_stays_whole() -> None:
    sets = np.array([[1, 1], [1, 1]], dtype=bool)
    assert beside(sets, [0, -1]).tolist() == [[False, True], [True, True]]
    assert sets.all()


def test_without_a_label_of_several_drivers_there_is_nothing_to_say() -> None:
    truth = np.eye(5, dtype=bool)
    mentions = np.where(truth, 0.9, 0.6)
    found = judged(truth, mentions)
    assert found.several is None
    assert found.to_dict()["several"] is None
    # One driver a message is then what the model says, whatever else it would mention.
    assert found.f1.micro == 1.0


def test_the_likeliest_driver_is_right_when_anybody_names_it_and_calibrated_to_be_the_first() -> (
    None
):
    labels = [Label("late", ("broken",))] * 50 + [Label("broken", ("late",))] * 50
    found = evaluate(
        np.tile([0.5, 0.3, 0.2, 0.0, 0.0], (100, 1)),
        np.zeros(100),
        labels,
        DRIVERS,
        threshold=0.5,
        target=0.9,
    )
    assert found.accuracy.value == 1.0
    assert found.calibration is not None
    assert found.calibration.ece == pytest.approx(0.0)


def test_of_a_model_that_knows_one_driver_a_message_the_sets_are_what_it_is_half_sure_of() -> None:
    truth, mentions = simulated(200)
    known = judged(truth, mentions)
    found = judged(truth, mentions, mentions=None, chosen=None)
    assert found.several is not None
    assert found.several.said <= 2
    assert found.accuracy == known.accuracy
    assert found.several.n == known.several.n  # type: ignore[union-attr]


def test_drivers_without_a_known_primary_one_count_for_calibration_only() -> None:
    labels = [Label(None, ("late",)), Label("late", ("broken",))]
    mentions = np.full((2, 5), 0.5)
    found = evaluate(
        np.full((2, 5), 0.2),
        np.zeros(2),
        labels,
        DRIVERS,
        threshold=0.5,
        target=0.9,
        mentions=mentions,
        chosen=mentions > 0,
    ).several
    assert found is not None
    assert found.n == 1
    assert [each.share.value for each in found.drivers] == [1.0, 0.5, 0.0, 0.0, 0.0]


def test_probabilities_that_mean_what_they_say_have_the_error_that_chance_gives() -> None:
    truth, mentions = simulated(4_000)
    found = several(truth, mentions)
    assert found.calibration is not None
    assert found.calibration.ece < 2 * found.calibration.perfect < 0.02
    assert sum(each.off for each in found.drivers) <= 1
    sure = several(*simulated(4_000, sharpness=2.5)).calibration
    assert sure is not None
    assert sure.low > 4 * sure.perfect


def test_the_error_is_that_of_all_yes_or_no_probabilities_together() -> None:
    truth, mentions = simulated(500)
    found = mention_calibration(mentions, truth)
    assert found is not None
    expected = expected_calibration_error(mentions.ravel(), truth.ravel())
    assert found.ece == pytest.approx(expected)
    assert found.low <= found.ece <= found.high
    turned = mention_calibration(mentions[:, ::-1], truth[:, ::-1])
    assert turned is not None
    assert turned.ece == pytest.approx(expected)


def test_equal_probabilities_share_a_bin_and_their_order_does_not_matter() -> None:
    truth = np.zeros((100, 2), dtype=bool)
    truth[:50, 0] = True
    found = mention_calibration(np.tile([0.5, 0.0], (100, 1)), truth)
    assert found is not None
    assert (found.ece, found.low) == (0.0, 0.0)
    assert mention_calibration(np.zeros((0, 3)), np.zeros((0, 3), dtype=bool)) is None


def test_the_error_of_a_model_that_says_too_much_lies_in_its_interval_nearly_always() -> None:
    """The truth by far more messages; each interval of messages in pairs of the same customer."""
    truth, mentions = simulated(40_000, sharpness=2.0, seed=1)
    whole = expected_calibration_error(mentions.ravel(), truth.ravel())
    covered = 0
    for world in range(100):
        some = np.repeat(np.arange(200) + 200 * world, 2)
        found = mention_calibration(
            mentions[some], truth[some], groups=np.repeat(np.arange(200), 2), seed=world
        )
        assert found is not None
        covered += found.low <= whole <= found.high
    assert covered >= 90


def test_a_driver_that_is_said_too_often_is_flagged() -> None:
    truth, mentions = simulated(2_000)
    mentions[:, 3] = np.minimum(1.0, mentions[:, 3] + 0.1)
    found = several(truth, mentions)
    flagged = {each.driver: each.gap for each in found.drivers if each.off}
    assert flagged["refund"] > 0.05
    assert len(flagged) <= 2


def test_bins_to_show_expect_equally_many_mentions() -> None:
    truth, mentions = simulated(3_000)
    found = mention_calibration(mentions, truth)
    assert found is not None
    expected = [each.probability * each.right.n for each in found.bins]
    assert len(expected) == 10
    assert max(expected) < 1.05 * min(expected)
    assert sum(each.right.n for each in found.bins) == mentions.size


def test_intervals_of_sets_cover_where_messages_of_a_customer_are_alike() -> None:
    random = np.random.default_rng(6)
    exact = samples = 0
    for _ in range(60):
        right = np.repeat(random.random(60), 3) < 0.7
        truth = np.tile([True, True, False, False, False], (180, 1))
        said = truth.copy()
        said[~right, 1] = False
        found = several(
            truth,
            np.where(said, 0.9, 0.1),
            groups=[f"c{row // 3}" for row in range(180)],
        )
        exact += found.exact.low <= 0.7 <= found.exact.high
        mean = 0.7 + 0.3 * 2 / 3
        samples += found.example_f1.low <= mean <= found.example_f1.high
    assert exact >= 54
    assert samples >= 54


def test_the_mean_of_what_is_partly_right_is_covered_by_less_than_a_rate_would_take() -> None:
    random = np.random.default_rng(2)
    values, shares = np.array([1.0, 2 / 3, 0.0]), (0.6, 0.35, 0.05)
    covered = narrower = 0
    for _ in range(200):
        drawn = np.repeat(random.choice(values, 80, p=shares), 2)
        found = grouped_mean(drawn, np.repeat(np.arange(80), 2))
        covered += found.low <= values @ shares <= found.high
        plain = rate(round(80 * drawn.mean()), 80)
        narrower += found.high - found.low < 0.8 * (plain.high - plain.low)
    assert covered >= 184
    assert narrower >= 190


def test_sets_that_are_all_right_prove_no_more_than_that_many_messages_can() -> None:
    found = grouped_mean(np.ones(20), np.arange(20))
    assert (found.value, found.low) == (1.0, pytest.approx(rate(20, 20).low))
    assert grouped_mean(np.zeros(0), np.zeros(0, dtype=np.intp)).value is None


def test_what_a_model_mentions_changes_nothing_where_every_label_has_one_driver() -> None:
    random = np.random.default_rng(5)
    probabilities = random.dirichlet(np.full(5, 0.5), 300)
    labels = [DRIVERS[each] if each < 4 else None for each in random.integers(0, 5, 300)]
    given: dict[str, Any] = {"threshold": 0.6, "target": 0.9, "languages": ["nl", "en"] * 150}
    unknown = random.beta(1, 6, 300)
    plain = evaluate(probabilities, unknown, labels, DRIVERS, **given).to_dict()
    likely = random.random((300, 5))
    more = evaluate(
        probabilities,
        unknown,
        [Label(each) for each in labels],
        DRIVERS,
        mentions=likely,
        chosen=likely > 0.5,
        taxonomy=flat_taxonomy(DRIVERS),
        **given,
    ).to_dict()
    assert json.dumps(more) == json.dumps(plain)
    assert list(plain)[-2:] == ["several", "parents"]
    assert (plain["several"], plain["parents"]) == (None, None)


def test_the_whole_is_json_and_what_does_not_apply_is_null() -> None:
    found = by_hand().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    one = by_hand()
    nothing = replace(one, others_recall=rate(0, 0)).to_dict()
    assert nothing["others"]["recall"]["value"] is None


def test_sizes_that_do_not_agree_are_refused() -> None:
    truth, mentions = simulated(10)
    with pytest.raises(ValueError, match="10 predictions"):
        judged(truth, mentions, mentions=mentions[:9])
