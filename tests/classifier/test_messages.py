"""Labels are read and written the same way; a prediction knows its likeliest driver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.messages import Label, Prediction, Predictions


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("a", Label("a")),
        ("a|b|c", Label("a", ("b", "c"))),
        (" a | b ", Label("a", ("b",))),
        ("a|b|a", Label("a", ("b",))),
        ("", Label(None)),
        ("  ", Label(None)),
        ("unknown", Label(None)),
        ("a|unknown", Label("a")),
        ("|", Label(None)),
    ],
)
def test_a_written_label_is_read(written: str, label: Label) -> None:
    assert Label.parse(written) == label


def test_the_name_for_none_of_these_can_be_another() -> None:
    assert Label.parse("oos", unknown_label="oos") == Label(None)
    assert Label.parse("unknown", unknown_label="oos") == Label("unknown")


@given(st.lists(st.text("abc.", min_size=1), max_size=4, unique=True))
def test_a_label_reads_back_as_it_was_written(drivers: list[str]) -> None:
    label = Label(drivers[0], tuple(drivers[1:])) if drivers else Label(None)
    assert Label.parse(str(label)) == label
    assert label.drivers == tuple(drivers)


def test_a_prediction_ranks_its_drivers() -> None:
    prediction = Prediction(("a", "b", "c"), np.array([0.2, 0.7, 0.1]), 0.1)
    assert prediction.driver == "b"
    assert prediction.confidence == pytest.approx(0.63)
    assert prediction.ranked(2) == [("b", 0.7), ("a", 0.2)]


@given(st.integers(0, 4), st.integers(1, 5), st.integers(1, 6), st.randoms(use_true_random=False))
def test_predictions_as_columns_say_what_each_says(n: int, k: int, m: int, random) -> None:
    rows = np.array([[random.choice([0.0, 0.1, 0.5]) for _ in range(k)] for _ in range(n)])
    unknown = np.array([random.random() for _ in range(n)])
    many = Predictions(tuple("abcdef"[:k]), rows.reshape(n, k), unknown)
    assert len(many) == len(list(many)) == n
    columns, shares = many.ranked(m)
    for place, one in enumerate(many):
        assert one.driver == many.drivers[many.likeliest[place]]
        assert one.confidence == many.confidence[place]
        named = [many.drivers[column] for column in columns[place]]
        assert list(zip(named, shares[place], strict=True)) == one.ranked(m)
