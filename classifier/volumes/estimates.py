"""Volumes with intervals from terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from classifier.volumes.blend import blended, shrunken_correction
from classifier.volumes.moderation import (
    PRIOR,
    Dispersion,
    dispersion,
    freedom,
    mistakes,
    mistakes_freedom,
    mistakes_variance,
    moderated_variance,
    truthful,
)
from classifier.volumes.review_only import review_only_interval
from classifier.volumes.terms import Floats, VolumeTerms

MOST_UNMEASURED: Final = 0.1
"""Share of messages in strata without an answer up to which intervals are widened for them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Volumes:
    """Numbers of messages, (columns,) each, in the columns of the terms they came from.

    `total` is unbiased whatever the model does (leaves sum to N) and may lie outside its interval
    [`low`, `high`]; `variance` is the total's. `blend` is the total shrunken towards the model's
    own count (leaves with training data; else the total): nearer to the truth as a rule, but
    blends do not add up. `point` is the figure to show, the blend kept within the interval. Where
    `known` is False the week was not measured (no answer, or more than a tenth of its messages in
    strata without any): show `point` in grey and no interval.
    """

    total: Floats
    low: Floats
    high: Floats
    blend: Floats
    point: Floats
    known: NDArray[np.bool_]
    variance: Floats


def estimate_volumes(
    terms: VolumeTerms,
    history: Sequence[VolumeTerms] = (),
    *,
    trained: ArrayLike | None = None,
    level: float = 0.95,
    whole: tuple[VolumeTerms, Sequence[VolumeTerms]] | None = None,
) -> Volumes:
    """Volumes of a week, with intervals that hold with probability `level`.

    `history`: the terms of up to four previous weeks, oldest first, of the same columns.
    `trained` (columns,) or (leaves,) bool: False for a driver without training data, whose
    interval rests on answers alone; groups count as trained if it is not said. For a slice (a
    channel, a product, a partner), `whole` is (terms, history) of all messages of those weeks:
    how far off the model is, is learned there.

    Raises ValueError if columns differ, or history has more than four weeks.
    """
    of_whole, past = whole if whole is not None else (terms, history)
    _check_columns(terms, (*history, of_whole, *past))
    if max(len(history), len(past)) > 4:
        raise ValueError("history is at most four weeks")
    spread = dispersion((*past, of_whole))
    total, taught = _total(terms), _trained(trained, terms)
    erring = mistakes((*past, of_whole))
    sampled = truthful((*past, of_whole)) * moderated_variance(terms, spread)
    limits = _limits(terms, total - terms.second_correction, sampled, taught, level)
    low, high = _with_mistakes(terms, limits, total, erring, level)
    # Groups stay with the total: blends of children do not add up to their parent's.
    shrunken = taught & (np.arange(terms.columns) < terms.leaves)
    blend = blended(terms, history, spread, total - terms.second_correction)
    blend = np.where(shrunken, blend + shrunken_correction(terms, history, erring), total)
    return Volumes(
        total=total,
        low=low,
        high=high,
        blend=blend,
        point=np.clip(blend, low, high),
        known=np.full(terms.columns, _measured(terms)),
        variance=sampled + mistakes_variance(terms, erring),
    )


def _total(terms: VolumeTerms) -> Floats:
    counted = terms.answers == terms.messages and terms.weight_spread == 0
    # Everyone asked and answered: the same number, without rounding.
    believed = terms.reviewed if counted else terms.expected + terms.correction
    return believed + terms.second_correction


def _limits(
    terms: VolumeTerms, total: Floats, variance: Floats, trained: NDArray[np.bool_], level: float
) -> tuple[Floats, Floats]:
    """Where the answers, believed, say that the volumes are."""
    quantile = stdtrit(freedom(terms) + PRIOR, (1 + level) / 2)
    half = quantile * np.sqrt(variance)
    # Where nobody answered, any of the messages may have the driver, or none.
    fewer = np.minimum(terms.unmeasured, terms.expected_open)
    asked_low, asked_high = review_only_interval(terms, level)
    low = np.where(trained, total - half - fewer, asked_low)
    high = np.where(trained, total + half + terms.unmeasured, asked_high)
    return low, high


def _with_mistakes(
    terms: VolumeTerms,
    limits: tuple[Floats, Floats],
    total: Floats,
    erring: Dispersion,
    level: float,
) -> tuple[Floats, Floats]:
    """Limits of the volumes, with what second opinions say of the answers (as MOVER adds)."""
    low, high = limits
    if terms.second_opinions or terms.unconfirmed:
        nu = mistakes_freedom(terms, erring.overall) + PRIOR
        half = stdtrit(nu, (1 + level) / 2) * np.sqrt(mistakes_variance(terms, erring))
        center = np.clip(total - terms.second_correction, low, high)
        moved = center + terms.second_correction
        low, high = moved - np.hypot(center - low, half), moved + np.hypot(high - center, half)
    # What a person said for sure is known: so many have the driver, so many do not.
    least = terms.reviewed - terms.reviewed_unconfirmed
    most = terms.messages - (terms.answers - terms.unconfirmed - least)
    return np.clip(low, least, most), np.clip(high, least, most)


def _measured(terms: VolumeTerms) -> bool:
    few = terms.unmeasured <= MOST_UNMEASURED * terms.messages
    return terms.messages == 0 or (terms.answers > 0 and few)


def _trained(trained: ArrayLike | None, terms: VolumeTerms) -> NDArray[np.bool_]:
    every = np.ones(terms.columns, dtype=np.bool_)
    if trained is None:
        return every
    given = np.asarray(trained, dtype=np.bool_)
    if given.shape not in {(terms.columns,), (terms.leaves,)}:
        raise ValueError(f"trained needs {terms.leaves} leaves or {terms.columns} columns")
    every[: len(given)] = given
    return every


def _check_columns(terms: VolumeTerms, others: Sequence[VolumeTerms]) -> None:
    if any((o.leaves, o.columns) != (terms.leaves, terms.columns) for o in others):
        raise ValueError("all terms need the same columns")
