"""Where a prediction may stop: at its likeliest leaf, or further up, at a parent it is surer of.

A message heads for one queue, whatever the thresholds are: that of its likeliest leaf where this
has half of the probability, else that of the surest of the likeliest leaf and the likeliest parent
of each level. It may stop at those of them that lead to that queue. So a promise of one queue
rests on nothing that is decided for another.

For routing, a parent's confidence counts only the leaves below it whose messages go to the
parent's own queue: right at the parent is right about the queue, too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.messages import Label, Prediction, Predictions
from classifier.taxonomy import Taxonomy

LEAST_AT_PARENT: Final = 0.5
"""Nothing stops at a parent that is not as likely as all else together."""

NOWHERE: Final = -1.0
"""The confidence of a stop that is none: below any threshold."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A driver, leaf or parent, at which a message may stop; `confidence` in [0, 1]: that a driver
    of the message is this leaf, or one below this parent that goes to the same `queue`."""

    driver: str
    queue: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Parents:
    """The P parents at which predictions of some drivers may stop, in the order of the taxonomy.

    Those for which the taxonomy names a queue, their own or inherited (`queues`), and below which
    leaves go there; `columns` are those of these leaves. `levels`: the places of the parents of
    each depth, the deepest first.
    """

    ids: tuple[str, ...]
    queues: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    levels: tuple[tuple[int, ...], ...]

    def written(self, drivers: Sequence[str]) -> tuple[str, ...]:
        """Each parent (P) with those of the k drivers that count for it: `parent: leaf leaf`."""
        leaves = (" ".join(sorted(drivers[each] for each in some)) for some in self.columns)
        return tuple(f"{parent}: {each}" for parent, each in zip(self.ids, leaves, strict=True))

    @property
    def above(self) -> tuple[tuple[int, int], ...]:
        """Every pair of a column and the place of a parent for which it counts, by column."""
        pairs = ((each, place) for place, some in enumerate(self.columns) for each in some)
        return tuple(sorted(pairs))


def parents_of(drivers: Sequence[str], taxonomy: Taxonomy) -> Parents:
    """The parents at which predictions of k drivers may stop; none in a flat taxonomy."""
    counting: dict[str, list[int]] = defaultdict(list)
    if taxonomy.parents:
        leaves = frozenset(taxonomy.leaves)
        for column, driver in enumerate(drivers):
            for parent in _stoppable(driver, taxonomy) if driver in leaves else ():
                counting[parent].append(column)
    ids = tuple(each for each in taxonomy.parents if each in counting)
    depths = [len(taxonomy.ancestors(each)) for each in ids]
    return Parents(
        ids,
        queues=tuple(taxonomy.queue(each) for each in ids),
        columns=tuple(tuple(counting[each]) for each in ids),
        levels=tuple(
            tuple(place for place, depth in enumerate(depths) if depth == level)
            for level in sorted(set(depths), reverse=True)
        ),
    )


def _stoppable(leaf: str, taxonomy: Taxonomy) -> Iterable[str]:
    """The parents above a leaf for which it counts."""
    queue = taxonomy.inherited(leaf, "queue")
    if queue:
        for parent in taxonomy.ancestors(leaf):
            if taxonomy.inherited(parent, "queue") == queue:
                yield parent


def parent_probabilities(
    probabilities: NDArray[np.float64], drivers: Sequence[str], taxonomy: Taxonomy
) -> NDArray[np.float64]:
    """The probability (n, P) of each of `taxonomy.parents`, given that it is one of the drivers.

    The sum over all its leaves, whichever queue they go to. `probabilities` (n, k) of the k
    `drivers`; one that the taxonomy does not have counts for no parent.
    """
    places = {parent: place for place, parent in enumerate(taxonomy.parents)}
    below = np.zeros((len(drivers), len(places)))
    for column, driver in enumerate(drivers):
        if driver in taxonomy:
            below[column, [places[each] for each in taxonomy.ancestors(driver)]] = 1.0
    return np.asarray(probabilities @ below, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Where n messages may stop, on s levels: the leaf first, the deepest parents next.

    `names`: the k drivers, then P parents; `queues`: where each leads. `places` (n, s): the column
    in `names`. `confidence` (n, s): in [0, 1], or -1 where a message may not stop yet; never lower
    on a level than before, and where a level offers nothing surer it repeats the one before.
    """

    taxonomy: Taxonomy
    names: tuple[str, ...]
    queues: tuple[str, ...]
    places: NDArray[np.intp]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def heading(self) -> NDArray[np.intp]:
        """A column (n,) in `queues`: the queue each message goes to if it stops at all."""
        return self.places[:, -1]

    def reached(self, threshold: float | NDArray[np.float64]) -> NDArray[np.intp]:
        """The first level (n,) that reaches the threshold, one for all or one each; -1 for none."""
        return first_reached(self.confidence, threshold)

    def right(self, labels: Sequence[Label]) -> NDArray[np.bool_]:
        """Whether each message (n, s) is right to stop there: at a leaf if its label names it; at
        a parent if it names a driver below that goes to the parent's queue."""
        held = np.zeros((len(self), len(self.names)), dtype=bool)
        columns = {name: column for column, name in enumerate(self.names)}
        above = {driver: self._above(driver, columns) for each in labels for driver in each.drivers}
        for row, label in enumerate(labels):
            for driver in label.drivers:
                held[row, above[driver]] = True
        return np.take_along_axis(held, self.places, axis=1)

    def _above(self, driver: str, columns: dict[str, int]) -> list[int]:
        """The columns of a label's driver and of the parents at which it is right to stop."""
        known = driver in self.taxonomy
        names = (driver, *(_stoppable(driver, self.taxonomy) if known else ()))
        return [columns[each] for each in names if each in columns]


