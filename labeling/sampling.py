"""Whom to ask: inclusion probabilities and draws that a replay repeats exactly.

Every counted message gets one inclusion probability and one draw with its first prediction.
The draw is a keyed hash of the message id, so nobody can redo it until it suits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MISSES: Final = 3.0
"""A misroute of m messages escapes a floor of 3/m with probability below e⁻³ = 5 %."""
ASSUMED_UNCERTAINTIES: Final[Floats] = np.arange(101) / 100.0
"""What a first week is planned with: every degree of doubt equally often."""
ROUNDING: Final = 1e-12
CERTAIN: Final = 1e-6
AGREED: Final = 0.25
"""How much an answer that the model expected is worth a second look, beside one it excluded: 1¼."""
CONFIDENCE_BANDS: Final = ((0.6, "low"), (0.9, "middle"), (1.0, "high"))


def uncertainty(probabilities: ArrayLike) -> Floats:
    """(n,) u = √(1 − Σp²) in [0, 1] for rows (n, k) that sum to 1: the spread of one draw."""
    p = np.asarray(probabilities, dtype=np.float64)
    spread: Floats = 1.0 - np.einsum("ij,ij->i", p, p)
    return np.sqrt(np.clip(spread, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How graded questions are drawn: π = min(1, floor + slope·u).

    `smallest_misroute` is the smallest number of messages a week that may be misrouted
    confidently and still be caught (with probability 95 %); `budget` and `expected` are the
    questions and the messages a week that the plan was made for.
    """

    floor: float
    slope: float
    smallest_misroute: float
    budget: float
    expected: float


def plan(
    uncertainties: ArrayLike, *, budget: float, expected: float, catch: float | None = None
) -> SamplingPlan:
    """Spend `budget` graded questions a week over `expected` graded messages a week.

    `uncertainties` are those of last week's counted graded messages (none: a default is used);
    `catch` is the smallest confident misroute, in messages a week, that we promise to catch. The
    floor is half the budget, more if `catch` needs it, never above the budget: compare
    `smallest_misroute` with `catch` to see whether the promise is kept. Raises ValueError unless
    budget and expected are positive, and catch, where given.
    """
    if not (budget > 0 and expected > 0 and (catch is None or catch > 0)):
        raise ValueError("budget, expected and catch must be positive")
    share = budget / expected
    if share >= 1:
        return SamplingPlan(1.0, 0.0, MISSES, budget, expected)
    floor = min(share, max(share / 2, MISSES / catch if catch else 0.0))
    u = _rounded(uncertainties)
    floor, slope = _spend(u if u.size else ASSUMED_UNCERTAINTIES, floor, share)
    return SamplingPlan(floor, slope, max(MISSES, MISSES / floor), budget, expected)


def inclusion(plan: SamplingPlan, uncertainties: ArrayLike) -> Floats:
    """π in (0, 1] for each uncertainty, in the shape given."""
    return np.minimum(1.0, plan.floor + plan.slope * _rounded(uncertainties))


def _rounded(uncertainties: ArrayLike) -> Floats:
    """What is this near to certain is certain: a slope stays a number of ordinary size."""
    u = np.asarray(uncertainties, dtype=np.float64)
    return np.where(u < CERTAIN, 0.0, u)


def _spend(u: Floats, floor: float, share: float) -> tuple[float, float]:
    """Floor and slope with which mean(min(1, floor + slope·u)) is exactly `share`."""
    doubtful = u[u > 0]
    unreached = (share * u.size - doubtful.size) / max(1, u.size - doubtful.size)
    if unreached >= floor:  # all doubtful ones asked, and budget left for the certain ones
        return unreached, float(1 / doubtful.min()) if doubtful.size else 0.0
    return floor, _slope(np.sort(u)[::-1], floor, share)


def _slope(u: Floats, floor: float, share: float) -> float:
    """Solve for the slope, u descending: with the j most doubtful at 1 the rest is linear."""
    asked = np.arange(u.size)
    rest = np.cumsum(u[::-1])[::-1]
    left = share * u.size - asked - (u.size - asked) * floor
    slopes = np.divide(left, rest, out=np.zeros(u.size), where=rest > 0)
    fits = floor + slopes * u <= 1.0 + ROUNDING
    return max(0.0, float(slopes[int(np.argmax(fits))]))


def drawn(message_id: str, pi: float, *, key: bytes) -> bool:
    """Whether a message is asked, with probability `pi`: the same answer forever for one key."""
    return _uniform(message_id, b"waarom.draw", key) < pi


