"""Intervals from the answers alone, for drivers the model was never taught.

Korn & Graubard 1998: Clopper–Pearson limits at the effective number of answers.
"""

import numpy as np
from scipy.special import betaincinv

from classifier.volumes.moderation import ratio
from classifier.volumes.terms import Floats, VolumeTerms


def review_only_interval(terms: VolumeTerms, level: float) -> tuple[Floats, Floats]:
    """(columns,) low and high in messages; 0 and N where there is no answer.

    Of messages in strata where nobody answered any number may have the driver, none or all.
    """
    share = np.clip(ratio(terms.weighted, terms.weight), 0.0, 1.0)
    low, high = clopper_pearson(share, _effective_answers(terms, share), level)
    measured = terms.messages - terms.unmeasured
    return measured * low, measured * high + terms.unmeasured


def clopper_pearson(share: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Exact binomial limits for `share` of `n` trials; n need not be whole."""
    tail = (1 - level) / 2
    x = share * n
    low = betaincinv(np.where(x > 0, x, 1.0), n - x + 1, tail)
    high = betaincinv(x + 1, np.where(x < n, n - x, 1.0), 1 - tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def _effective_answers(terms: VolumeTerms, share: Floats) -> Floats:
    measured = terms.messages - terms.unmeasured
    spread = (1 - 2 * share) * terms.weighted_spread + share**2 * terms.weight_spread
    variance = ratio(measured, terms.weight) ** 2 * np.maximum(spread, 0.0)
    without = measured**2 / terms.weight_spread if terms.weight_spread > 0 else np.inf
    effective = np.full_like(share, without)
    np.divide(share * (1 - share) * measured**2, variance, out=effective, where=variance > 0)
    return np.asarray(np.minimum(effective, float(terms.answers)))
