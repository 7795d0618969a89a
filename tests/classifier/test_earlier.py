import json
from dataclasses import replace

import pytest

from classifier.candidates import CANDIDATES, Choice
from classifier.comparison import Comparison
from classifier.earlier import kept
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.pipeline import PipelineConfig

NAME = "words; usual weight; logistic regression"
COMPARED = Comparison({"words": 0.9}, {"words": 0.0}, "words", 400, 3)


def about(**labels):
    return [
        LabeledMessage(text=RedactedText(f"bericht {number}"), label=Label(driver))
        for driver, count in labels.items()
        for number in range(count)
    ]


@pytest.fixture
def manifest():
    choice = Choice(
        NAME, CANDIDATES[NAME], {"What to read": COMPARED}, "", labels={"late": 300, "lost": 100}
    )
    made = {
        "version": "2026-11-20.1",
        "choice": choice.to_dict(),
        "pipeline": CANDIDATES[NAME].to_dict(),
    }
    return json.loads(json.dumps(made))


def test_a_choice_on_nearly_the_same_labels_is_kept_and_says_so(manifest):
    choice = kept(manifest, about(late=320, lost=118))
    assert choice.pipeline == CANDIDATES[NAME]
    assert choice.rounds == {"What to read": COMPARED}
    assert choice.found is None
    assert "chosen among 1 candidates for version 2026-11-20.1" in choice.sentence()
    assert "--search" in choice.sentence()


@pytest.mark.parametrize(
    "labels",
    [
        {"late": 330, "lost": 111},
        {"late": 270, "lost": 89},
        {"late": 279, "lost": 121},
        {"late": 300, "lost": 59, "refund": 41},
    ],
)
def test_more_fewer_other_or_moved_labels_ask_for_another_comparison(manifest, labels):
    assert kept(manifest, about(**labels)) is None


def test_what_is_kept_is_measured_against_the_labels_of_the_comparison(manifest):
    """Else a model retrained every day would drift away from what was compared, unnoticed."""
    first = kept(manifest, about(late=335, lost=100))
    later = manifest | {"version": "2026-11-21.1", "choice": first.to_dict()}
    assert kept(later, about(late=339, lost=100)).kept_from == "2026-11-20.1"
    assert kept(later, about(late=341, lost=100)) is None


def test_messages_about_no_driver_are_not_counted(manifest):
    unknown = [replace(each, label=Label(None)) for each in about(late=200)]
    assert kept(manifest, [*about(late=300, lost=100), *unknown])


def test_where_nothing_was_compared_or_candidates_changed_there_is_nothing_to_keep(manifest):
    same = about(late=300, lost=100)
    fixed = Choice.fixed(CANDIDATES[NAME]).to_dict()
    assert kept(manifest | {"choice": fixed}, same) is None
    assert kept(manifest | {"pipeline": PipelineConfig().to_dict()}, same) is None
    assert kept({}, same) is None
    renamed = manifest["choice"] | {"name": "sentences"}
    assert kept(manifest | {"choice": renamed}, same) is None
