"""How far people agree about drivers, beyond what chance would bring. Pure.

Three figures, each 1 − D/E: D is how often two answers about one message differ, E how often they
would if answers were dealt out at random. 1 is perfect agreement, 0 chance, below 0 worse.

`cohen`   two people, or one person twice (Cohen 1960)
`fleiss`  any number of people who stand for each other (Fleiss 1971)
`alpha`   the same with answers missing, and with a distance between answers (Krippendorff 2004)

An interval is that of D at the effective number of messages (Clopper-Pearson; Korn and Graubard
1998), divided by E: as many messages as would make the figure vary as much as it does, by its
first-order expansion over messages (of Cohen's: Fleiss, Cohen and Everitt 1969), and never more
than there are pairs of answers. Unlike a bootstrap it does not shrink to nothing when everybody
agrees.

Messages that were asked about with a known chance count 1/π times, so that the figure is of all
that they were drawn from. The effective number then is at most that of their weights (Kish 1965):
what differs among messages that are rarely asked about may not have been seen.

Nothing is known, and the figure is nan, where no message has two answers or where all answers are
the same: then chance agrees as much as people can.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from classifier.messages import UNKNOWN, Label
from classifier.volumes.review_only import clopper_pearson

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
SUBSET: Final = 2 / 3
OVERLAP: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person says of one message, both by their ids."""

    message: str
    person: str
    label: Label


@dataclass(frozen=True, slots=True)
class Agreement:
    """`value` in [-1, 1] with its 95 % interval; nan with an interval of everything if undefined.

    `differ` and `chance`: D and E, both in [0, 1]. `messages` with at least two answers, and how
    many `answers` those have.
    """

    value: float
    low: float
    high: float
    differ: float
    chance: float
    messages: int
    answers: int


class _Tally(NamedTuple):
    """How often each of the v `values` was given to each of n `messages`: `counts` (n, v)."""

    values: tuple[str, ...]
    counts: csr_matrix
    messages: tuple[str, ...]


class _Several(NamedTuple):
    """Messages with at least two answers: `rows` (m, v) of counts, how many each has `sizes` (m,),
    and their `weights` (m,), 1 on average."""

    rows: csr_matrix
    sizes: Floats
    weights: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamAgreement:
    """How far people who answered the same messages agree.

    `primary` and `fleiss`: Krippendorff's alpha and Fleiss' kappa of primary drivers, "none of
    these" being one more. `sets`: alpha of all the drivers a message is said to be about, by the
    MASI distance. `drivers`: alpha of each primary driver against the rest. `mentioned`: the same
    of each driver as one of those a message is about.
    """

    primary: Agreement
    fleiss: Agreement
    sets: Agreement
    drivers: dict[str, Agreement]
    mentioned: dict[str, Agreement]
    people: int


def agreement(
    opinions: Iterable[Opinion], inclusion: Mapping[str, float] | None = None
) -> TeamAgreement:
    """How far people agree. A person's last answer about a message counts, rows oldest first.

    Only answers given without seeing each other's belong here. For one week, pass its rows.
    `inclusion`: by message, the probability in (0, 1] with which it was asked of two people; 1 for
    a message it does not name. Raises ValueError outside that.
    """
    said = _latest(opinions)
    people = _tally(said, [(opinion.person,) for opinion in said])
    weights = _weights(people.messages, inclusion or {})
    primary = _tally(said, [(_primary(opinion.label),) for opinion in said])
    sets = [_mentions(opinion.label) for opinion in said]
    names = {"|".join(sorted(each)): each for each in sets}
    whole = _tally(said, [("|".join(sorted(each)),) for each in sets])
    return TeamAgreement(
        primary=alpha(primary.counts, weights=weights),
        fleiss=fleiss(primary.counts, weights),
        sets=alpha(whole.counts, masi([names[each] for each in whole.values]), weights),
        drivers=_each(primary, _row_sums(people.counts), weights),
        mentioned=_each(_tally(said, sets), _row_sums(people.counts), weights),
        people=len(people.values),
    )


