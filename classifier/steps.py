"""Progress in numbered steps, so that who waits knows how far it is."""

from collections.abc import Callable
from threading import Lock
from typing import Final

COMPARED: Final = 1
"""Steps of comparing ways to read."""

CALIBRATED: Final = 3
"""Steps after the folds: unknown drivers, and two of the learning curve."""

MADE: Final = 2
"""Steps at the end: the model of all the messages, and what it is worth."""


class Steps:
    """Says each line as the next of `count` steps (≥ 1): "3 of 8: …". Safe to share by threads.

    A step there is nothing to do for is passed over by `reach`.
    """

    def __init__(self, progress: Callable[[str], None], count: int) -> None:
        self._progress, self._count = progress, count
        self._done = 0
        self._lock = Lock()

    def __call__(self, line: str) -> None:
        with self._lock:
            self._done = min(self._done + 1, self._count)
            self._progress(f"{self._done} of {self._count}: {line}")

    def reach(self, left: int) -> None:
        """So many steps are left to say, whatever was passed over before."""
        with self._lock:
            self._done = max(self._done, self._count - left)
