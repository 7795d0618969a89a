"""A scorer that is compiled in the background, once there is so much to score that it pays."""

from pathlib import Path
from typing import Final

from sklearn.pipeline import Pipeline

from classifier.background import Background
from classifier.scorer.scorer import Scorer, compile_scorer
from classifier.scorer.storage import stored_scorer

PAYS: Final = 500
"""Texts after which scikit-learn has taken longer than a scorer takes to load."""


class Warming(Background[Scorer]):
    """The scorer of a pipeline, when it is there. Until then, and where it cannot be made, the
    pipeline itself answers.

    `stored`: the file of a scorer of this pipeline, checked when it was stored; it is read and not
    made anew.
    """

    def __init__(self, pipeline: Pipeline, stored: Path | None = None) -> None:
        super().__init__(self._read_or_compiled, "compile-scorer", PAYS)
        self.pipeline = pipeline
        self.stored = stored

    def scorer(self, texts: int = 0) -> Scorer | None:
        """The scorer, if it is there, to score so many texts; compiling starts when it pays."""
        return self.made(texts)

    def _read_or_compiled(self) -> Scorer:
        return self._read() or compile_scorer(self.pipeline)

    def _read(self) -> Scorer | None:
        """The stored scorer, its machine code loaded; None where there is none of any use."""
        try:
            scorer = stored_scorer(self.stored) if self.stored else None
        except (OSError, ValueError):
            return None
        if scorer is not None:
            scorer.judge([""])
        return scorer
