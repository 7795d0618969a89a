"""Drivers left out of training, to learn what a message about none of them looks like."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.counts import Counts
from classifier.folds import (
    Progress,
    Scorer,
    assign_folds,
    at,
    hashed,
    trainable,
    vocabulary_of,
)
from classifier.messages import LabeledMessage
from classifier.novelty import evidence
from classifier.opinions import opinions_by
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed
from classifier.together import together

SHARE = 0.2
MOST = 0.4
FEWEST_DRIVERS = 4
"""With fewer drivers, leaving some out says nothing about what an unknown one looks like."""

FOLDS = 5
"""One message in so many about the other drivers is not trained on either, to compare with."""

Compared = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Evidence (n, e) of messages about known drivers, and (m, e) of made-up unknown ones."""


def left_out_evidence(
    messages: Sequence[LabeledMessage],
    *,
    config: PipelineConfig,
    progress: Progress,
    seeds: Sequence[Seed] = (),
    second: Scorer | None = None,
    weight: float = 0.0,
    counts: Counts | None = None,
) -> tuple[Compared, Compared] | None:
    """What speaks for known and for unknown messages alike: by all readers, and by the n-grams
    alone (the same without a second scorer).

    The unknown are about a fifth of the messages, by whole drivers that were left out of training
    with their seeds. The known are a fifth of the others, left out, too, so that one model judges
    both alike. `weight` is that of the second scorer. None with too few drivers to leave any out.
    """
    known = [message for message in messages if message.label.primary]
    drivers = np.array([message.label.primary for message in known], dtype=str)
    strange = left_out_drivers(drivers)
    outside = np.isin(drivers, strange)
    compared = ~outside & (assign_folds(known, FOLDS) == 0)
    rest = at(known, ~outside & ~compared)
    familiar = [seed for seed in seeds if seed.driver not in strange]
    if not outside.any() or not compared.any() or not trainable(rest, familiar):
        return None
    progress("Learning what an unknown driver looks like")
    texts = [message.text for message in at(known, compared) + at(known, outside)]
    (said,) = together(
        lambda some: opinions_by(config, some, familiar, texts, second=second, counts=counts),
        [rest],
    )
    unseen = vocabulary_of(rest, familiar).unseen_share(texts)
    by_all = evidence(said.blended(weight), unseen, said.nearest)
    by_words = evidence(said.logits, unseen)
    many = int(compared.sum())
    return (by_all[:many], by_all[many:]), (by_words[:many], by_words[many:])


def left_out_drivers(drivers: NDArray[np.str_]) -> list[str]:
    """Of each message's driver (n,), those to leave out: in a fixed random order until they make
    up the share, none of them too large; none of fewer than four."""
    names, counts = np.unique(drivers, return_counts=True)
    if len(names) < FEWEST_DRIVERS:
        return []
    chosen: list[str] = []
    taken = 0
    for name, count in sorted(zip(names, counts, strict=True), key=lambda each: hashed(each[0])):
        fits = taken + count <= MOST * len(drivers) and len(names) - len(chosen) > 2
        if taken < SHARE * len(drivers) and fits:
            chosen.append(str(name))
            taken += count
    return chosen
