from dataclasses import replace

import pytest

from classifier.calibration import UnknownCurve
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import Model
from classifier.pipeline import build_pipeline
from classifier.remarks import HOLD_OUT, OUT_OF_FOLD, training_counts, training_remarks
from classifier.taxonomy import flat_taxonomy

MESSAGES = [
    LabeledMessage(text=RedactedText(f"{word} {number}"), label=Label(driver))
    for driver, word in (("late", "pakket"), ("invoice", "factuur"))
    for number in range(6)
]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(
        pipeline=build_pipeline().fit(["pakket", "factuur"], ["late", "invoice"]),
        taxonomy=flat_taxonomy(["invoice", "late"]),
        temperature=1.0,
        unknown_curve=UnknownCurve(0.0, 0.0),
        base_shares=(0.5, 0.5),
        threshold=0.7,
        target_precision=0.95,
        manifest={"threshold_from": HOLD_OUT},
    )


def test_when_all_is_well_there_is_nothing_to_remark(model):
    assert list(training_remarks(model, MESSAGES, MESSAGES)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"manifest": {"threshold_from": OUT_OF_FOLD}}, "rests on out-of-fold predictions"),
        ({"threshold": float("inf")}, "reach 95% precision, so nothing is routed automatically"),
    ],
)
def test_what_is_odd_about_the_model_is_remarked(model, changes, sentence):
    (remark,) = training_remarks(replace(model, **changes), MESSAGES, MESSAGES)
    assert sentence in remark


@pytest.mark.parametrize(
    ("kept", "judged", "sentence"),
    [
        (MESSAGES, [], "nothing is known of what this model is worth"),
        (MESSAGES[2:], MESSAGES, "Fewer than five messages to learn from: late."),
        ([replace(MESSAGES[0], label=Label("late", ("invoice",))), *MESSAGES], MESSAGES, "several"),
    ],
)
def test_what_is_odd_about_the_messages_is_remarked(model, kept, judged, sentence):
    (remark,) = training_remarks(model, kept, judged)
    assert sentence in remark


def test_messages_are_counted_per_driver_and_unknown_ones_apart():
    nothing = LabeledMessage(text=RedactedText("zeilboot"), label=Label(None))
    counts = training_counts([*MESSAGES, nothing], MESSAGES[:4], MESSAGES[:2], left_out=1)
    assert counts == {
        "training": 13,
        "held_out": 4,
        "judging": 2,
        "same_text_as_held_out": 1,
        "per_driver": {"invoice": 6, "late": 6, "unknown": 1},
    }
