"""The promise watched: whether what is routed is still right often enough, asked at any time.

Somebody bets against the promise, a little on every answer. While it is kept their capital does
not grow on average, so the chance that it is *ever* twentyfold is at most a twentieth (Ville
1939): looking after each answer costs nothing. Bets as in Waudby-Smith and Ramdas, "Estimating
means of bounded random variables by betting" (2024), a mixture of constant ones; each is begun
anew all the time with a part of the capital (Herbster and Warmuth 1998), for a model that goes bad
after many good answers would else be caught late.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BETS: Final = ((1.2, 0.1), (1.5, 0.1), (2.0, 0.4), (3.0, 0.2), (5.0, 0.2))
"""Each bet is best against a mean loss so many times the allowed one, and has this share of the
capital."""

LARGEST_BET: Final = 0.5
"""No more of a bet's capital is put at stake on one answer."""

FROM_THE_START: Final = 0.5
SOON: Final = 50.0
"""This share of the capital is bet from the first answer; of the rest, half within so many
answers, and half of what is left until three times as many."""

HALVINGS: Final = 30
"""The lower limit is found to about a part in 10⁹."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What answers say of a promise so far.

    `broken`: the mean loss was above what is allowed, or a kept promise had bad luck beyond its
    level. `lower`: the mean loss is, or at some time was, at least this, with the confidence of
    the level, however often one looks. `estimate`: the weighted mean loss, None without `answers`.
    `evidence`: the largest capital that betting against the promise has made of 1.
    """

    broken: bool
    lower: float
    estimate: float | None
    answers: int
    evidence: float


def watch(
    losses: NDArray[Any],
    inclusion: NDArray[np.float64],
    *,
    allowed: float = 0.05,
    level: float = 0.95,
    least_inclusion: float | NDArray[np.float64],
) -> Watch:
    """Whether the mean loss of what is routed is still at most `allowed`, by its drawn answers.

    `losses` (n,) in [0, 1], wrong = 1, in their order in time: answers are only ever added at the
    end. `inclusion` (n,): with which probability each was drawn, at least `least_inclusion`, one
    for all or one each (n,), that was fixed before the message came. The answers that were not
    given need not be known: those given are weighted by `least_inclusion` / `inclusion`. If at all
    times the mean loss of messages still to come is at most `allowed`, whatever came before, the
    chance that this is *ever* broken is at most 1 - `level`. Raises ValueError for sizes that
    differ, or values out of range.
    """
    if not (0 < allowed < 1 and 0 < level < 1):
        raise ValueError("the allowed mean loss and the level lie between 0 and 1")
    losses, weights = _checked(losses, inclusion, least_inclusion)
    bar = -np.log1p(-level)
    bets = _Bets(losses, weights, allowed)
    highest = bets.highest(allowed)
    return Watch(
        broken=bool(highest >= bar),
        lower=_lower(bets, bar),
        estimate=float(weights @ losses / weights.sum()) if len(losses) else None,
        answers=len(losses),
        evidence=float(np.exp(min(highest, 700.0))),
    )


def log_capital(
    losses: NDArray[Any],
    inclusion: NDArray[np.float64],
    *,
    allowed: float = 0.05,
    least_inclusion: float | NDArray[np.float64],
) -> Floats:
    """The logarithm (n,) of the capital after each answer; all as in `watch`.

    A promise is broken by the first answer with which it reaches -ln(1 - level).
    """
    losses, weights = _checked(losses, inclusion, least_inclusion)
    return _Bets(losses, weights, allowed).log_capital(allowed)


@dataclass(frozen=True, slots=True)
class _Bets:
    """Bets of fixed sizes on answers; their capital falls where the mean loss that is doubted
    rises, so one line divides the means that answers rule out from those they do not."""

    losses: Floats
    weights: Floats
    allowed: float

    def log_capital(self, mean: float) -> Floats:
        """(n,) if it is doubted that the mean loss is at most `mean`."""
        begun, resting = _beginnings(len(self.losses))
        gains = self.weights * (self.losses / mean - 1.0)
        total = np.log(resting)
        for times, share in BETS:
            stake = min((times - 1) * self.allowed / (1 - self.allowed), LARGEST_BET)
            grown = np.cumsum(np.log1p(stake * gains))
            before = np.concatenate([[0.0], grown[:-1]])
            begun_since = np.logaddexp.accumulate(np.log(share * begun) - before)
            total = np.logaddexp(total, grown + begun_since)
        return np.asarray(total)

    def highest(self, mean: float) -> float:
        """The most it has ever been, 0 (the logarithm of 1) before the first answer."""
        return float(self.log_capital(mean).max(initial=0.0))


def _beginnings(n: int) -> tuple[Floats, Floats]:
    """Which part of the capital is first bet on each answer (n,), and what still rests then."""
    at = np.arange(n, dtype=np.float64)
    spread = 1 - FROM_THE_START
    begun = spread * SOON / ((at + SOON) * (at + SOON + 1))
    begun[:1] += FROM_THE_START
    return begun, spread * SOON / (at + SOON + 1)


def _lower(bets: _Bets, bar: float) -> float:
    """The largest mean that is ruled out; 0 where none is."""
    low, high = 0.0, 1.0
    if not bets.losses.any():
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if bets.highest(middle) >= bar else (low, middle)
    return low


def _checked(
    losses: NDArray[Any], inclusion: Floats, least: float | Floats
) -> tuple[Floats, Floats]:
    """The losses and the weights (n,) in (0, 1]."""
    losses, inclusion = np.asarray(losses, dtype=np.float64), np.asarray(inclusion)
    if losses.ndim != 1 or losses.shape != inclusion.shape:
        raise ValueError(f"{losses.shape} losses, {inclusion.shape} inclusion probabilities")
    if np.any((losses < 0) | (losses > 1)):
        raise ValueError("a loss lies outside [0, 1]")
    if np.any((inclusion <= 0) | (inclusion > 1) | (least > inclusion) | (np.asarray(least) <= 0)):
        raise ValueError("an inclusion probability lies outside [least_inclusion, 1]")
    return losses, np.asarray(least / inclusion, dtype=np.float64)
