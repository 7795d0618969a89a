"""The benchmark of picks counts labels, and that of suspects makes mistakes, as they say."""

import numpy as np
import pytest

from classifier.messages import Label, LabeledMessage, RedactedText
from tests.benchmarks import picks, suspects


def messages(n: int, drivers: int) -> list[LabeledMessage]:
    return [
        LabeledMessage(text=RedactedText(f"text {row}"), label=Label(f"driver-{row % drivers:02}"))
        for row in range(n)
    ]


def test_labels_needed_are_read_off_the_curve_once_it_gets_there():
    found = picks.Curve("set", picks.RANDOM, 0, (100, 200, 300), (0.4, 0.6, 0.55), 0.8)
    assert found.needed(0.625) == pytest.approx(150)
    assert found.needed(0.5) == pytest.approx(100)
    assert np.isnan(found.needed(0.95))


@pytest.mark.parametrize("kind", suspects.KINDS)
def test_one_label_in_twenty_is_made_wrong(kind):
    said = messages(2000, 20)
    labels = np.arange(2000) % 20
    plain = suspects.Judged(labels, np.random.default_rng(0).dirichlet(np.ones(20), size=2000))
    changed, wrong = suspects.made_wrong(said, kind, plain)
    differs = [one.label != other.label for one, other in zip(said, changed, strict=True)]
    assert wrong.sum() == 100
    assert np.array_equal(wrong, differs)


def test_pairs_put_one_driver_in_place_of_another():
    said = messages(2000, 20)
    changed, wrong = suspects.made_wrong(said, "pairs", None)
    pairs = {
        (before.label.primary, after.label.primary)
        for before, after, is_wrong in zip(said, changed, wrong, strict=True)
        if is_wrong
    }
    assert len(pairs) == 4
    assert len({before for before, _ in pairs} | {after for _, after in pairs}) == 8


def test_ours_is_compared_with_the_usual_orders():
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    found = suspects.orders(suspects.Judged(np.array([0, 0, 0]), chances))
    assert set(found) == {"low probability", "margin", "confident learning", suspects.OURS}
    assert all(int(doubt.argmax()) == 1 for doubt in found.values())
