import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from classifier.blending import BlendedLines
from classifier.candidates import READINGS
from classifier.compaction import RoundedLines, fit_compact
from classifier.features import NgramFeatures
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.scorer import compile_scorer, store_scorer, stored_scorer

WORDS = [
    *("pakket", "pakketten", "geleverd", "levering", "leveren", "niet", "mijn", "card", "cards"),
    *("cancelled", "gekregen", "bijna", "vrijheid", "rekeningen", "a", "b", "ab", "_", "_id"),
    *("id_7", "7", "77", "1e5", "½", "²", "٣٣", "İstanbul", "ISTANBUL", "ß", "STRASSE", "ΣΑΣ"),
    *("ΣΑΣ.", "café", "cafe\u0301", "\u0301", "你好", "你", "👍🏽", "👨\u200d👩\u200d👧", "\ud800"),
    *("x\udfff", "ǅ", "ﬁjn", "don't", "e-mail", "a@b.nl", "ik...", "€5,00", "aaaa", "aabbcc"),
    *("jes", "tjes", "ies", "ijij", "lijjn", "gegeven", "geel", "ingen", "dings", "\u200b", "\x00"),
]
SPACES = (" ", "  ", "\n", "\t ", "\u00a0", "\u2003", "\x1c", "\x85", "\u3000", ", ")


def sentences(n: int, seed: int) -> list[str]:
    """Random texts (n,) of odd words and odd spaces between them."""
    random = Random(seed)
    return [
        "".join(
            random.choice(WORDS) + random.choice(SPACES) for _ in range(random.randrange(1, 15))
        )
        for _ in range(n)
    ]


def read(config: PipelineConfig, drivers: int, lines=BlendedLines):
    """A pipeline that learned its n-grams from odd texts, with random lines between drivers."""
    pipeline = Pipeline([("features", build_pipeline(config)[0]), ("classifier", lines())])
    texts = sentences(300, seed=drivers)
    width = pipeline[0].fit_transform(texts).shape[1]
    random = np.random.default_rng(drivers)
    rows = drivers if drivers > 2 else 1
    pipeline[-1].classes_ = np.array([f"d{number}" for number in range(drivers)])
    pipeline[-1].coef_ = random.normal(scale=3, size=(rows, width))
    pipeline[-1].intercept_ = random.normal(size=rows)
    return pipeline


def compacted():
    """A pipeline that kept a few of its n-grams."""
    drivers = np.array(["a", "b", "c"] * 30)
    return fit_compact(build_pipeline(), sentences(90, seed=2), drivers, most=150)


def trained(config: PipelineConfig):
    """A pipeline trained on odd texts of three drivers."""
    texts = sentences(90, seed=1)
    return build_pipeline(config).fit(texts, ["a", "b", "c"] * 30)


PIPELINES = {
    f"{reading}; {drivers} drivers": read(config, drivers)
    for reading, config in READINGS.items()
    for drivers in (2, 3, 77)
} | {
    "long runs": read(PipelineConfig(word_range=(1, 3), character_range=(4, 6)), 5),
    "runs of two": read(PipelineConfig(word_range=(2, 2), pair_reach=2), 5),
    "few n-grams": read(
        PipelineConfig(most_words=20, most_characters=30, most_pairs=25, minimum_texts=1), 5
    ),
    "no characters": read(PipelineConfig(character_range=None), 5),
    "trained": trained(PipelineConfig()),
    "compacted": compacted(),
    **{
        f"rounded; {drivers} drivers": read(PipelineConfig(), drivers, RoundedLines)
        for drivers in (2, 4, 9, 77)
    },
}


def stored(scorer):
    """The same scorer, written to a file and mapped into memory."""
    with tempfile.TemporaryDirectory() as folder:
        store_scorer(scorer, Path(folder) / "scorer.npy")
        found = stored_scorer(Path(folder) / "scorer.npy")
    assert found is not None
    return found


SCORERS = {name: compile_scorer(pipeline) for name, pipeline in PIPELINES.items()}
for name in ("trained", "compacted", "rounded; 77 drivers"):
    PIPELINES[f"{name}; stored"] = PIPELINES[name]
    SCORERS[f"{name}; stored"] = stored(SCORERS[name])
EVERY = pytest.mark.parametrize("name", list(PIPELINES))

odd = st.lists(st.sampled_from([*WORDS, *SPACES]), max_size=40).map("".join)
spaced = st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join)
anything = st.text(st.characters(), max_size=60)  # lone surrogates included


def assert_equal(name: str, texts: list[str]) -> None:
    expected = PIPELINES[name].decision_function(texts)
    found = SCORERS[name].scores(texts)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


@EVERY
@settings(max_examples=60, deadline=None)
@given(st.lists(odd | spaced | anything, min_size=1, max_size=6))
@example(["", " ", "\n\t", "İ", "ΑΣ", "Σ", "_", "\ud800", "\x00", "a", "ij", "s"])
def test_any_text_scores_as_the_pipeline_scores_it(name, texts):
    assert_equal(name, texts)


