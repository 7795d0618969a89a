"""What people's mistakes usually do to a volume: the part of the correction that lasts.

A week has a handful of differing second opinions, so its correction is noisy; who takes one driver
for another does so every week. The relative correction of a driver is predicted from five weeks as
a random effect (Henderson 1975), its variance over drivers by moments.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from classifier.volumes.moderation import Dispersion, mistakes_variance, ratio
from classifier.volumes.terms import Floats, VolumeTerms

NOTABLE: Final = 3.0  # squared standard errors that are not taken for a driver's own


def usual_correction(
    terms: VolumeTerms, history: Sequence[VolumeTerms], erring: Dispersion
) -> Floats:
    """(columns,) what second opinions add to the blend. Nearer to the truth as a rule than the
    week's own correction, which alone is right on average."""
    weeks = [week for week in (*history, terms) if week.second_modeled.any()]
    if not weeks:
        return terms.second_correction
    gap = np.array([week.second_correction for week in weeks])
    size = np.array([week.expected for week in weeks])
    noise = np.array([mistakes_variance(week, erring) for week in weeks])
    weight, weighted = ratio(size**2, noise).sum(axis=0), ratio(size * gap, noise).sum(axis=0)
    own = np.maximum(ratio(weighted, weight) ** 2 - NOTABLE * ratio(1.0, weight), 0.0)
    spread = np.maximum(_spread(weight[: terms.leaves], weighted[: terms.leaves]), own)
    return np.asarray(terms.expected * spread * weighted / (1 + spread * weight))


def _spread(weight: Floats, weighted: Floats) -> float:
    """Variance over drivers of relative corrections, plus one standard error."""
    squares = weight @ weight
    if squares == 0:
        return 0.0
    moment = (weighted @ weighted - weight.sum()) / squares
    return max(0.0, float(moment + np.sqrt(2 / squares)))
