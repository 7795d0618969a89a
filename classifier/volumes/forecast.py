"""How wide the intervals of a week to come will be, if its questions are drawn in a given way.

A week's terms are sums over its messages. Before anybody is asked, the inclusion probabilities are
known, and the probabilities are as good as those of a week before: so the terms can be expected,
and from expected terms follow expected intervals, by the same estimator as for any week.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.volumes.estimates import estimate_volumes
from classifier.volumes.moderation import dispersion, ratio
from classifier.volumes.terms import Floats, Groups, VolumeTerms, volume_terms

TOO_UNCERTAIN: Final = 0.25
"""A half-width above this share of its volume leaves a driver too uncertain."""
ROUNDING: Final = 1e-9
STEADYING: Final = 5.0
"""Messages of ordinary odds that a driver's own answers are steadied by."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Forecast:
    """What is expected of a week: (columns,) each, in messages.

    `half_width` is half of the expected interval, which need not lie evenly around `volume`.
    """

    volume: Floats
    half_width: Floats

    @property
    def share(self) -> Floats:
        """(columns,) the half-width as a share of the volume; infinity where there is none."""
        some = np.where(self.half_width > 0, np.inf, 0.0)
        np.divide(self.half_width, self.volume, out=some, where=self.volume > 0)
        return some

    def too_uncertain(self, share: float = TOO_UNCERTAIN) -> NDArray[np.bool_]:
        """(columns,) True where the half-width is above this share of the volume."""
        return np.asarray(self.share > share)


def forecast_volumes(
    probabilities: ArrayLike,
    inclusion: ArrayLike,
    history: Sequence[VolumeTerms] = (),
    *,
    groups: Groups | None = None,
    trained: ArrayLike | None = None,
    messages: float | None = None,
    level: float = 0.95,
) -> Forecast:
    """The intervals to expect of a week with messages like these, asked like this, all answered.

    `probabilities` (n, k) of messages of a week before, `unknown` among the columns; `inclusion`
    (n,) in (0, 1]: the chance that each would be asked under the plan of the week to come.
    `history`: the terms of up to four weeks, oldest first, with the same groups: what was seen of
    how far off the model is, and the volumes of the last of them, are taken to stay as they are.
    `trained` as for `estimate_volumes`; `messages` a week are expected, as many as given if it is
    not said. Raises ValueError for shapes that do not fit and values out of range.
    """
    p, pi = np.asarray(probabilities, np.float64), np.asarray(inclusion, np.float64)
    nobody = np.zeros(len(pi), dtype=np.bool_)
    unasked = volume_terms(p, np.full(len(pi), -1), pi, nobody, groups=groups)
    sums = _sums(unasked, p, pi, groups)
    whole = len(pi) if messages is None else messages
    terms = _terms(sums, pi, whole, history, trained, unasked.leaves)
    found = estimate_volumes(terms, history, trained=trained, level=level)
    half_width = (found.high - found.low) / 2
    return Forecast(volume=found.total, half_width=np.where(half_width > ROUNDING, half_width, 0.0))


def _sums(unasked: VolumeTerms, p: Floats, pi: Floats, groups: Groups | None) -> dict[str, Floats]:
    """Expected sums of terms, were the model right about how often it is wrong."""
    members = groups.values() if isinstance(groups, Mapping) else groups or ()
    parents = [p[:, np.asarray(each, np.intp)].sum(axis=1) for each in members]
    p = np.minimum(np.column_stack([p, *parents]), 1.0)
    odds, rarely = (1 - pi) / pi, np.minimum(p, 1 - p)
    surprise = rarely * (1 - rarely) ** 2  # a residual of 1 − rarely, this often
    return {
        "expected": unasked.expected,
        "modeled": unasked.modeled,
        "modeled_fourth": unasked.modeled_fourth,
        "surprise": odds @ surprise,
        "surprise_square": (odds**2 / pi) @ (surprise * (1 - rarely) ** 2),
        "reviewed": pi @ p,
        "spread_open": (1 - pi) @ (p * (1 - p)),
    }


def _terms(
    sums: dict[str, Floats],
    pi: Floats,
    messages: float,
    history: Sequence[VolumeTerms],
    trained: ArrayLike | None,
    leaves: int,
) -> VolumeTerms:
    """Expected terms of a week in which the model is as far off as it was before."""
    scale = messages / max(1, len(pi))
    sums = {name: scale * each for name, each in sums.items()}
    odds = scale * float(((1 - pi) / pi).sum())
    volume = _volumes(history, trained, messages, otherwise=sums["expected"])
    reviewed = ratio(sums["reviewed"], sums["expected"])
    columns: dict[str, Any] = sums | {
        "expected_open": sums["expected"] - sums["reviewed"],
        "correction": volume - sums["expected"],
        "design": sums["modeled"] * (dispersion(history).each if history else 1.0),
        "reviewed": np.minimum(reviewed, 1.0) * volume,
        "weighted": volume,
        "weighted_spread": volume * ratio(odds, messages) * _odds_of_drivers(history),
    }
    return replace(
        VolumeTerms.zeros(leaves, len(volume) - leaves),
        messages=round(messages),
        answers=round(scale * float(pi.sum())),
        weight=float(messages),
        weight_spread=odds,
        **columns,
    )


def _volumes(
    history: Sequence[VolumeTerms], trained: ArrayLike | None, messages: float, *, otherwise: Floats
) -> Floats:
    """(columns,) the figures shown of the last week, for so many messages."""
    if not (history and history[-1].messages):
        return otherwise
    found = estimate_volumes(history[-1], history[:-1], trained=trained)
    return np.asarray(np.maximum(found.point, 0.0) * messages / history[-1].messages)


def _odds_of_drivers(history: Sequence[VolumeTerms]) -> Floats | float:
    """(columns,) odds against being asked of a driver's messages, as a share of all messages'.

    Messages of a driver that the model does not know look doubtful, and are asked more often.
    """
    if not history:
        return 1.0
    spread, weight = (sum(getattr(w, n) for w in history) for n in ("weight_spread", "weight"))
    usual = ratio(spread, weight)
    own = sum(ratio(week.weighted_spread, usual) for week in history)
    mine = sum(week.weighted for week in history)
    return np.asarray((own + STEADYING) / (mine + STEADYING))
