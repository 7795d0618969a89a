import json

import numpy as np
import pytest

from classifier.cascade_curve import SHARES, Judged, Pace, cascade_curve


def messages(n=4000, *, gain=0.6, seed=7):
    """Words are right as their doubt says, and reading mends a share of their errors."""
    random = np.random.default_rng(seed)
    doubt = random.beta(0.4, 3.0, n)
    by_words = random.random(n) > doubt
    by_both = by_words | (random.random(n) < gain)
    return Judged(doubt, random.uniform(30, 300, n), by_words, by_both, np.arange(n))


def test_the_curve_goes_from_words_alone_to_everything_read():
    judged = messages()
    curve = cascade_curve(judged, "all")
    first, last = curve.points[0], curve.points[-1]
    assert first.accuracy.value == pytest.approx(judged.by_words.mean())
    assert last.accuracy.value == pytest.approx(judged.by_both.mean())
    assert [each.read for each in curve.points] == pytest.approx(SHARES, abs=0.001)
    assert (first.read, first.messages, last.read, last.messages, last.lost) == (0, 0, 1, 1, 0)
    assert curve.chosen == last
    assert curve.reads_all


def test_the_more_is_read_the_more_is_right_where_reading_only_mends():
    right = [each.accuracy.value for each in cascade_curve(messages(), "all").points]
    assert right == sorted(right)
    assert right[5] > right[0] + 0.5 * (right[-1] - right[0])


def test_no_point_reads_more_than_its_share():
    judged = messages()
    for share in (0.013, 0.2, 0.777):
        point = judged.at(share)
        read = judged.doubt / judged.effort >= point.cutoff
        assert judged.effort[read].sum() / judged.effort.sum() == point.read <= share


def test_a_share_that_was_asked_for_is_chosen():
    curve = cascade_curve(messages(), 0.1)
    assert curve.chosen.read == pytest.approx(0.1, abs=0.001)
    assert not curve.reads_all
    assert cascade_curve(messages(), 1.0).reads_all
    assert cascade_curve(messages(), 0.0).chosen.read == 0


def test_by_itself_it_reads_as_little_as_makes_no_difference_of_one_in_a_thousand():
    curve = cascade_curve(messages(20_000), "auto")
    before = [each for each in curve.points if each.read < curve.chosen.read]
    assert 0 < curve.chosen.read < 1
    assert curve.chosen.lost <= 0.001 < before[-1].lost


def test_a_lucky_point_below_a_poor_one_is_not_chosen():
    """Reading harms among the most doubtful and mends later: no loss at first is only luck."""
    n = 10_000
    doubt = np.linspace(1, 0, n)
    by_words = np.ones(n, dtype=bool)
    by_both = by_words.copy()
    by_words[4000:6000] = False
    judged = Judged(doubt, np.ones(n), by_words, by_both, np.arange(n))
    assert cascade_curve(judged, "auto").chosen.read == pytest.approx(0.75)


def test_where_reading_never_helps_half_is_read_for_what_accuracy_does_not_show():
    judged = messages(gain=0.0)
    assert cascade_curve(judged, "auto").chosen.read == pytest.approx(0.5, abs=0.001)


def test_with_few_messages_everything_is_read_unless_asked_otherwise():
    few = messages(400)
    assert cascade_curve(few, "auto").reads_all
    assert cascade_curve(few, 0.2).chosen.read == pytest.approx(0.2, abs=0.02)


def test_what_is_lost_lies_in_its_interval_as_often_as_that_says():
    """Of 200 samples from one population about 190 intervals hold its own difference."""
    population = messages(200_000, seed=1)
    whole = population.at(0.1)
    held = 0
    random = np.random.default_rng(3)
    for _ in range(200):
        rows = random.integers(0, 200_000, 3000)
        some = Judged(
            *(getattr(population, name)[rows] for name in ("doubt", "effort")),
            *(getattr(population, name)[rows] for name in ("by_words", "by_both")),
            np.arange(3000),
        )
        point = some.at(0.1)
        held += point.lost_low <= whole.lost <= point.lost_high
    assert held >= 180


def test_repeated_messages_do_not_make_the_interval_narrower():
    once = messages(500)
    arrays = (once.doubt, once.effort, once.by_words, once.by_both, once.groups)
    often = Judged(*(np.repeat(each, 10) for each in arrays))
    one, many = once.at(0.1), often.at(0.1)
    width = one.lost_high - one.lost_low
    assert many.lost_high - many.lost_low == pytest.approx(width, rel=0.1)


def test_messages_a_second_go_by_what_is_read():
    pace = Pace(words=0.0001, reading=0.002)
    assert pace.rate(0.0) == pytest.approx(10_000)
    assert pace.rate(0.05) == pytest.approx(5_000)
    assert pace.share(5_000) == pytest.approx(0.05)
    assert (pace.share(20_000), pace.share(1)) == (0, 1)


def test_the_curve_stands_in_a_manifest():
    curve = cascade_curve(messages(), 0.1)
    written = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert written["read"] == curve.chosen.read
    assert len(written["points"]) == len(SHARES)
    assert written["pace"] is None
