import numpy as np
from sklearn.base import clone

from classifier.pipeline import PipelineConfig, build_pipeline

TEXTS = ["waar is mijn pakket", "pakket te laat", "factuur klopt niet", "btw op de factuur"]
DRIVERS = ["late", "late", "invoice", "invoice"]


def test_it_is_a_stock_pipeline_that_prints_what_it_is_made_of():
    pipeline = build_pipeline()
    assert list(pipeline.named_steps) == ["features", "classifier"]
    assert "NgramFeatures" in str(pipeline)
    assert "BlendedLines(" in str(pipeline)


def test_the_config_reaches_the_steps():
    config = PipelineConfig(strength=3.0, margin_share=0.2, character_range=(3, 4), most_words=9)
    pipeline = build_pipeline(config)
    assert pipeline["classifier"].C == 3.0
    assert pipeline["classifier"].margin_share == 0.2
    assert pipeline["features"].character_range == (3, 4)
    assert pipeline["features"].most_words == 9


def test_it_learns():
    pipeline = build_pipeline().fit(TEXTS, DRIVERS)
    assert list(pipeline.predict(["het pakket", "een factuur"])) == ["late", "invoice"]


def test_the_same_messages_give_the_same_weights():
    first = build_pipeline().fit(TEXTS, DRIVERS)
    second = clone(first).fit(TEXTS, DRIVERS)
    np.testing.assert_array_equal(first["classifier"].coef_, second["classifier"].coef_)
