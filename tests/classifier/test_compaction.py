import pickle

import numpy as np
import pytest

from classifier.blending import BlendedLines
from classifier.compaction import RoundedLines, enough, fit_compact, only, rounded, telling
from classifier.pipeline import build_pipeline

WORDS = ("pakket", "factuur", "retour", "wachtwoord", "korting", "bezorger")
FILLING = ("waar", "is", "mijn", "niet", "de", "kan", "ik", "graag", "nu", "heb")


@pytest.fixture(scope="module")
def learned():
    """Texts of six drivers, each told by one word among words that tell nothing."""
    random = np.random.default_rng(0)
    drivers = np.array([WORDS[number % 6] for number in range(240)])
    return [" ".join([*random.permutation(FILLING)[:4], word]) for word in drivers], drivers


@pytest.fixture(scope="module")
def compact(learned):
    return fit_compact(build_pipeline(), *learned, most=120)


def test_so_many_ngrams_are_kept_and_they_tell_the_drivers(compact, learned):
    texts, drivers = learned
    assert len(compact[0].get_feature_names_out()) == 120
    assert (compact.predict(texts) == drivers).all()


def test_what_is_kept_weighs_as_if_nothing_else_had_been_read(learned):
    texts, _ = learned
    features = build_pipeline()[0]
    rows = features.fit_transform(texts)
    kept = np.sort(np.random.default_rng(1).permutation(rows.shape[1])[:100])
    few = only(features, kept)
    np.testing.assert_array_equal(
        few.get_feature_names_out(), features.get_feature_names_out()[kept]
    )
    for part, weight in ((few.words_, 0.7), (few.characters_, 1.3), (few.pairs_, 1.0)):
        lengths = np.sqrt(part.transform(texts).power(2).sum(axis=1))
        assert np.isclose(lengths, 1).all() or (np.isclose(lengths, 1) | (lengths == 0)).all()
        assert weight in few.part_weights
    found = few.transform(texts).toarray()
    assert ((found > 0) == (rows[:, kept].toarray() > 0)).all()
    assert features.transform(texts).shape == rows.shape


def test_a_part_of_which_nothing_is_kept_is_gone(learned):
    features = build_pipeline()[0].fit(learned[0])
    words = len(features.words_.vocabulary_)
    few = only(features, np.arange(words))
    assert few.characters_ is None
    assert few.pairs_ is None
    np.testing.assert_allclose(
        few.transform(learned[0]).toarray(), features.words_.transform(learned[0]).toarray()
    )


def test_what_tells_most_is_kept_first(learned):
    texts, drivers = learned
    features, lines = build_pipeline()
    rows = features.fit_transform(texts)
    lines.fit(rows, drivers)
    each = np.array([(rows[drivers == word] > 0).sum(axis=0).A1 for word in WORDS])
    of_one_driver = each.max(axis=0) == each.sum(axis=0)
    common = each.sum(axis=0) > 20
    kept = telling(features, rows, lines.coef_, 60)
    assert (of_one_driver & common)[kept].mean() > 0.95
    assert (of_one_driver & common).mean() < 0.3


def test_weights_are_rounded_to_within_half_a_step_and_the_largest_is_kept():
    weights = np.random.default_rng(2).normal(size=(30, 50))
    weights[:, 7] = 0
    steps, scales = rounded(weights)
    assert steps.dtype == np.int8
    assert np.abs(steps).max() == 7
    assert (np.abs(steps * scales - weights) <= scales / 2 + 1e-7).all()
    largest = np.abs(weights).argmax(axis=0)
    columns = np.arange(50)
    np.testing.assert_allclose(
        (steps * scales)[largest, columns], weights[largest, columns], rtol=1e-6
    )


def test_rounded_lines_are_those_of_the_weights_they_show(compact, learned):
    features, lines = compact
    rows = features.transform(learned[0])
    np.testing.assert_allclose(
        lines.decision_function(rows), rows @ lines.coef_.T + lines.intercept_, atol=1e-12
    )
    assert len(np.unique(lines.coef_[:, 0])) <= 15


def test_rounding_hardly_moves_the_scores(learned):
    texts, drivers = learned
    features = build_pipeline()[0]
    rows = features.fit_transform(texts)
    exact, coarse = (each().fit(rows, drivers) for each in (BlendedLines, RoundedLines))
    found = np.corrcoef(
        exact.decision_function(rows).ravel(), coarse.decision_function(rows).ravel()
    )
    assert found[0, 1] > 0.995


def test_a_pickled_pipeline_scores_the_same_and_holds_a_byte_a_weight(compact, learned):
    before = compact.decision_function(learned[0])
    written = pickle.dumps(compact)
    again = pickle.loads(written)
    assert "_product" not in again[-1].__dict__
    np.testing.assert_array_equal(again.decision_function(learned[0]), before)
    assert len(pickle.dumps(compact[-1])) < again[-1].coef_.size + 3000


@pytest.mark.parametrize("drivers", [2, 3])
def test_few_drivers_are_rounded_as_many_are(learned, drivers):
    some = np.array([f"d{number % drivers}" for number in range(240)])
    pipeline = fit_compact(build_pipeline(), learned[0], some, most=80)
    assert pipeline[-1].steps_.shape == (drivers if drivers > 2 else 1, 80)
    assert pipeline.decision_function(learned[0]).shape == ((240,) if drivers == 2 else (240, 3))


def test_a_small_model_keeps_all_its_ngrams(learned):
    compact = fit_compact(build_pipeline(), *learned)
    whole = build_pipeline().fit(*learned)
    np.testing.assert_array_equal(
        compact[0].get_feature_names_out(), whole[0].get_feature_names_out()
    )


@pytest.mark.parametrize(
    ("ngrams", "drivers", "kept"),
    [(54_000, 77, 25_000), (54_000, 10, 125_000), (200_000, 77, 90_000), (60_000, 150, 27_000)],
)
def test_a_megabyte_of_weights_is_enough_unless_that_is_few_of_the_ngrams(ngrams, drivers, kept):
    assert enough(ngrams, drivers) == kept
