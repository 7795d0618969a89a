"""What takes seconds to make is made by a thread, while something slower does its work."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Background(Generic[Made]):
    """What `make` gives, once it is there; threads may share it.

    It is begun when it has been asked for `pays` times in all, or by `warm_up`. `failure`: why
    there will be none. The thread (called `name`) is waited for when the program ends: a compiler
    must not be torn down while it works.
    """

    def __init__(self, make: Callable[[], Made], name: str, pays: int = 0) -> None:
        self.failure: Exception | None = None
        self._make, self._name, self._pays = make, name, pays
        self._made: Made | None = None
        self._asked = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def made(self, times: int = 0) -> Made | None:
        """It, if it is there, asked for so many times; making it starts when that pays."""
        if self._made is None and self._thread is None:
            with self._lock:
                self._asked += times
                if self._asked >= self._pays:
                    self._start()
        return self._made

    def warm_up(self) -> None:
        """Make it now, and wait for it; does nothing the second time."""
        with self._lock:
            thread = self._start()
        thread.join()

    def _start(self) -> threading.Thread:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name)
            self._thread.start()
        return self._thread

    def _run(self) -> None:
        try:
            self._made = self._make()
        except Exception as failure:
            # Whatever it is, the slower one answers as well: no message is lost over it.
            self.failure = failure
