import numpy as np

from classifier.left_out import left_out_drivers, left_out_evidence
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

DRIVERS = ("abricoos", "bezem", "citroen", "dakpan", "egel", "fagot", "gitaar")


def messages_about(drivers, each):
    return [
        LabeledMessage(text=RedactedText(f"{driver} vraag {n}"), label=Label(driver))
        for driver in drivers
        for n in range(each)
    ]


def compared(messages):
    found = left_out_evidence(messages, config=PipelineConfig(), progress=lambda line: None)
    return found and found[0]


def test_messages_of_drivers_left_out_look_stranger_than_others_left_out():
    messages = messages_about(DRIVERS, 20)
    known, strange = compared(messages)
    assert len(strange) in (20, 40)
    assert len(known) == (len(messages) - len(strange)) / 5
    assert (strange.mean(axis=0) > known.mean(axis=0)).all()


def test_with_few_drivers_none_is_left_out():
    assert compared(messages_about(DRIVERS[:3], 20)) is None
    assert compared([]) is None


def test_drivers_left_out_are_about_a_fifth_of_the_messages_and_never_a_large_one():
    drivers = np.array(["large"] * 500 + [f"d{n}" for n in range(50) for _ in range(10)])
    chosen = left_out_drivers(drivers)
    assert "large" not in chosen
    assert 0.18 < np.isin(drivers, chosen).mean() < 0.25
