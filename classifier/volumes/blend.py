"""The blend: the unbiased total, shrunken towards the model's own count as far as that has earned.

The model's count is steady and may be off; the total is right on average and noisy. A composite
estimator weighs them by how far off the model was seen to be, here and in previous weeks.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.volumes.moderation import Dispersion, moderated_variance, ratio
from classifier.volumes.terms import Floats, VolumeTerms

CAUTION: Final = 1.5  # how much worse than its past the model is taken to be
LEAST: Final = 0.25  # messages squared: half a message of doubt, however sure the model is
REACH: Final = 1.5  # standard deviations the blend may stay from the total
RECENT_OFF: Final = 1.8  # over the weeks together, in standard deviations: the total as it is
WEEK_OFF: Final = 2.2  # in this week alone


def blended(
    terms: VolumeTerms, history: Sequence[VolumeTerms], spread: Dispersion, total: Floats
) -> Floats:
    """(columns,) composite of `total` and the model's count (answers where there are any)."""
    weeks = (*history, terms)
    gaps = np.array([_gap(week) for week in weeks])
    noise = np.array([moderated_variance(week, spread) for week in weeks])
    doubt = np.array([_doubt(week, spread) for week in weeks])
    size = np.array([week.expected_open for week in weeks])
    room = doubt[-1] + _excess(gaps, noise + doubt, size, terms.leaves) * size[-1] ** 2
    gap, deviation = gaps[-1], np.sqrt(noise[-1])
    blend = total - gap + ratio(room, room + noise[-1]) * gap
    blend = np.clip(blend, total - REACH * deviation, total + REACH * deviation)
    return np.where(_off(gaps, noise), total, blend)


def _off(gaps: Floats, noise: Floats) -> NDArray[np.bool_]:
    """Whether the answers contradict the model's count, this week or over the weeks together."""
    together = np.abs(gaps.sum(axis=0)) > RECENT_OFF * np.sqrt(noise.sum(axis=0))
    return np.asarray(together | (np.abs(gaps[-1]) > WEEK_OFF * np.sqrt(noise[-1])))


def _gap(terms: VolumeTerms) -> Floats:
    """b = T − S: what the answers add to the model's count."""
    return terms.expected + terms.correction - terms.reviewed - terms.expected_open


def _doubt(terms: VolumeTerms, spread: Dispersion) -> Floats:
    """Variance of the model's count around the truth, had it been as good as in the past."""
    worse = spread.overall * np.maximum(ratio(spread.each, spread.overall), 1.0)
    return CAUTION * worse * terms.spread_open + LEAST


def _excess(gaps: Floats, known: Floats, size: Floats, leaves: int) -> Floats:
    """τ²: squared relative error beyond what is known, all drivers' and the driver's own."""
    own = ratio(gaps.sum(axis=0) ** 2 - known.sum(axis=0), size.sum(axis=0) ** 2)
    return _pooled_excess(gaps, known, size, leaves) + np.maximum(own, 0.0)


def _pooled_excess(gaps: Floats, known: Floats, size: Floats, leaves: int) -> float:
    """Over leaves and weeks by moments, plus one standard error."""
    gap, variance, part = (each[:, :leaves].ravel() for each in (gaps, known, size))
    weight = (part**2 / variance**2) @ part**2
    if weight == 0:
        return 0.0
    moment = (part**2 / variance**2) @ (gap**2 - variance) / weight
    return float(max(0.0, moment + np.sqrt(2 / weight)))
