"""Labels that look wrong: found among right ones, systematic ones too, with the reason."""

import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, Predictions, RedactedText
from labeling.suspects import Why, doubts, suspects, usual_certainty, usual_mistakes

DRIVERS = tuple("abcdef")


def predicted(probabilities: np.ndarray, unknown: np.ndarray | None = None) -> Predictions:
    none = np.full(len(probabilities), 0.01) if unknown is None else unknown
    return Predictions(DRIVERS[: probabilities.shape[1]], probabilities, none)


def labeled(labels: list[str], texts: list[str] | None = None) -> list[LabeledMessage]:
    texts = texts or [f"text {row}" for row in range(len(labels))]
    return [
        LabeledMessage(text=RedactedText(text), label=Label.parse(label), message_id=f"m{row}")
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


def seen(n: int, rng: np.random.Generator, sharpness: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """True columns (n,) and a model's calibrated probabilities (n, 6) of them."""
    truth = rng.integers(len(DRIVERS), size=n)
    looks = sharpness * np.eye(len(DRIVERS))[truth] + rng.normal(size=(n, len(DRIVERS))) * 2
    scores = np.exp(looks - looks.max(axis=1, keepdims=True))
    return truth, scores / scores.sum(axis=1, keepdims=True)


def precision(score: np.ndarray, wrong: np.ndarray) -> float:
    """The share of wrong ones among as many with the highest score as there are wrong ones."""
    return float(wrong[np.argsort(-score, kind="stable")[: wrong.sum()]].mean())


def test_mistakes_come_first():
    truth, chances = seen(2000, np.random.default_rng(0), sharpness=10.0)
    rng = np.random.default_rng(1)
    wrong = rng.random(2000) < 0.05
    labels = np.where(wrong, (truth + rng.integers(1, 6, size=2000)) % 6, truth)
    found = suspects(labeled([DRIVERS[each] for each in labels]), predicted(chances))
    first = found[: wrong.sum() // 2]
    assert np.mean([wrong[each.row] for each in first]) > 0.9
    assert np.mean([each.believed == DRIVERS[truth[each.row]] for each in first]) > 0.9
    assert [each.doubt for each in found] == sorted((each.doubt for each in found), reverse=True)
    assert found[0].message_id == f"m{found[0].row}"


def test_one_driver_for_another_is_found_by_its_number():
    truth, chances = seen(4000, np.random.default_rng(2), sharpness=10.0)
    hard = truth > 1
    chances[hard] = seen(4000, np.random.default_rng(2), sharpness=5.0)[1][hard]
    wrong = (truth == 0) & (np.random.default_rng(3).random(4000) < 0.3)
    labels = np.where(wrong, 1, truth)
    # The model has come to expect some of the mistakes.
    mine = truth == 0
    chances[mine] = 0.95 * chances[mine] + 0.05 * chances[mine][:, [1, 0, 2, 3, 4, 5]]
    found = doubts(chances, labels)
    plain = 1 - chances[np.arange(4000), labels]
    assert precision(found.doubt, wrong) > precision(plain, wrong) + 0.1


def test_the_reason_is_the_strongest_there_is():
    chances = np.full((60, 3), 0.01)
    chances[np.arange(60), np.repeat([0, 1, 2], 20)] = 0.98
    labels = [DRIVERS[each] for each in np.repeat([0, 1, 2], 20)]
    texts = [f"text {row}" for row in range(60)]
    labels[0] = "b"
    labels[20], texts[20], texts[21] = "c", "Where is it?", "where is it"
    found = {each.row: each for each in suspects(labeled(labels, texts), predicted(chances))}
    assert set(found) == {0, 20}
    assert found[0].why is Why.SURE
    assert (found[0].label, found[0].believed) == ("b", "a")
    assert found[0].other > found[0].own
    assert found[20].why is Why.SAME_TEXT
    assert found[20].same_text == ("m21",)


def test_a_habit_is_given_as_the_reason():
    truth, chances = seen(2000, np.random.default_rng(4), sharpness=10.0)
    wrong = (truth == 0) & (np.random.default_rng(5).random(2000) < 0.3)
    labels = [DRIVERS[each] for each in np.where(wrong, 1, truth)]
    every = suspects(labeled(labels), predicted(chances))
    found = [each for each in every if wrong[each.row]]
    assert found[0].habit == pytest.approx(0.3, abs=0.15)
    assert np.mean([each.why is Why.HABIT for each in found]) > 0.9


def test_any_driver_of_a_label_is_its_own():
    chances = np.tile([[0.02, 0.96, 0.02]], (20, 1))
    one, two = labeled(["a"] * 20), labeled(["a|b"] * 20)
    assert doubts(chances, np.zeros(20, dtype=np.intp)).doubt.min() > 0.1
    assert suspects(two, predicted(chances)) == []
    assert suspects(one, predicted(chances))


def test_unknown_is_a_label_like_others():
    rng = np.random.default_rng(6)
    truth, chances = seen(600, rng)
    unknown = np.full(600, 0.01)
    unknown[:40] = 0.95
    labels = ["" if row < 40 else DRIVERS[each] for row, each in enumerate(truth)]
    labels[0], labels[100] = "a", ""
    found = {each.row: each for each in suspects(labeled(labels), predicted(chances, unknown))}
    assert found[0].believed == "unknown"
    assert (found[100].label, found[100].believed) == ("unknown", DRIVERS[truth[100]])


def test_a_label_no_fold_knew_is_not_suspected():
    chances = np.tile([[0.0, 0.9, 0.1]], (10, 1))
    assert suspects(labeled(["a"] * 10), predicted(chances)) == []
    assert suspects(labeled(["z"] * 10), predicted(chances)) == []
    assert np.isnan(doubts(chances, np.zeros(10, dtype=np.intp)).doubt).all()


def test_no_more_than_asked_for_and_nothing_of_nothing():
    truth, chances = seen(500, np.random.default_rng(7))
    labels = [
        DRIVERS[(each + 1) % 6] if row < 50 else DRIVERS[each] for row, each in enumerate(truth)
    ]
    assert len(suspects(labeled(labels), predicted(chances), most=5)) == 5
    assert suspects([], predicted(np.zeros((0, 3)))) == []


def test_right_labels_teach_that_there_are_few_mistakes():
    truth, chances = seen(3000, np.random.default_rng(8), sharpness=12.0)
    mistakes = usual_mistakes(chances, truth)
    assert mistakes.sum(axis=1) == pytest.approx(1)
    assert np.diag(mistakes).min() > 0.97


def test_usual_certainty_is_the_mean_where_it_is_the_label():
    chances = np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.2, 0.8, 0.0]])
    assert usual_certainty(chances, np.array([0, 0, 1])) == pytest.approx([0.7, 0.8, 1.0])