def draws(message_ids: Iterable[str], inclusion: ArrayLike, *, key: bytes) -> NDArray[np.bool_]:
    """`drawn` for many: (n,) bool."""
    hashed = np.array([_uniform(each, b"waarom.draw", key) for each in message_ids])
    return hashed < np.asarray(inclusion, dtype=np.float64)


def order_key(message_id: str, *, key: bytes) -> int:
    """A place in the random order in which drawn questions are served, 0 to 2⁶³ − 1.

    Independent of the draw: had it been the same hash, the sure questions would come last.
    """
    return _hash(message_id, b"waarom.order", key) >> 1


def prefilled(message_id: str, share: float, *, key: bytes) -> bool:
    """Whether an audit shows the prediction after all, to measure how much showing it sways."""
    return _uniform(message_id, b"waarom.prefill", key) < share


def second_opinion(message_id: str, share: float, *, key: bytes) -> bool:
    """Whether a second person is asked about an answered message, blind to the first answer."""
    return _uniform(message_id, b"waarom.second", key) < share


def second_worth(surprise: ArrayLike, inclusion: ArrayLike) -> Floats:
    """(n,) what second opinions on answers are worth, of which only proportions matter.

    `surprise` in [0, 1]: one minus the probability the model gave to the answer. A mistake counts
    for 1/π messages, and is likelier where an answer surprises.
    """
    surprising = np.clip(np.asarray(surprise, dtype=np.float64), 0.0, 1.0)
    return np.asarray((AGREED + surprising) / np.asarray(inclusion, dtype=np.float64))


def second_inclusion(worth: ArrayLike, share: float, *, usual: float) -> Floats:
    """(n,) the chance of a second opinion for answers of this `worth`; at most `share` of them.

    `usual` is the mean worth of answers. No chance is below a quarter of the share (all of it where
    everything is reviewed again), so that mistakes are found that nothing points at.
    """
    least = share * max(0.25, share)
    chance: Floats = share * np.asarray(worth, dtype=np.float64) / usual
    return np.clip(chance, least, 1.0)


def stratum(required: bool, confidence: float, day: str) -> str:
    """Messages whose answers go missing alike: required or not, confidence band, day."""
    band = next((name for top, name in CONFIDENCE_BANDS if confidence < top), "high")
    return f"{'required' if required else 'graded'}/{band}/{day}"


def response_rates(
    strata: Sequence[str],
    answered: ArrayLike,
    *,
    asked: ArrayLike | None = None,
    wider: Sequence[str] | None = None,
) -> Floats:
    """(n,) share of the questions asked in each message's stratum that was answered.

    `strata` (n,), `answered` (n,) bool, `asked` (n,) bool: the drawn ones, all if not given.
    Multiply π by it where answers are missing. nan means "not measured": questions were asked in
    that stratum and none was answered. With `wider` (n,) strata (without the day, say), such a
    stratum takes the rate of its wider one, and is nan only if nobody answered there either. A
    stratum in which nothing was asked lost nothing; it takes the rate over all messages.
    """
    was_answered = np.asarray(answered, dtype=np.bool_)
    was_asked = np.ones_like(was_answered) if asked is None else np.asarray(asked, np.bool_)
    if np.any(was_answered & ~was_asked):
        raise ValueError("an answer to a question that was not asked does not count")
    rates = _rates(strata, was_answered, was_asked)
    if wider is not None:
        rates = np.where(np.isnan(rates), _rates(wider, was_answered, was_asked), rates)
    return rates


def _rates(strata: Sequence[str], answered: NDArray[np.bool_], asked: NDArray[np.bool_]) -> Floats:
    _, member = np.unique(np.asarray(strata, dtype=np.str_), return_inverse=True)
    answers = np.bincount(member, answered)
    questions = np.bincount(member, asked)
    overall = answers.sum() / questions.sum() if questions.sum() else 1.0
    rates = np.divide(answers, questions, out=np.full(len(answers), overall), where=questions > 0)
    return np.where(rates > 0, rates, np.nan)[member]


def _uniform(message_id: str, purpose: bytes, key: bytes) -> float:
    """In [0, 1), 53 bits: all that a float holds, so that a probability of 1 always draws."""
    return (_hash(message_id, purpose, key) >> 11) * 2.0**-53


def _hash(message_id: str, purpose: bytes, key: bytes) -> int:
    """64 bits; a different purpose or key gives an independent hash."""
    if not key:
        raise ValueError("a draw without a key can be foreseen by anyone")
    secret = key if len(key) <= 64 else blake2b(key).digest()
    digest = blake2b(message_id.encode(), digest_size=8, key=secret, person=purpose).digest()
    return int.from_bytes(digest, "big")
