"""The compiled scorer: texts in, scores out, equal to the pipeline it was made of."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from classifier.scorer.tables import Tables, code_points, tables_of

TOLERANCE: Final = 1e-5
PROBED, TEXTS = 200, 10
"""So many n-grams, in so many texts, are tried before a scorer is given out."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """What `compile_scorer` makes of a pipeline. Threads may share it: it is never written to but
    for `idle`, the buffers no call is using just now."""

    tables: Tables
    longest_text: int
    idle: deque[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = field(
        default_factory=deque, repr=False
    )

    def scores(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """Logits (n, k) of texts (n,), within 1e-5 of the pipeline's `decision_function`; (n,) for
        two drivers, as there."""
        found = self.judge(texts)[0]
        return found if found.shape[1] > 1 else found.ravel()

    def judge(self, texts: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Logits (n, lines), one line for two drivers, and how many different known n-grams (n,)
        each text has."""
        from classifier.scorer.kernel import Scratch, score

        longest = self.longest_text
        codes, ends = code_points([text[:longest].lower() for text in texts])
        scores = np.empty((len(ends), len(self.tables.intercepts)))
        known = np.empty(len(ends), dtype=np.int64)
        try:
            buffers = self.idle.pop()
        except IndexError:
            buffers = self._buffers()
        score(self.tables, codes, ends, Scratch(*buffers), scores, known)
        self.idle.append(buffers)
        return scores, known

    def _buffers(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        n = len(self.tables.rows)
        return np.zeros(n, np.int32), np.empty(n, np.int32), np.empty(n, np.float32)


def compile_scorer(pipeline: Pipeline) -> Scorer:
    """A scorer of a fitted pipeline of `NgramFeatures` and a linear classifier.

    The first time on a machine this takes some seconds, later less than one. Raises TypeError for
    any other pipeline, ImportError without numba, and ArithmeticError should the scorer and the
    pipeline not agree on some texts made of what the pipeline knows.
    """
    scorer = Scorer(tables_of(pipeline), pipeline[0].longest_text)
    texts = _probes(pipeline)
    if not np.allclose(scorer.scores(texts), pipeline.decision_function(texts), atol=TOLERANCE):
        raise ArithmeticError("the compiled scorer does not say what its pipeline says")
    return scorer


def _probes(pipeline: Pipeline) -> list[str]:
    """A few texts of known n-grams, and one of none."""
    names = pipeline[0].get_feature_names_out()
    known = [name.partition(":")[2] for name in names[:: len(names) // PROBED + 1]]
    return [" ".join(known[start::TEXTS]) for start in range(TEXTS)] + [""]
