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