def between(
    opinions: Iterable[Opinion], inclusion: Mapping[str, float] | None = None
) -> dict[tuple[str, str], Agreement]:
    """Cohen's kappa of primary drivers for each two people with a message in common; `inclusion`
    as for `agreement`.

    It is about persons: for those who agreed to be measured.
    """
    said: dict[str, dict[str, str]] = {}
    for opinion in _latest(opinions):
        said.setdefault(opinion.person, {})[opinion.message] = _primary(opinion.label)
    found = {}
    for first, second in combinations(sorted(said), 2):
        both = sorted(said[first].keys() & said[second].keys())
        if both:
            one, other = ([said[person][each] for each in both] for person in (first, second))
            found[first, second] = cohen(one, other, _weights(both, inclusion or {}))
    return found


def cohen(first: Sequence[str], second: Sequence[str], weights: Floats | None = None) -> Agreement:
    """Cohen's kappa of two answers (n,) each about the same messages, in the same order; `weights`
    (n,) > 0, as 1/π."""
    if len(first) != len(second):
        raise ValueError("two people must have answered the same messages")
    n = len(first)
    w = _evened(np.ones(n) if weights is None else weights)
    _, codes = np.unique(np.array([*first, *second], dtype=np.str_), return_inverse=True)
    one, other = codes[:n], codes[n:]
    values = int(codes.max()) + 1 if n else 0
    shares = [np.bincount(each, w, minlength=values) / max(n, 1) for each in (one, other)]
    apart = (one != other).astype(np.float64)
    together = float(shares[0] @ shares[1])
    moved = 2 * together - shares[1][one] - shares[0][other]
    differ = float(w @ apart) / max(n, 1)
    return _agreement(
        differ + w * (apart - differ), w * moved, 1 - together, answers=2 * n, weights=w
    )


def fleiss(counts: ArrayLike | csr_matrix, weights: Floats | None = None) -> Agreement:
    """Fleiss' kappa of counts (n, v): how often each value was given to each message; `weights`
    (n,) > 0, as 1/π.

    Messages may have different numbers of answers; those with fewer than two say nothing.
    """
    rows, sizes, w = _several(counts, weights)
    n, total = len(sizes), float(w @ sizes)
    if not n:
        return _agreement(sizes, sizes, 0.0, answers=0, weights=w)
    shares = rows.T @ w / total
    apart = 1 - (_row_sums(rows.multiply(rows)) - sizes) / (sizes * (sizes - 1))
    moved = -2 * n / total * (rows @ shares - sizes * float(shares @ shares))
    differ = float(w @ apart) / n
    return _agreement(
        differ + w * (apart - differ),
        w * moved,
        1 - float(shares @ shares),
        answers=int(sizes.sum()),
        weights=w,
    )


def alpha(
    counts: ArrayLike | csr_matrix,
    distances: Floats | None = None,
    weights: Floats | None = None,
) -> Agreement:
    """Krippendorff's alpha of counts (n, v): how often each value was given to each message.

    `distances` (v, v) in [0, 1], symmetric with a diagonal of 0, say how much two values differ;
    without them any two differ altogether (nominal). Messages with fewer than two answers say
    nothing. `weights` (n,) > 0, as 1/π.
    """
    rows, sizes, w = _several(counts, weights)
    n, total = len(sizes), float(w @ sizes)
    if not n:
        return _agreement(sizes, sizes, 0.0, answers=0, weights=w)
    given = rows.T @ w
    far = 1 - np.eye(len(given)) if distances is None else np.asarray(distances, np.float64)
    dealt = total**2 - float(w**2 @ sizes)  # no answer is dealt out twice
    chance = float(given @ far @ given) / dealt
    within = _row_sums(rows.multiply(rows @ far)) / (sizes - 1)
    differ = float(w @ within) / total
    apart = differ + n / total * w * (within - differ * sizes)
    moved = n / dealt * w * (2 * (rows @ (far @ given)) - chance * sizes * (2 * total))
    return _agreement(apart, moved - moved.mean(), chance, answers=int(sizes.sum()), weights=w)


def masi(sets: Sequence[Iterable[str]]) -> Floats:
    """The MASI distance (v, v) in [0, 1] between v sets, none of them empty (Passonneau 2006).

    1 less the Jaccard index times 1 for equal sets, 2/3 where one holds the other, 1/3 where they
    overlap: naming one driver of two is a smaller difference than naming another one.
    """
    names = sorted({each for members in sets for each in members})
    place = {each: column for column, each in enumerate(names)}
    member = np.zeros((len(sets), len(names)))
    for row, members in enumerate(sets):
        member[row, [place[each] for each in members]] = 1
    common, size = member @ member.T, member.sum(axis=1)
    smaller, larger = np.minimum.outer(size, size), np.maximum.outer(size, size)
    holds = common == smaller
    monotone = np.where(holds, np.where(smaller == larger, 1.0, SUBSET), OVERLAP)
    union = size[:, None] + size[None, :] - common
    return np.asarray(1 - monotone * common / union, dtype=np.float64)