def stops_of(predictions: Predictions, taxonomy: Taxonomy) -> Stops:
    """Where each of n predictions may stop: exactly what `stops` says of each.

    One level (s = 1), that of the leaves, where the taxonomy has no parents to stop at.
    """
    drivers, parents = predictions.drivers, parents_of(predictions.drivers, taxonomy)
    queues = (*map(taxonomy.queue, drivers), *parents.queues)
    places, confidence = _offered(predictions, parents, taxonomy)
    if parents.ids:
        confidence = _of_one_queue(confidence, _numbered(queues)[places])
        places, confidence = _climbed(places, confidence)
    return Stops(taxonomy, (*drivers, *parents.ids), queues, places, confidence)


def _offered(
    predictions: Predictions, parents: Parents, taxonomy: Taxonomy
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The likeliest leaf, and the likeliest parent of each level: places and confidence (n, s)."""
    likeliest, confidence = predictions.likeliest, predictions.confidence
    leaves, unknown = frozenset(taxonomy.leaves), predictions.unknown
    kept = np.array([each in leaves for each in predictions.drivers], dtype=bool)
    places = [likeliest]
    offered = [np.where(kept[likeliest] & (confidence > unknown), confidence, NOWHERE)]
    masses = _masses(predictions, parents)
    for level in parents.levels:
        here = masses[list(level)]
        best = here.max(axis=0)
        places.append(len(predictions.drivers) + np.array(level)[here.argmax(axis=0)])
        offered.append(np.where((best >= LEAST_AT_PARENT) & (best > unknown), best, NOWHERE))
    return np.stack(places, axis=1), np.stack(offered, axis=1)


def _masses(predictions: Predictions, parents: Parents) -> NDArray[np.float64]:
    """The confidence (P, n) of each parent. Summed column by column, not as a matrix product, so
    that one message alone gets the same sum to the last bit, and a part never more than all."""
    of_driver = np.ascontiguousarray(predictions.probabilities.T)
    found = np.zeros((len(parents.ids), len(predictions)))
    for column, place in parents.above:
        found[place] += of_driver[column]
    return (1.0 - predictions.unknown) * found


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    """A number for each name, the same for the same one."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.intp)


def _of_one_queue(confidence: NDArray[np.float64], queue: NDArray[np.intp]) -> NDArray[np.float64]:
    """The confidence (n, s) of the stops in the queue that each message heads for; -1 for others.

    The leaf's where that has half of the probability, else that of the surest stop; the first of
    equals.
    """
    surest = np.where(confidence[:, 0] >= LEAST_AT_PARENT, 0, confidence.argmax(axis=1))
    home = queue[np.arange(len(queue)), surest]
    return np.where(queue == home[:, None], confidence, NOWHERE)


def _climbed(
    places: NDArray[np.intp], confidence: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Level by level the surest stop so far (n, s), the first of equals."""
    places, confidence = places.copy(), confidence.copy()
    for level in range(1, confidence.shape[1]):
        surer = confidence[:, level] > confidence[:, level - 1]
        places[:, level] = np.where(surer, places[:, level], places[:, level - 1])
        confidence[:, level] = np.where(surer, confidence[:, level], confidence[:, level - 1])
    return places, confidence


def stops(prediction: Prediction, taxonomy: Taxonomy) -> tuple[Stop, ...]:
    """Where one message may stop: all in one queue, each surer than the one before; maybe none."""
    leaf = tuple(_leaf(prediction, taxonomy))
    offered = (*leaf, *_likeliest_parents(prediction, taxonomy))
    if not offered:
        return ()
    half = bool(leaf) and leaf[0].confidence >= LEAST_AT_PARENT
    home = leaf[0] if half else max(offered, key=lambda each: each.confidence)
    found: list[Stop] = []
    for each in offered:
        if each.queue == home.queue and (not found or each.confidence > found[-1].confidence):
            found.append(each)
    return tuple(found)


def _leaf(prediction: Prediction, taxonomy: Taxonomy) -> Iterable[Stop]:
    """The likeliest driver, where it is a leaf and likelier than none of the drivers."""
    driver, confidence = prediction.driver, prediction.confidence
    if confidence > prediction.unknown and driver in taxonomy.leaves:
        yield Stop(driver, taxonomy.queue(driver), confidence)


def _likeliest_parents(prediction: Prediction, taxonomy: Taxonomy) -> Iterable[Stop]:
    """The likeliest parent of each level, deepest first, where it is likely enough."""
    known = 1.0 - prediction.unknown
    parents = parents_of(prediction.drivers, taxonomy)
    shares, sums = prediction.probabilities.tolist(), [0.0] * len(parents.ids)
    for column, place in parents.above:
        sums[place] += shares[column]
    for level in parents.levels:
        place = max(level, key=lambda each: known * sums[each])
        confidence = known * sums[place]
        if confidence >= LEAST_AT_PARENT and confidence > prediction.unknown:
            yield Stop(parents.ids[place], parents.queues[place], confidence)


def first_reached(
    confidence: NDArray[np.float64], threshold: float | NDArray[np.float64]
) -> NDArray[np.intp]:
    """The first level (n,) of confidences (n, s), never lower on a level than before, that reaches
    the threshold, one for all or one each; -1 for none."""
    below = (confidence < np.expand_dims(threshold, -1)).sum(axis=1)
    return np.where(below < confidence.shape[1], below, -1)


def leveled(values: NDArray[Any]) -> NDArray[Any]:
    """Values (n, s) of the stops of n messages, also where they are of the first alone (n,)."""
    return values[:, None] if values.ndim == 1 else values


def summed(
    values: NDArray[Any], confidence: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[Any]:
    """For each threshold (g,) the sum over messages of the value at their first stop to reach it.

    `values` and `confidence` (n, s), the latter never lower from one level to the next.
    """
    total = _reaching(values[:, 0], confidence[:, 0], thresholds)
    for level in range(1, confidence.shape[1]):
        here, before = confidence[:, level], confidence[:, level - 1]
        total = total + _reaching(values[:, level], here, thresholds)
        total = total - _reaching(values[:, level], before, thresholds)
    return total


def _reaching(
    values: NDArray[Any], confidence: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[Any]:
    """For each threshold (g,) the sum of the values (n,) whose confidence reaches it."""
    order = np.argsort(-confidence, kind="stable")
    reached = np.searchsorted(-confidence[order], -thresholds, side="right")
    return np.concatenate([[0], np.cumsum(values[order])])[reached]
