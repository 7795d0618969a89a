"""The moderated variance: what the answers say of the spread, steadied by what the model says.

After Smyth 2004 (moderated variances in linear models), for design variances of a difference
estimator. A driver with three answers borrows from its own past weeks and from all drivers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from classifier.volumes.terms import Floats, VolumeTerms

PRIOR: Final = 20.0
"""Weight, in degrees of freedom, of what is borrowed."""
MISTAKES_PRIOR: Final = 5.0
"""The same for people's mistakes, which a pair of drivers may have nearly all of."""
MOST_SURPLUS: Final = 0.5
"""The share of the variance that is taken for people's mistakes at most."""
ASSUMED_MISTAKES: Final = 0.05
"""The share of answers that are wrong, before second opinions say so."""
ASSUMED_WEIGHT: Final = 40.0
"""How many second opinions that assumption is worth."""


@dataclass(frozen=True, eq=False)
class Dispersion:
    """How much larger the errors are than the model thinks: `overall`, and (columns,) `each`."""

    overall: float
    each: Floats


def ratio(above: ArrayLike, below: ArrayLike) -> Floats:
    """above / below, and 0 where below is 0: what was not asked has no spread."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    zeros: Floats = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    np.divide(above, below, out=zeros, where=below != 0)
    return zeros


def freedom(terms: VolumeTerms) -> Floats:
    """(columns,) degrees of freedom ν = 2m²/k4 + h1²/h2 that the week's own answers give."""
    modeled = 2 * ratio(terms.modeled**2, terms.modeled_fourth)
    return modeled + ratio(terms.surprise**2, terms.surprise_square)


def dispersion(weeks: Sequence[VolumeTerms]) -> Dispersion:
    """Pool the ratio of design to model variance over weeks: φ, and φ_k shrunk towards it."""
    overall = _overall(weeks)
    nu = [freedom(week) for week in weeks]
    observed = sum(v * ratio(w.design, w.modeled) for v, w in zip(nu, weeks, strict=True))
    return Dispersion(overall, (observed + PRIOR * overall) / (np.sum(nu, axis=0) + PRIOR))


def moderated_variance(terms: VolumeTerms, spread: Dispersion) -> Floats:
    """(columns,) v_k: the variance of the totals, in messages squared."""
    nu = freedom(terms)
    return (nu * terms.design + PRIOR * spread.each * terms.modeled) / (nu + PRIOR)


def truthful(weeks: Sequence[VolumeTerms]) -> float:
    """The share of the design variance that is left when people's mistakes are taken out: what a
    mistake adds to the variance, its correction takes away. Pooled over leaves and weeks."""
    design, surplus = (
        sum(float(getattr(week, name)[: week.leaves].sum()) for week in weeks)
        for name in ("design", "second_surplus")
    )
    return 1.0 - min(max(surplus / design, 0.0), MOST_SURPLUS) if design > 0 else 1.0


def mistakes(weeks: Sequence[VolumeTerms]) -> Dispersion:
    """The share of answers that second opinions find wrong: of all, and by column against what a
    mistake anywhere would do there; pooled over weeks, and shrunk as `dispersion` does."""
    s, m, k4 = (
        np.array([getattr(week, name)[: week.leaves].sum() for week in weeks])
        for name in ("second_design", "second_modeled", "second_modeled_fourth")
    )
    weight = ratio(m**2, k4)
    prior = ASSUMED_WEIGHT * ASSUMED_MISTAKES
    overall = float((weight @ ratio(s, m) + prior) / (weight.sum() + ASSUMED_WEIGHT))
    nu = [mistakes_freedom(week, overall) for week in weeks]
    seen = [v * ratio(w.second_design, w.second_modeled) for v, w in zip(nu, weeks, strict=True)]
    each = (sum(seen) + MISTAKES_PRIOR * overall) / (np.sum(nu, axis=0) + MISTAKES_PRIOR)
    return Dispersion(overall, each)


def mistakes_freedom(terms: VolumeTerms, share: float) -> Floats:
    """(columns,) mistakes that were to be expected among the second opinions, and those found."""
    expected = share * ratio(terms.second_modeled**2, terms.second_modeled_fourth)
    return expected + ratio(terms.second_design**2, terms.second_design_square)


def mistakes_variance(terms: VolumeTerms, found: Dispersion) -> Floats:
    """(columns,) what not giving every answer a second look adds to the variance of the totals."""
    nu = mistakes_freedom(terms, found.overall)
    borrowed = PRIOR * found.each * terms.second_modeled
    return (nu * terms.second_design + borrowed) / (nu + PRIOR)


def _overall(weeks: Sequence[VolumeTerms]) -> float:
    # Leaves only: a parent's messages are its children's.
    sums = np.array(
        [
            [column[: week.leaves].sum() for column in (week.design, week.modeled)]
            + [week.modeled_fourth[: week.leaves].sum()]
            for week in weeks
        ]
    )
    design, modeled, fourth = sums.T
    weight = 2 * ratio(modeled**2, fourth)
    return float((weight @ ratio(design, modeled) + PRIOR) / (weight.sum() + PRIOR))
