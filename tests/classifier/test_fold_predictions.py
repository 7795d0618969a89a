"""What folds said of training messages is kept beside the model, and found again by the text."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from classifier.fold_predictions import FILE, FoldPredictions
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.model import fingerprint
from classifier.registry import save, verify
from classifier.taxonomy import flat_taxonomy
from classifier.training import Trained, train

SAYS = {"late": "waar blijft mijn pakket", "broken": "het glas is stuk", "money": "geld terug"}


@pytest.fixture(scope="module")
def messages() -> list[LabeledMessage]:
    return [
        LabeledMessage(
            text=RedactedText(f"{text} nummer {number}"),
            label=Label(driver),
            message_id=f"{driver} {number}",
        )
        for driver, text in SAYS.items()
        for number in range(20)
    ] + [
        LabeledMessage(  # nobody else says this, so no fold can know it
            text=RedactedText("xylofoon kwijt"), label=Label("money"), message_id="odd"
        )
    ]


@pytest.fixture(scope="module")
def trained(messages: list[LabeledMessage]) -> Trained:
    holdout = [number % 7 == 0 for number in range(len(messages) - 1)] + [False]
    return train(messages, flat_taxonomy(SAYS), holdout=holdout)


@pytest.fixture
def kept(trained: Trained, messages: list[LabeledMessage], tmp_path: Path) -> FoldPredictions:
    content = FoldPredictions.of(trained, messages).to_bytes()
    extra = {FILE: content}
    version = save(trained.model, tmp_path, today=date(2026, 11, 21), card="", extra=extra)
    verify(tmp_path / version)
    found = FoldPredictions.read(tmp_path / version)
    assert found is not None
    return found


def test_of_a_training_message_it_says_what_its_fold_did(
    kept: FoldPredictions, trained: Trained, messages: list[LabeledMessage]
) -> None:
    of = {each.message_id: each for each in messages}
    calibration = trained.folded.calibration
    for row, id_ in enumerate(trained.training_ids):
        found = kept.find(of[id_].text)
        assert found is not None
        assert found.drivers == trained.model.drivers
        assert found.probabilities == pytest.approx(calibration.probabilities[row], abs=1e-6)
        assert found.unknown == pytest.approx(calibration.unknown[row], abs=1e-6)


def test_that_flatters_less_than_the_model_itself(kept: FoldPredictions, trained: Trained) -> None:
    text = "xylofoon kwijt"
    said, found = trained.model.predict([text])[0], kept.find(text)
    column = trained.model.drivers.index("money")
    assert found is not None
    assert found.probabilities[column] < said.probabilities[column] - 0.1


def test_it_says_nothing_of_other_messages(kept: FoldPredictions, trained: Trained) -> None:
    held = "waar blijft mijn pakket nummer 0"
    assert not trained.model.trained_on([held])[0]
    assert kept.find(held) is None
    assert kept.find("iets heel anders") is None


def test_ids_that_several_texts_share_say_nothing_of_any(
    trained: Trained, messages: list[LabeledMessage]
) -> None:
    twin = replace(messages[1], text=RedactedText("iets anders"))
    found = FoldPredictions.of(trained, [*messages, twin])
    assert found.find(messages[1].text) is None
    assert found.find(messages[2].text) is not None


def test_a_model_from_before_they_were_kept_has_none(trained: Trained, tmp_path: Path) -> None:
    version = save(trained.model, tmp_path, today=date(2026, 11, 21), card="")
    assert FoldPredictions.read(tmp_path / version) is None


def test_of_many_drivers_the_likeliest_are_kept_and_the_rest_is_spread() -> None:
    drivers = tuple(f"d{number:02d}" for number in range(20))
    kept = FoldPredictions(
        drivers,
        np.array([fingerprint("waar blijft het")]),
        np.array([[3, 7]], dtype=np.uint16),
        np.array([[0.6, 0.22]], dtype=np.float32),
        np.array([0.1], dtype=np.float32),
    )
    found = kept.find("Waar blijft het?")
    assert found is not None
    assert found.ranked(2) == [("d03", pytest.approx(0.6)), ("d07", pytest.approx(0.22))]
    assert found.probabilities[0] == pytest.approx(0.01)
