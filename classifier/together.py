"""Tasks that take long, as many at a time as there are cores to use."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from threadpoolctl import threadpool_limits

A = TypeVar("A")
B = TypeVar("B")


def together(task: Callable[[A], B], given: Iterable[A], workers: int = 1) -> list[B]:
    """What a task makes of each thing given, in that order; so many threads at a time (≥ 1).

    Threads, because what takes long (support vectors, products of matrices) leaves the interpreter
    to others meanwhile, and all share one copy of the n-grams. The linear algebra inside gets one
    core each: its vectors are too small to share, and threads that wait for each other take ten
    times as long on a busy machine.
    """
    with threadpool_limits(limits=1):
        if workers == 1:
            return [task(each) for each in given]
        # OpenMP counts its threads for each of ours.
        alone = partial(threadpool_limits, limits=1)
        with ThreadPoolExecutor(workers, initializer=alone) as pool:
            return list(pool.map(task, given))
