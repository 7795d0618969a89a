import threading

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from classifier.pipeline import build_pipeline
from classifier.scorer import Warming
from classifier.scorer.warming import PAYS

TEXTS = ["waar is mijn pakket", "pakket te laat", "factuur klopt niet", "factuur dubbel"]
DRIVERS = ["late", "late", "invoice", "invoice"]


@pytest.fixture(scope="module")
def pipeline():
    return build_pipeline().fit(TEXTS, DRIVERS)


def test_few_texts_start_nothing(pipeline):
    before = threading.active_count()
    warming = Warming(pipeline)
    assert warming.scorer(PAYS - 1) is None
    assert threading.active_count() == before


def test_many_texts_few_at_a_time_start_it_in_the_background(pipeline):
    warming = Warming(pipeline)
    for _ in range(PAYS):
        warming.scorer(1)
    warming.warm_up()
    scorer = warming.scorer(1)
    assert scorer is not None
    np.testing.assert_allclose(
        scorer.scores(TEXTS), pipeline.decision_function(TEXTS), rtol=0, atol=1e-5
    )


def test_threads_that_warm_it_up_together_get_one_scorer(pipeline):
    warming = Warming(pipeline)
    threads = [threading.Thread(target=warming.warm_up) for _ in range(6)]
    for thread in threads:
        thread.start()
    compiling = [each for each in threading.enumerate() if each.name == "compile-scorer"]
    for thread in threads:
        thread.join()
    assert len(compiling) <= 1
    assert warming.scorer() is warming.scorer() is not None


def test_what_cannot_be_compiled_leaves_the_pipeline_to_answer():
    stock = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, DRIVERS)
    warming = Warming(stock)
    warming.warm_up()
    assert warming.scorer(PAYS) is None
    assert isinstance(warming.failure, TypeError)
