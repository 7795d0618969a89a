"""Messages that belong together: resampled, and judged, as one."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 200


def group_numbers(groups: Sequence[str] | None, n: int) -> NDArray[np.intp]:
    """A number (n,) per message, shared by those of one group; without a group, each its own."""
    if groups is None:
        return np.arange(n)
    own = [group or f"\0{row}" for row, group in enumerate(groups)]
    return np.asarray(np.unique(np.array(own, dtype=object), return_inverse=True)[1], dtype=np.intp)


def resamples(
    groups: NDArray[np.intp], random: np.random.Generator, *, times: int = RESAMPLES
) -> Iterator[NDArray[np.intp]]:
    """How often each message (n,) is in a bootstrap sample of whole groups, `times` times over."""
    numbers = np.unique(groups, return_inverse=True)[1]
    size = int(numbers.max()) + 1 if len(numbers) else 0
    for _ in range(times):
        drawn = np.bincount(random.integers(size, size=size), minlength=size)
        yield drawn[numbers]
