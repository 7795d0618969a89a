"""A learning curve from one fold: cheap, of the same messages, and only where it says something."""

import random

import numpy as np
import pytest

from classifier.fold_calibration import calibrate
from classifier.fold_curve import fold_curve
from classifier.folds import assign_folds, out_of_fold
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

FOLDS = 5
NAMES = [f"driver{number}" for number in range(4)]


def messages_of(n, *, seed=0):
    """Messages with one of thirty words of their driver: a word not seen yet cannot be known."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        driver = NAMES[number % len(NAMES)]
        word = "".join(
            random.Random(f"{driver} {chance.randrange(30)}").choices("aeioklmnrst", k=8)
        )
        made.append(
            LabeledMessage(
                text=RedactedText(f"{word} {number}"), label=Label(driver), message_id=str(number)
            )
        )
    return made


def curve_of(messages):
    lines = []
    shared = {"config": PipelineConfig(character_range=None), "progress": lines.append}
    found = out_of_fold(messages, folds=FOLDS, **shared)
    calibration = calibrate(messages, found, assumed_unknown=0.03, **shared)
    lines.clear()
    return fold_curve(messages, found, calibration, folds=FOLDS, **shared), lines, calibration


@pytest.fixture(scope="module")
def measured():
    return curve_of(messages_of(400))


def test_it_trains_twice_and_takes_the_whole_fold_from_what_is_known(measured):
    curve, lines, calibration = measured
    whole = 400 - int((assign_folds(messages_of(400), FOLDS) == 0).sum())
    assert [point.labels for point in curve.points] == pytest.approx(
        [whole / 4, whole / 2, whole], abs=3
    )
    assert len(lines) == 2
    inside = assign_folds(messages_of(400), FOLDS) == 0
    truth = np.array([NAMES.index(message.label.primary) for message in messages_of(400)])
    known = (calibration.probabilities.argmax(axis=1) == truth)[inside].mean()
    assert curve.points[-1].accuracy.value == pytest.approx(known)


def test_more_labels_are_worth_something_where_words_are_still_to_be_seen(measured):
    curve = measured[0]
    right = [point.accuracy.value for point in curve.points]
    assert right == sorted(right)
    assert right[-1] > right[0] + 0.1
    assert curve.gain > 0.01
    assert curve.gain_low < curve.gain < curve.gain_high


def test_more_are_added_to_all_the_labels_not_to_those_of_a_fold(measured):
    curve = measured[0]
    assert curve.labels == 400
    assert curve.gain == pytest.approx(curve.wrong(400) - curve.wrong(600))


def test_few_labels_have_no_curve():
    assert curve_of(messages_of(199))[0] is None


def test_one_driver_for_a_quarter_of_the_labels_has_no_curve():
    rare = LabeledMessage(text=RedactedText("zeldzaam"), label=Label("rare"))
    many = [
        LabeledMessage(text=RedactedText(f"gewoon {number}"), label=Label("often"))
        for number in range(300)
    ]
    assert curve_of([*many, rare])[0] is None
