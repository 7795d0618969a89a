from dataclasses import replace
from pathlib import Path

import pytest

from classifier.calibration import UnknownCurve
from classifier.combination import MeaningClassifier
from classifier.embeddings import CachedEncoder
from classifier.encoder import load_encoder
from classifier.model import Model
from classifier.pace import measured_pace
from classifier.pipeline import build_pipeline
from classifier.taxonomy import flat_taxonomy

TINY = Path(__file__).parents[1] / "cases" / "encoder"
TEXTS = [f"{word} {chr(97 + n % 26) * 4}" for n in range(40) for word in ("factuur", "pakket")]
DRIVERS = ["invoice", "late"] * 40


@pytest.fixture(scope="module")
def model():
    return Model(
        pipeline=build_pipeline().fit(TEXTS, DRIVERS),
        taxonomy=flat_taxonomy(["invoice", "late"]),
        temperature=1.0,
        unknown_curve=UnknownCurve(-3.0, 0.5),
        base_shares=(0.5, 0.5),
        threshold=0.9,
        target_precision=0.95,
        meaning=MeaningClassifier(load_encoder(TINY)).fit(TEXTS, DRIVERS),
        meaning_weight=0.5,
    )


def test_without_an_encoder_or_a_text_there_is_nothing_to_measure(model):
    assert measured_pace(replace(model, meaning=None), TEXTS) is None
    assert measured_pace(model, []) is None


def test_what_takes_longer_is_measured_longer(model, tmp_path):
    class Slow:
        """An encoder that reads everything fifty times."""

        def __init__(self, encoder):
            self.encoder = encoder

        def encode(self, texts):
            for _ in range(50):
                found = self.encoder.encode(texts)
            return found

    slow = replace(model, meaning=model.meaning.with_encoder(Slow(model.meaning.encoder)))
    usual, slower = measured_pace(model, TEXTS), measured_pace(slow, TEXTS)
    assert usual.words > 0
    assert slower.reading > 5 * usual.reading > 0


def test_what_is_cached_is_measured_as_if_it_was_not(model, tmp_path):
    read = []

    class Noted:
        digest, width = model.meaning.encoder.digest, model.meaning.encoder.width

        def encode(self, texts):
            read.extend(texts)
            return model.meaning.encoder.encode(texts)

    cached = CachedEncoder(Noted(), tmp_path / "embeddings.sqlite", b"a key")
    cached.encode(TEXTS)
    read.clear()
    measured_pace(replace(model, meaning=model.meaning.with_encoder(cached)), TEXTS)
    assert set(read) == set(TEXTS)
