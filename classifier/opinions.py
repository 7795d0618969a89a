"""What a pipeline, and whoever reads beside it, say of texts they were not trained on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.combination import combined
from classifier.counts import Counts
from classifier.folds import Scorer, fit_second, judged
from classifier.messages import LabeledMessage
from classifier.pipeline import PipelineConfig
from classifier.seeding import Seed


class Opinions(NamedTuple):
    """What is said of texts (n,) over the k `drivers` learned.

    `logits` (n, k): by a pipeline; `second` (n, k) and the cosine of the `nearest` message (n,): by
    a second scorer, None without one.
    """

    drivers: NDArray[np.str_]
    logits: NDArray[np.float64]
    second: NDArray[np.float64] | None
    nearest: NDArray[np.float64] | None

    def blended(self, weight: float) -> NDArray[np.float64]:
        """The logits (n, k) of both, the second's by its weight."""
        return self.logits if self.second is None else combined(self.logits, self.second, weight)


def opinions_by(
    config: PipelineConfig,
    messages: Sequence[LabeledMessage],
    seeds: Sequence[Seed],
    texts: Sequence[str],
    *,
    second: Scorer | None = None,
    counts: Counts | None = None,
) -> Opinions:
    """What a pipeline and a second scorer, trained on messages and seeds, say of texts (n,). To be
    called by a task (see `together`)."""
    ((logits, drivers),) = judged(config, messages, seeds, texts, counts=counts)
    if second is None:
        return Opinions(drivers, logits, None, None)
    return Opinions(drivers, logits, *fit_second(second, messages, seeds).judge(texts))
