"""Messages to train on before a moment, and messages to test on after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """`train` and `test` (n,): before and from `since` on.

    In neither: the `undated`, and the earlier messages that are `related` to later ones (same
    text, same customer), which would give the answers away.
    """

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    since: datetime
    undated: int
    related: int


def split_by_time(
    received_at: Sequence[datetime | None],
    *groups: Sequence[str],
    share: float = 0.2,
) -> TimeSplit:
    """Test on the latest `share` of the dated messages (n), train on those before.

    `groups` (n each; "" for none) say in one way or more what belongs together: same customer,
    same text. Messages of the very same moment stay on one side. Raises ValueError when fewer
    than two different moments are known.
    """
    if any(len(column) != len(received_at) for column in groups):
        raise ValueError(f"{len(received_at)} moments for {[len(each) for each in groups]} groups")
    dated = sorted(at for at in received_at if at is not None)
    if not dated or dated[0] == dated[-1]:
        raise ValueError("a split by time takes messages of at least two different moments")
    since = dated[round(len(dated) * (1 - share))] if share < 1 else dated[0]
    since = since if since > dated[0] else next(at for at in dated if at > dated[0])
    test = np.array([at is not None and at >= since for at in received_at], dtype=bool)
    before = np.array([at is not None and at < since for at in received_at], dtype=bool)
    related = before & np.any([_shares_group(test, each) for each in groups], axis=0)
    undated = sum(at is None for at in received_at)
    return TimeSplit(before & ~related, test, since, undated, int(related.sum()))


def _shares_group(test: NDArray[np.bool_], groups: Sequence[str]) -> NDArray[np.bool_]:
    tested = {group for group, inside in zip(groups, test, strict=True) if inside and group}
    return np.array([group in tested for group in groups], dtype=bool)
