"""A scorer that is compiled in the background, once there is so much to score that it pays."""

import threading
from pathlib import Path
from typing import Final

from sklearn.pipeline import Pipeline

from classifier.scorer.scorer import Scorer, compile_scorer
from classifier.scorer.storage import stored_scorer

PAYS: Final = 500
"""Texts after which scikit-learn has taken longer than a scorer takes to load."""


class Warming:
    """The scorer of a pipeline, when it is there. Until then, and where it cannot be made, the
    pipeline itself answers. Threads may share it.

    `stored`: the file of a scorer of this pipeline, checked when it was stored; it is read and not
    made anew. `failure`: why there will be none. The thread that compiles is waited for when the
    program ends: a compiler must not be torn down while it works.
    """

    def __init__(self, pipeline: Pipeline, stored: Path | None = None) -> None:
        self.pipeline = pipeline
        self.stored = stored
        self.failure: Exception | None = None
        self._scorer: Scorer | None = None
        self._asked = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def scorer(self, texts: int = 0) -> Scorer | None:
        """The scorer, if it is there, to score so many texts; compiling starts when it pays."""
        if self._scorer is None and self._thread is None:
            with self._lock:
                self._asked += texts
                if self._asked >= PAYS:
                    self._start()
        return self._scorer

    def warm_up(self) -> None:
        """Compile now, and wait for it; does nothing the second time."""
        with self._lock:
            thread = self._start()
        thread.join()

    def _start(self) -> threading.Thread:
        if self._thread is None:
            self._thread = threading.Thread(target=self._compile, name="compile-scorer")
            self._thread.start()
        return self._thread

    def _compile(self) -> None:
        try:
            self._scorer = self._read() or compile_scorer(self.pipeline)
        except Exception as failure:
            # Whatever it is, the pipeline answers as well, and a message must not be lost over it.
            self.failure = failure

    def _read(self) -> Scorer | None:
        """The stored scorer, its machine code loaded; None where there is none of any use."""
        try:
            scorer = stored_scorer(self.stored) if self.stored else None
        except (OSError, ValueError):
            return None
        if scorer is not None:
            scorer.judge([""])
        return scorer
