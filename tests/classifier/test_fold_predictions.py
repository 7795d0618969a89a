"""What folds said of training messages, kept in a file beside the model."""

from pathlib import Path

import numpy as np
import pytest

from classifier.fold_predictions import FoldPredictions, read_folds
from classifier.messages import Label, LabeledMessage, RedactedText
from classifier.taxonomy import flat_taxonomy
from classifier.training import Trained, TrainingConfig, train

WORDS = {
    "late": ("pakket", "te laat", "nog niet bezorgd", "waar blijft"),
    "broken": ("doos", "kapot", "gescheurd", "deuk"),
    "refund": ("geld terug", "terugbetaling", "bedrag", "retour"),
}
QUICK = TrainingConfig(search=False)


def messages(*, several: bool = False) -> list[LabeledMessage]:
    """Of each driver sixty, every fifth with a wrong label that only its own words explain."""
    made, names = [], list(WORDS)
    for place, (driver, words) in enumerate(WORDS.items()):
        other = names[(place + 1) % len(names)]
        for number in range(60):
            said = f"{words[number % 4]} {words[number // 4 % 4]} nummer{place}x{number}"
            label = Label(other if number % 5 == 0 else driver)
            if several and number % 3 == 0:
                said += f" en ook {WORDS[other][number % 4]}"
                label = Label(driver, (other,))
            name = f"{driver}-{number}"
            made.append(LabeledMessage(text=RedactedText(said), label=label, message_id=name))
    return made


def trained_on(rows: list[LabeledMessage]) -> Trained:
    return train(rows, flat_taxonomy(set(WORDS)), config=QUICK)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return trained_on(messages())


def back(folds: FoldPredictions, folder: Path) -> FoldPredictions:
    (folder / "folds.npz").write_bytes(folds.to_bytes())
    return read_folds(folder / "folds.npz")


def test_every_message_has_what_its_fold_said(trained: Trained, tmp_path: Path) -> None:
    rows = messages()
    kept = back(trained.folds, tmp_path).find([row.text for row in rows])
    for row, found in enumerate(kept):
        assert found is not None
        np.testing.assert_allclose(
            found.probabilities, trained.folded.calibration.probabilities[row], atol=1e-6
        )
        assert found.unknown == pytest.approx(trained.folded.calibration.unknown[row], abs=1e-6)
        assert found.drivers == trained.model.drivers


def test_folds_are_less_sure_of_a_wrong_label_than_the_model_that_learned_it(
    trained: Trained,
) -> None:
    wrong = [row for row in messages() if row.label.primary != row.message_id.rsplit("-", 1)[0]]
    texts = [row.text for row in wrong]
    columns = [trained.model.drivers.index(str(row.label.primary)) for row in wrong]
    folds = [each.probabilities for each in trained.folds.find(texts) if each]
    rows = np.arange(len(wrong))
    learned = trained.model.predict_proba(texts)[rows, columns]
    assert np.array(folds)[rows, columns].mean() < 0.7 * learned.mean()


def test_a_text_nobody_trained_on_is_not_there(trained: Trained) -> None:
    same = messages()[0].text.upper()
    assert trained.folds.find(["iets heel anders", same])[0] is None
    assert trained.folds.find(["iets heel anders", same])[1] is not None
    assert trained.folds.find([]) == []


def test_beyond_the_likeliest_five_the_rest_is_spread_and_the_order_kept(tmp_path: Path) -> None:
    drivers = tuple(f"d{number}" for number in range(12))
    kept = FoldPredictions(
        drivers=drivers,
        keys=np.array(["0" * 16]),
        likeliest=np.array([[3, 1, 4, 0, 5]], dtype=np.uint16),
        probabilities=np.array([[0.11, 0.105, 0.1, 0.095, 0.09]], dtype=np.float32),
        unknown=np.array([0.25], dtype=np.float32),
        mentions=np.zeros(0, dtype=[("row", "u4"), ("driver", "u2")]),
    )
    found = back(kept, tmp_path)._at(0)
    assert found.probabilities.sum() == pytest.approx(1)
    assert [driver for driver, _ in found.ranked(5)] == ["d3", "d1", "d4", "d0", "d5"]
    assert found.probabilities[2] == pytest.approx(0.5 / 7)


def test_mentions_are_what_a_reader_would_list(tmp_path: Path) -> None:
    rows = messages(several=True)
    learned = trained_on(rows)
    assert learned.folded.mentions is not None
    probabilities = learned.folded.mentions.found.probabilities
    for row, found in enumerate(back(learned.folds, tmp_path).find([row.text for row in rows])):
        assert found is not None
        first, *others = found.mentions
        assert first.driver == found.driver
        listed = [each.probability for each in others]
        assert listed == sorted(listed, reverse=True)
        column = learned.model.drivers.index(first.driver)
        assert first.probability == pytest.approx(probabilities[row, column], abs=1e-6)
        likely = {
            learned.model.drivers[each] for each in np.flatnonzero(probabilities[row] >= 0.02)
        }
        assert {each.driver for each in found.mentions} == likely | {first.driver}


def test_the_file_holds_no_text(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "folds.npz").write_bytes(trained.folds.to_bytes())
    with np.load(tmp_path / "folds.npz", allow_pickle=False) as file:
        held = b"".join(file[name].tobytes() for name in file.files)
    assert b"pakket" not in held
    assert trained.folds.to_bytes() == trained.folds.to_bytes()


def test_where_nothing_was_labeled_there_is_nothing_to_find(tmp_path: Path) -> None:
    folds = back(trained_on([]).folds, tmp_path)
    assert folds.find(["pakket te laat"]) == [None]
