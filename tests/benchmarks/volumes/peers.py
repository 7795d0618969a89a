"""What one would do instead, with the very same answers, and what they are compared by."""

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from classifier.volumes import Volumes, VolumeTerms, real_changes, volume_terms
from classifier.volumes.review_only import clopper_pearson, review_only_interval
from labeling.sampling import draws

if TYPE_CHECKING:
    from tests.benchmarks.volumes.replay import Closed

LEVEL: Final = 0.95
WALD: Final = 1.96
EVENLY: Final = b"another key for simulations only"
OURS, BLEND, NAIVE, PPI = "total", "blend", "naive", "PPI++"
FORGETFUL: Final = "blend, this week alone"
FLAGGED: Final = (OURS, NAIVE, "the truth known")
UNIFORM: Final = "answers alone, drawn evenly"


class Guess(NamedTuple):
    """(columns,) each, in messages."""

    point: np.ndarray
    low: np.ndarray
    high: np.ndarray


def total(week: "Closed") -> Guess:
    return Guess(week.volumes.total, week.volumes.low, week.volumes.high)


def blend(week: "Closed") -> Guess:
    """The figure that is shown."""
    return Guess(week.volumes.point, week.volumes.low, week.volumes.high)


def forgetful(week: "Closed") -> Guess:
    """The blend without the weeks before."""
    found = week.forgetful
    return Guess(found.point, found.low, found.high)


def naive(week: "Closed") -> Guess:
    return counted(week.terms)


def counted(terms: VolumeTerms) -> Guess:
    """Answers, and the likeliest driver of the rest, with an exact binomial interval."""
    n = terms.messages
    low, high = clopper_pearson(terms.naive / n, np.full(terms.columns, float(n)), LEVEL)
    return Guess(terms.naive, n * low, n * high)


def aipw(week: "Closed") -> Guess:
    return aipw_wald(week.terms)


def aipw_wald(terms: VolumeTerms) -> Guess:
    """The same total with the variance of the textbook."""
    point, half = terms.expected + terms.correction, WALD * np.sqrt(terms.design)
    return Guess(point, point - half, point + half)


def answers_alone(week: "Closed") -> Guess:
    return _alone(week.terms)


def answers_drawn_evenly(week: "Closed") -> Guess:
    """As many answers, every message as likely to be asked about."""
    n = week.terms.messages
    even = np.full(n, week.terms.answers / n)
    names = [f"even/{week.arrived.name}/{number}" for number in range(n)]
    asked = draws(names, even, key=EVENLY)
    return _alone(volume_terms(week.probabilities, week.arrived.truth, even, asked))


def ppi(week: "Closed") -> Guess:
    """Prediction-powered inference, tuned for each driver, by its authors' own library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

        rows, columns = week.answered, np.arange(week.terms.columns)
        said = (
            (week.arrived.truth[rows][:, None] == columns).astype(float),
            week.probabilities[rows],
            week.probabilities,
        )
        how = {"w": 1 / week.inclusion[rows], "lam_optim_mode": "element"}
        low, high = ppi_mean_ci(*said, alpha=1 - LEVEL, **how)
        point = ppi_mean_pointestimate(*said, **how)
    return Guess(*(week.terms.messages * np.asarray(each) for each in (point, low, high)))


METHODS: Final[Mapping[str, Callable[["Closed"], Guess]]] = {
    OURS: total,
    BLEND: blend,
    FORGETFUL: forgetful,
    NAIVE: naive,
    "AIPW, Wald": aipw,
    PPI: ppi,
    "answers alone": answers_alone,
    UNIFORM: answers_drawn_evenly,
}


def guesses(week: "Closed") -> list[Guess]:
    """Of every method, in order; nothing known (nan) of one that is not installed."""
    return [method(week) if is_installed(name) else _nothing(week) for name, method in _all()]


def is_installed(method: str) -> bool:
    return method != PPI or find_spec("ppi_py") is not None


def flags(this: "Closed", previous: "Closed") -> list[np.ndarray]:
    """(columns,) bool each, in the order of `FLAGGED`: which changes are said to be real."""
    plain = (this.terms.naive, previous.terms.naive)
    exact = (this.arrived.counts, previous.arrived.counts)
    return [
        real_changes(this.volumes, previous.volumes),
        *(real_changes(*map(_without_error, pair)) for pair in (plain, exact)),
    ]


def _without_error(counts: np.ndarray) -> Volumes:
    """As if counts were exact: only chance from week to week is left."""
    known = np.ones(len(counts), dtype=bool)
    same = dict.fromkeys(("total", "low", "high", "blend", "point"), counts)
    return Volumes(**same, known=known, variance=np.zeros_like(counts))


def _alone(terms: VolumeTerms) -> Guess:
    low, high = review_only_interval(terms, LEVEL)
    return Guess(terms.messages * terms.weighted / terms.weight, low, high)


def _nothing(week: "Closed") -> Guess:
    return Guess(*[np.full(week.terms.columns, np.nan)] * 3)


def _all() -> list[tuple[str, Callable[["Closed"], Guess]]]:
    return list(METHODS.items())