@EVERY
def test_texts_like_those_it_learned_from_score_as_the_pipeline_scores_them(name):
    assert_equal(name, sentences(200, seed=77))


@EVERY
def test_every_character_there_is_reads_as_python_reads_it(name):
    """Between two known words, so that it splits them or does not."""
    every = [f"niet{chr(code)}mijn {chr(code)}" for code in range(0, 0x3000)]
    assert_equal(name, every)


@pytest.mark.parametrize(
    "text",
    [
        "pakket " * 50_000,
        "geleverd" * 50_000,
        "İ" * 30_000,
        " " * 100_000,
        "\U0001f44d" * 20_000,
        "".join(sentences(4000, seed=5)),
    ],
    ids=["words", "a word", "grows", "spaces", "emoji", "sentences"],
)
def test_a_huge_text_scores_as_the_pipeline_scores_it(text):
    assert_equal("words, characters and stem pairs; 77 drivers", [text, "", text[:50]])


def test_no_texts_have_no_scores():
    assert SCORERS["words; 3 drivers"].scores([]).shape == (0, 3)
    assert SCORERS["words; 2 drivers"].scores([]).shape == (0,)


@EVERY
def test_known_ngrams_are_counted_as_the_pipeline_finds_them(name):
    texts = [*sentences(100, seed=3), "", "qqq", "?"]
    expected = PIPELINES[name][0].transform(texts).getnnz(axis=1)
    np.testing.assert_array_equal(SCORERS[name].judge(texts)[1], expected)


@pytest.mark.parametrize("name", ["compacted", "rounded; 77 drivers"])
def test_rounded_weights_take_half_a_byte_each(name):
    rows = SCORERS[name].tables.rows
    drivers = len(PIPELINES[name].classes_)
    assert rows.itemsize == 1
    assert drivers / 2 <= rows.shape[1] <= drivers / 2 + 8


def test_a_stored_scorer_is_a_view_of_its_file_and_is_not_written_to():
    rows = SCORERS["trained; stored"].tables.rows
    assert isinstance(rows.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 1


def test_a_scorer_stored_by_a_python_of_other_characters_is_not_used(tmp_path, monkeypatch):
    store_scorer(SCORERS["trained"], tmp_path / "scorer.npy")
    monkeypatch.setattr("unicodedata.unidata_version", "3.2.0")
    assert stored_scorer(tmp_path / "scorer.npy") is None


def test_another_file_is_no_scorer(tmp_path):
    np.save(tmp_path / "scorer.npy", np.arange(3))
    assert stored_scorer(tmp_path / "scorer.npy") is None
    with pytest.raises(OSError, match="none"):
        stored_scorer(tmp_path / "none.npy")


def test_threads_that_share_a_scorer_get_what_each_would_alone():
    name = "words, characters and stem pairs; 77 drivers"
    batches = [sentences(40, seed=seed) for seed in range(24)]
    alone = [SCORERS[name].scores(batch) for batch in batches]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            together = list(threads.map(SCORERS[name].scores, batches))
            np.testing.assert_array_equal(together, alone)
    assert len(SCORERS[name].idle) <= 9


def test_a_text_scores_the_same_alone_and_among_others():
    scorer = SCORERS["words, characters and stem pairs; 3 drivers"]
    texts = sentences(30, seed=9)
    alone = [scorer.scores([text])[0] for text in texts]
    np.testing.assert_array_equal(scorer.scores(texts), alone)


def test_features_saved_before_parts_had_weights_score_as_they_did():
    pipeline = read(PipelineConfig(), 4)
    del pipeline[0].part_weights
    texts = sentences(20, seed=4)
    np.testing.assert_allclose(
        compile_scorer(pipeline).scores(texts), pipeline.decision_function(texts), atol=1e-5
    )


def test_only_the_beginning_of_an_endless_text_is_read():
    features = NgramFeatures(longest_text=12)
    pipeline = make_pipeline(features, LogisticRegression())
    pipeline.fit(["pakket niet hier", "card cancelled now"] * 5, ["a", "b"] * 5)
    texts = ["pakket card cancelled", "İİİİİİİİİİİİ card", "card now pakket niet"]
    np.testing.assert_allclose(
        compile_scorer(pipeline).scores(texts), pipeline.decision_function(texts), atol=1e-5
    )


def test_another_pipeline_is_refused():
    texts, drivers = ["pakket niet", "card now"], ["a", "b"]
    stock = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, drivers)
    with pytest.raises(TypeError, match="can be compiled"):
        compile_scorer(stock)


def test_numba_is_not_imported_before_it_is_needed():
    code = "import sys, classifier.model, classifier.scorer; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_config_with_more_of_everything_is_another_pipeline():
    """The pipelines above differ in what they read, or the tests above would say little."""
    widths = {
        name: (scorer.tables.rows.shape, scorer.tables.rows.dtype)
        for name, scorer in SCORERS.items()
        if "stored" not in name
    }
    assert len(set(widths.values())) == len(widths)
    assert replace(PipelineConfig(), pair_reach=0) == READINGS["words and characters"]
