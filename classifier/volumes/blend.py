"""The blend: the model's own count, mended by what the answers of five weeks say it is off by.

The model's count is steady and may be off; a week's total is right on average and noisy. By how
much the count is off has a part that lasts from week to week, as the model's mistakes do, and a
passing one. Each week's answers show their sum with a known noise, and the errors of different
weeks' answers are independent. So both parts are predicted as random effects are (Henderson 1975),
their variances by moments over all drivers (Fay & Herriot 1979).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from classifier.volumes.moderation import (
    Dispersion,
    mistakes_variance,
    moderated_variance,
    ratio,
)
from classifier.volumes.terms import Floats, VolumeTerms

LEAST: Final = 0.25  # messages squared: half a message of doubt, however sure the model is
NOTABLE: Final = 3.0  # squared standard errors that are not taken for a driver's own


def blended(
    terms: VolumeTerms, history: Sequence[VolumeTerms], spread: Dispersion, total: Floats
) -> Floats:
    """(columns,) the model's count (answers where there are any), mended towards `total`."""
    seen = _Seen.of((*history, terms), spread)
    return np.asarray(total - seen.gap[-1] + seen.expected(terms.leaves))


def shrunken_correction(
    terms: VolumeTerms, history: Sequence[VolumeTerms], erring: Dispersion
) -> Floats:
    """(columns,) what second opinions add to the blend: of their correction what is likely to be
    no noise. Right on average is the total, with all of it."""
    weeks = [week for week in history if week.second_modeled.any()] + [terms]
    return _Seen.of_mistakes(weeks, erring).expected(terms.leaves)


def _mending(seen: "_Seen", lasting: Floats, passing: float) -> Floats:
    """(columns,) the last week's error, where the variance of what lasts and passes is known."""
    own = passing * seen.size**2 + seen.doubt
    variance = own + seen.noise
    told = (seen.size**2 / variance).sum(axis=0)
    usual = lasting * (seen.size * seen.gap / variance).sum(axis=0) / (1 + lasting * told)
    expected = seen.size[-1] * usual
    return np.asarray(expected + own[-1] / variance[-1] * (seen.gap[-1] - expected))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What weeks say of the model's count, (weeks, columns) each, in messages or their squares:
    `gap`, what the answers add to it; `noise`, the variance of that; `size`, the count of messages
    nobody answered; `doubt`, the variance of the truth around it had it been as good as ever."""

    gap: Floats
    noise: Floats
    size: Floats
    doubt: Floats

    @classmethod
    def of(cls, weeks: Sequence[VolumeTerms], spread: Dispersion) -> Self:
        worse = np.maximum(spread.each, spread.overall)
        return cls(
            gap=np.array([w.expected + w.correction - w.reviewed - w.expected_open for w in weeks]),
            noise=np.array([moderated_variance(week, spread) for week in weeks]),
            size=np.array([week.expected_open for week in weeks]),
            doubt=np.array([worse * week.spread_open + LEAST for week in weeks]),
        )

    @classmethod
    def of_mistakes(cls, weeks: Sequence[VolumeTerms], erring: Dispersion) -> Self:
        """The same of the answers, by what second opinions add to them."""
        return cls(
            gap=np.array([week.second_correction for week in weeks]),
            noise=np.array([mistakes_variance(week, erring) for week in weeks]),
            size=np.array([week.expected for week in weeks]),
            doubt=np.full((len(weeks), weeks[-1].columns), LEAST),
        )

    def expected(self, leaves: int) -> Floats:
        """(columns,) messages by which the last week's count is expected to be off."""
        lasting = self.lasting(leaves)
        passing = max(0.0, self.either(leaves) - lasting)
        return _mending(self, np.maximum(lasting, self.notable()), passing)

    @property
    def weight(self) -> Floats:
        """What a week tells of relative errors: the inverse of their variance."""
        return np.asarray(self.size**2 / (self.noise + self.doubt))

    @property
    def weighted(self) -> Floats:
        """Relative errors times their weights."""
        return np.asarray(self.size * self.gap / (self.noise + self.doubt))

    def lasting(self, leaves: int) -> float:
        """Variance over drivers of relative errors that last: of products of different weeks', to
        which their noise adds nothing; by moments, plus one standard error."""
        weight, weighted = self.weight[:, :leaves], self.weighted[:, :leaves]
        pairs = (weight.sum(axis=0) ** 2 - (weight**2).sum(axis=0)).sum()
        product = (weighted.sum(axis=0) ** 2 - (weighted**2).sum(axis=0)).sum()
        return max(0.0, float(product / pairs + np.sqrt(2 / pairs))) if pairs > 0 else 0.0

    def either(self, leaves: int) -> float:
        """Variance of relative errors that last or pass, of their squares, the same way."""
        weight, weighted = self.weight[:, :leaves], self.weighted[:, :leaves]
        squares = (weight**2).sum()
        if squares == 0:
            return 0.0
        return max(0.0, float((weighted**2 - weight).sum() / squares + np.sqrt(2 / squares)))

    def notable(self) -> Floats:
        """(columns,) squared relative error of a driver's own that is beyond what noise makes."""
        weight = self.weight.sum(axis=0)
        mean = ratio(self.weighted.sum(axis=0), weight)
        return np.maximum(mean**2 - NOTABLE * ratio(1.0, weight), 0.0)
