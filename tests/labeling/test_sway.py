"""What pre-filled drivers do to answers, and the model beside people: by simulated people."""

import numpy as np
import pytest

from classifier.evaluation import rate
from classifier.messages import Label
from labeling.sway import AskedTwice, Audited, ceiling, difference, sway

DRIVERS = np.array(list("abcdefghij"))


def audited(n: int, follow: float, rng: np.random.Generator) -> list[Audited]:
    """Model and person are right four times of five; so often a person takes what is shown."""
    truth, wrong, slip = rng.choice(DRIVERS, size=(3, n))
    suggested = np.where(rng.random(n) < 0.8, truth, wrong)
    own = np.where(rng.random(n) < 0.8, truth, slip)
    prefilled = rng.random(n) < 0.5
    said = np.where(prefilled & (rng.random(n) < follow), suggested, own)
    return [
        Audited(suggested=str(model), label=Label(str(label)), prefilled=bool(shown))
        for model, label, shown in zip(suggested, said, prefilled, strict=True)
    ]


def asked_twice(n: int, right: float, rng: np.random.Generator) -> list[AskedTwice]:
    """People are right nine times of ten, the model so often."""
    truth, *slips = rng.choice(DRIVERS, size=(4, n))
    model, first, second = (
        np.where(rng.random(n) < often, truth, slip)
        for often, slip in zip((right, 0.9, 0.9), slips, strict=True)
    )
    return [
        AskedTwice(suggested=str(one), first=Label(str(two)), second=Label(str(three)))
        for one, two, three in zip(model, first, second, strict=True)
    ]


def test_people_who_follow_what_they_see_are_told_from_those_who_do_not():
    rng = np.random.default_rng(0)
    led, own = (sway(audited(2000, follow, rng)).difference for follow in (0.5, 0.0))
    assert led.low > 0.05
    assert own.low < 0 < own.high


def test_nobody_shown_anything_says_nothing_of_sway():
    found = sway([Audited(suggested="a", label=Label("a"), prefilled=False)] * 5)
    assert found.prefilled.value is None
    assert found.blind.value == 1
    assert (found.difference.value, found.difference.low, found.difference.high) == (None, -1, 1)


def test_unknown_agrees_with_unknown():
    found = sway([Audited(suggested=None, label=Label(None, ("a",)), prefilled=True)])
    assert found.prefilled.value == 1


def test_a_message_drawn_rarely_stands_for_more():
    rows = [
        Audited(suggested="a", label=Label("a"), prefilled=True, inclusion=0.1),
        Audited(suggested="a", label=Label("b"), prefilled=True, inclusion=1.0),
    ]
    assert sway(rows).prefilled.value == pytest.approx(10 / 11)
    with pytest.raises(ValueError, match="inclusion"):
        sway([Audited(suggested="a", label=Label("a"), prefilled=True, inclusion=0.0)])


def test_a_model_as_good_as_people_is_at_their_ceiling_and_a_worse_one_below():
    rng = np.random.default_rng(0)
    equal, worse = (ceiling(asked_twice(1500, right, rng)) for right in (0.9, 0.7))
    assert equal.difference.low < 0 < equal.difference.high
    assert worse.difference.high < -0.1
    assert worse.people.value == pytest.approx(0.82, abs=0.04)


def test_without_second_opinions_there_is_no_ceiling():
    found = ceiling([])
    assert found.people.value is None
    assert found.model.value is None
    assert found.difference.value is None


def test_five_answers_alike_prove_nothing():
    found = ceiling([AskedTwice(suggested="a", first=Label("a"), second=Label("a"))] * 5)
    assert found.difference.value == 0
    assert found.difference.low < -0.3
    assert found.difference.high > 0.3


def test_a_difference_of_two_shares_has_a_wider_interval_than_either():
    found = difference(rate(60, 100), rate(50, 100))
    assert found.value == pytest.approx(0.1)
    assert found.high - found.low > rate(60, 100).high - rate(60, 100).low
    assert found.low < 0 < found.high


@pytest.mark.parametrize("n", [20, 200])
def test_intervals_of_sway_hold(n):
    rng = np.random.default_rng(n)
    own = 0.8 * 0.8 + (1 - 0.8**2) / len(DRIVERS)
    truth = 0.3 * (1 - own)
    found = [sway(audited(n, 0.3, rng)).difference for _ in range(300)]
    assert np.mean([each.low <= truth <= each.high for each in found]) > 0.93


@pytest.mark.parametrize("right", [0.7, 0.97])
@pytest.mark.parametrize("n", [15, 150])
def test_intervals_of_the_ceiling_hold(n, right):
    rng = np.random.default_rng(n)

    def alike(one: float, other: float) -> float:
        return one * other + (1 - one * other) / len(DRIVERS)

    truth = alike(right, 0.9) - alike(0.9, 0.9)
    found = [ceiling(asked_twice(n, right, rng)).difference for _ in range(300)]
    assert np.mean([each.low <= truth <= each.high for each in found]) > 0.93
