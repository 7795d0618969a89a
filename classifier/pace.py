"""How fast a model with an encoder judges messages here, on one core."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from classifier.cascade import Cascade
from classifier.cascade_curve import Pace
from classifier.embeddings import CachedEncoder
from classifier.model import Model
from classifier.scorer import Warming

JUDGED, READ = 2000, 150
"""Texts that are judged by words, and read, to see how long it takes."""


def measured_pace(model: Model, texts: Sequence[str]) -> Pace | None:
    """Seconds of processor time a message of a model, of texts (n) such as it judges.

    None without an encoder, or without texts. By words it is timed compiled, where it compiles.
    """
    if model.meaning is None or not len(texts):
        return None
    nothing = Cascade(cutoff=1.0, temperature=1.0, curve=model.unknown_curve)
    by_words = replace(model, cascade=nothing, warming=Warming(model.pipeline))
    by_words.warm_up()
    encoder = model.meaning.encoder
    plain = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    meaning = model.meaning.with_encoder(plain) if plain else model.meaning
    with threadpool_limits(limits=1):
        words = _seconds(by_words.judge, _some(texts, JUDGED))
        reading = _seconds(meaning.judge, _some(texts, READ))
    return Pace(words, reading)


def _some(texts: Sequence[str], most: int) -> list[str]:
    """At most so many, from the first to the last."""
    return list(texts)[:: -(-len(texts) // most)]


def _seconds(judge: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """A text, once everything is warm."""
    judge(texts[:10])
    began = time.thread_time()
    judge(texts)
    return (time.thread_time() - began) / len(texts)
