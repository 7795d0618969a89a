"""Candidates tried on the same folds, sharing whatever two of them would compute alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from classifier.blocks import Blocks
from classifier.comparison import Comparison, compare
from classifier.counts import Counts
from classifier.folds import assign_folds, at, counts_of, group_of, trainable, training_rows
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig, build_pipeline
from classifier.seeding import Seed, unlike
from classifier.together import together


@dataclass(frozen=True, slots=True)
class _Fold:
    """What there is to learn from, blocks of features, and the drivers (m,) to be found."""

    blocks: Blocks
    drivers: NDArray[np.str_]
    weights: NDArray[np.float64]
    truth: NDArray[np.str_]


class Trials:
    """Pipelines judged by support vectors alone, which train in a fraction of the time.

    In so many folds of messages (n) about a driver each, `workers` of them at a time; `seeds`
    train, too. Features and judgments are remembered from one comparison to the next.
    """

    def __init__(
        self,
        messages: Sequence[LabeledMessage],
        seeds: Sequence[Seed] = (),
        *,
        folds: int,
        counts: Counts | None = None,
        workers: int = 1,
    ) -> None:
        counts = counts or counts_of(messages, seeds)
        self._folds: list[_Fold] = []
        self._groups: list[str] = []
        self._count = folds
        self._workers = workers
        self._right: dict[PipelineConfig, NDArray[np.bool_]] = {}
        fold_of = assign_folds(messages, folds)
        for fold in range(folds):
            inside, rest = at(messages, fold_of == fold), at(messages, fold_of != fold)
            beside = unlike(seeds, [message.text for message in inside])
            if inside and trainable(rest, beside):
                self._folds.append(_fold(rest, inside, beside, counts))
                self._groups += [group_of(message) for message in inside]

    def compare(self, candidates: Mapping[str, PipelineConfig]) -> Comparison | None:
        """Which candidate to take, the simplest first; None when no fold could be judged."""
        if not self._folds:
            return None
        right = {name: self._judged(config) for name, config in candidates.items()}
        return compare(right, self._groups, self._count)

    def _judged(self, config: PipelineConfig) -> NDArray[np.bool_]:
        alone = replace(config, margin_share=1.0)
        if alone not in self._right:
            each = together(lambda fold: _right(alone, fold), self._folds, self._workers)
            self._right[alone] = np.concatenate(each)
        return self._right[alone]


def _fold(
    rest: Sequence[LabeledMessage],
    inside: Sequence[LabeledMessage],
    beside: Sequence[Seed],
    counts: Counts,
) -> _Fold:
    texts, drivers, weights = training_rows(rest, beside)
    truth = np.array([str(message.label.primary) for message in inside])
    blocks = Blocks(texts, [message.text for message in inside], counts)
    return _Fold(blocks, drivers, weights, truth)


def _right(config: PipelineConfig, fold: _Fold) -> NDArray[np.bool_]:
    """Which messages (m,) of a fold are told by a pipeline that never saw them."""
    features, classifier = build_pipeline(config)
    learned, judged = fold.blocks.rows(features)
    classifier.fit(learned, fold.drivers, fold.weights)
    return np.asarray(classifier.predict(judged) == fold.truth)