def _agreement(
    apart: Floats, moved: Floats, chance: float, *, answers: int, weights: Floats
) -> Agreement:
    """From per message (n,) what it adds to D, whose mean that is, and by how much it moves E."""
    n = len(apart)
    differ = float(apart.mean()) if n else float("nan")
    if n == 0 or chance <= 0:
        return Agreement(float("nan"), -1.0, 1.0, differ, chance, n, answers)
    value = 1 - differ / chance
    # What a message adds to E·(1 − value): D follows E as far as both come from the same answers.
    gaps = apart - differ - (1 - value) * moved
    size = _effective(gaps, differ, weights, pairs=answers / 2)
    low, high = clopper_pearson(np.array([differ]), np.array([size]), LEVEL)
    ends = 1 - np.array([high[0], low[0]]) / chance
    bottom, top = np.clip(ends, -1.0, 1.0).tolist()
    return Agreement(value, bottom, top, differ, chance, n, answers)


def _effective(gaps: Floats, differ: float, weights: Floats, *, pairs: float) -> float:
    """How many pairs of answers that differ or do not would vary as much as these gaps (n,).

    At most as many as there are apart from each other; where all or none differ, the messages.
    Where weights (n,) differ, no more than these let count.
    """
    n = len(gaps)
    counting = float(weights.sum() ** 2 / (weights @ weights))
    spread = float(gaps @ gaps) / (n * max(n - 1, 1))
    if not (spread > 0 and 0 < differ < 1):
        return counting
    return min(pairs * counting / n, differ * (1 - differ) / spread)


def _several(counts: ArrayLike | csr_matrix, weights: Floats | None) -> _Several:
    """The messages with at least two answers."""
    rows = csr_matrix(counts, dtype=np.float64)
    sizes = _row_sums(rows)
    kept = sizes >= 2
    given = np.ones(len(sizes)) if weights is None else np.asarray(weights, dtype=np.float64)
    return _Several(rows[kept], sizes[kept], _evened(given[kept]))


def _evened(weights: Floats) -> Floats:
    """The same weights (n,), 1 on average."""
    return weights / weights.mean() if len(weights) else weights


def _weights(messages: Sequence[str], inclusion: Mapping[str, float]) -> Floats:
    chances = np.array([inclusion.get(each, 1.0) for each in messages], dtype=np.float64)
    if not np.all((chances > 0) & (chances <= 1)):
        raise ValueError("an inclusion probability lies above 0 and is at most 1")
    return np.asarray(1 / chances)


def _row_sums(rows: csr_matrix) -> Floats:
    return np.asarray(rows.sum(axis=1), dtype=np.float64).ravel()


def _latest(opinions: Iterable[Opinion]) -> list[Opinion]:
    return list({(each.message, each.person): each for each in opinions}.values())


def _primary(label: Label) -> str:
    return label.primary or UNKNOWN


def _mentions(label: Label) -> tuple[str, ...]:
    """Every driver, and "none of these" where the main one has no name."""
    return label.drivers or (UNKNOWN, *label.also)


def _tally(said: Sequence[Opinion], given: Sequence[tuple[str, ...]]) -> _Tally:
    """How often each value was given, of those `given` (m,) with each opinion (m,)."""
    messages = {each: row for row, each in enumerate(dict.fromkeys(o.message for o in said))}
    values = sorted({each for some in given for each in some})
    place = {each: column for column, each in enumerate(values)}
    rows = [messages[each.message] for each, some in zip(said, given, strict=True) for _ in some]
    columns = [place[each] for some in given for each in some]
    shape = (len(messages), len(values))
    counts = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    return _Tally(tuple(values), counts, tuple(messages))


def _each(tally: _Tally, people: Floats, weights: Floats) -> dict[str, Agreement]:
    """Alpha of each value against all the others together, so many `people` (n,) answering."""
    found = {}
    for column, value in enumerate(tally.values):
        yes = tally.counts[:, [column]].toarray().ravel()
        found[value] = alpha(np.stack([yes, people - yes], axis=1), weights=weights)
    return found
