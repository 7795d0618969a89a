"""A bridge between two weeks that were not measured alike: messages read by both rulers.

A *ruler* is what measures a week: the models that predicted its messages, and the taxonomy in
which people answered. See `classifier.volumes.split` for what a bridge is for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.volumes.terms import COLUMN_FIELDS, Floats, VolumeTerms, volume_terms

IMPUTED: Final = 16
"""So many times an answer that may mean several drivers is drawn, evenly by their probability."""
CERTAIN: Final = 1e-9
MISTAKEN: Final = 20.0
"""How far a model's odds of what an answer means may be off: it learned from such answers, too."""

LEAST: Final = 0.25
"""Messages squared: half a message of doubt, however alike the messages read again are."""

MAY_BE_NEGATIVE: Final = ("expected", "correction", "second_correction", "second_surplus")
Groups = Sequence[Sequence[int]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """n messages by one ruler, in the k leaf columns of the taxonomy in use.

    `probabilities` (n, k): recalibrated, rows sum to 1; `said` (n, k): what the model said itself,
    for the plain count. `labels` (n, k): of an answered message the probability that its answer
    means each column, summing to 1; rows of the others are not looked at.
    """

    probabilities: Floats
    said: Floats
    labels: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class ReadTwice:
    """A sample of a week's counted messages, read by the rulers they had and by the newest.

    A simple random one among the answered messages, and one among the others, chosen without
    regard to what they say. `inclusion` (n,) and `reviewed` (n,) as `volume_terms` takes them.
    """

    before: Reading
    after: Reading
    inclusion: Floats
    reviewed: NDArray[np.bool_]

    def __post_init__(self) -> None:
        n, k = self.before.probabilities.shape
        readings = (self.before, self.after)
        arrays = [x for each in readings for x in (each.probabilities, each.said, each.labels)]
        if any(x.shape != (n, k) for x in arrays):
            raise ValueError(f"both readings need probabilities, said and labels of ({n}, {k})")
        if self.inclusion.shape != (n,) or self.reviewed.shape != (n,):
            raise ValueError(f"inclusion and reviewed must have shape ({n},)")

    def speaks_for(self, week: VolumeTerms) -> bool:
        """Whether there are messages enough of both kinds to speak for all of the week's."""
        pairs = zip(self._sizes, _sizes(week), strict=True)
        return all(mine >= min(all_, 2) for mine, all_ in pairs)

    def weights(self, week: VolumeTerms) -> Floats:
        """(n,) how many of the week's messages each stands for."""
        mine, all_ = self._sizes, _sizes(week)
        each = [total / max(1, count) for count, total in zip(mine, all_, strict=True)]
        return np.where(self.reviewed, each[0], each[1])

    @property
    def _sizes(self) -> tuple[int, int]:
        answered = int(self.reviewed.sum())
        return answered, len(self.reviewed) - answered


@dataclass(frozen=True, eq=False, kw_only=True)
class Bridge:
    """A week's terms as it was measured, and as the newest ruler measures the same messages.

    (columns,) each: `plain`, how many of all messages the newest model would name; `fewer` and
    `more`, by how much the total afterwards may be off because a model said what answers mean; and
    variances in messages squared: `chance` of the difference between the two totals, by which
    questions happened to be drawn, `doubt` of the total afterwards, and `plain_doubt` of `plain`,
    because not all messages were read again. `scored`: how many messages it rests on.
    """

    before: VolumeTerms
    after: VolumeTerms
    plain: Floats
    chance: Floats
    doubt: Floats
    fewer: Floats
    more: Floats
    plain_doubt: Floats
    scored: int


def divided(probabilities: ArrayLike, allowed: ArrayLike) -> Floats:
    """(n, k) what answers mean now: the model's probabilities (n, k) among what each answer may
    be, `allowed` (n, k) bool; evenly where the model gives those nothing, 0 where it may be
    nothing."""
    among = np.asarray(allowed, dtype=np.bool_)
    p = np.where(among, np.asarray(probabilities, dtype=np.float64), 0.0)
    p = np.where(p.sum(axis=1, keepdims=True) > 0, p, among)
    sums = p.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(p, sums, out=np.zeros_like(p), where=sums > 0))


def bridged(week: VolumeTerms, sample: ReadTwice, *, groups: Groups = ()) -> Bridge:
    """The terms of a week by the newest ruler, from a sample read by both.

    `week`: its terms as it was measured, in the leaves of the sample followed by `groups`, the
    leaf columns of each. What the rulers differ in is estimated, not what they say: where they
    agree, a sample says as much as all messages do. Exact where all were read. Raises ValueError
    if the columns differ, or the sample does not speak for the week.
    """
    if (week.leaves, week.columns - week.leaves) != (sample.before.said.shape[1], len(groups)):
        raise ValueError("the week and the sample need the same columns")
    if not sample.speaks_for(week):
        raise ValueError("too few messages were read twice")
    weights = sample.weights(week)
    moved, plain = _moved(sample, groups), _moved_plain(sample, groups)
    fewer, more = _leeway(sample, groups, weights)
    return Bridge(
        before=week,
        after=_after(week, sample, groups, weights),
        plain=week.naive + weights @ plain,
        chance=_chance(sample, groups, weights),
        doubt=_sampling(moved, sample.reviewed, weights),
        fewer=fewer,
        more=more,
        plain_doubt=_sampling(plain, sample.reviewed, weights),
        scored=len(weights),
    )


def _sizes(week: VolumeTerms) -> tuple[int, int]:
    return week.answers, week.messages - week.answers


def _after(week: VolumeTerms, sample: ReadTwice, groups: Groups, weights: Floats) -> VolumeTerms:
    """The week's terms and what the rulers differ in, summed over the messages of the sample."""
    sums = {name: getattr(week, name).copy() for name in COLUMN_FIELDS}
    for part in (sample.reviewed, ~sample.reviewed):
        if part.any():
            after, before = (
                _terms(each, sample, part, groups) for each in (sample.after, sample.before)
            )
            for name, values in sums.items():
                values += weights[part][0] * (getattr(after, name) - getattr(before, name))
    for name in set(sums).difference(MAY_BE_NEGATIVE):
        sums[name] = np.maximum(sums[name], 0.0)
    return replace(week, **sums)


def _terms(
    reading: Reading, sample: ReadTwice, part: NDArray[np.bool_], groups: Groups
) -> VolumeTerms:
    """Terms of a part of the sample, over all that its answers may mean."""
    drawn = [
        volume_terms(
            reading.probabilities[part],
            labels,
            sample.inclusion[part],
            sample.reviewed[part],
            groups=groups,
            said=reading.said[part],
        )
        for labels in _drawn(reading.labels[part])
    ]
    means = {n: np.mean([getattr(each, n) for each in drawn], axis=0) for n in COLUMN_FIELDS}
    return replace(drawn[0], **means)


def _drawn(labels: Floats) -> list[NDArray[np.int64]]:
    """What answers mean, drawn evenly by their probability; once where that is certain."""
    likeliest = labels.argmax(axis=1)
    unsure = labels.max(axis=1) < 1 - CERTAIN
    if not np.any(unsure & (labels.sum(axis=1) > 0)):
        return [likeliest]
    steps = labels[unsure].cumsum(axis=1)
    # Each message begins elsewhere: together they are as even as each is by itself.
    start = np.arange(unsure.sum()) * 0.6180339887 % 1
    found = []
    for number in range(IMPUTED):
        at = ((start + number) / IMPUTED % 1)[:, None] * steps[:, -1:]
        each = likeliest.copy()
        each[unsure] = (steps <= at).sum(axis=1).clip(max=labels.shape[1] - 1)
        found.append(each)
    return found


def _with_groups(values: Floats, groups: Groups) -> Floats:
    sums = [values[:, list(members)].sum(axis=1) for members in groups]
    return np.column_stack([values, *sums]) if groups else values


def _odds(sample: ReadTwice) -> Floats:
    """(n,) (1−π)/π, 0 where nobody could be asked."""
    pi = np.where(np.isnan(sample.inclusion), 1.0, sample.inclusion)
    return np.asarray((1 - pi) / pi)


def _differences(sample: ReadTwice, groups: Groups) -> tuple[Floats, Floats]:
    """(n, columns) each: by how much probabilities differ, and what answers mean; 0 without one."""
    spread = sample.after.probabilities - sample.before.probabilities
    meant = np.where(sample.reviewed[:, None], sample.after.labels - sample.before.labels, 0.0)
    return _with_groups(spread, groups), _with_groups(meant, groups)


def _moved(sample: ReadTwice, groups: Groups) -> Floats:
    """(n, columns) what each message adds to the difference of the totals."""
    spread, meant = _differences(sample, groups)
    answered = np.where(sample.reviewed, _odds(sample) + 1, 0.0)
    return np.asarray(spread + answered[:, None] * (meant - spread))


def _moved_plain(sample: ReadTwice, groups: Groups) -> Floats:
    """(n, columns) what each message adds to the difference between the newest model's own count
    and the plain count, which takes people's word where there is one."""
    before = np.where(sample.reviewed[:, None], sample.before.labels, _named(sample.before.said))
    return _with_groups(_named(sample.after.said) - before, groups)


def _named(said: Floats) -> Floats:
    """(n, k) the likeliest column of each message, shared where several are."""
    best = (said == said.max(axis=1, keepdims=True)).astype(np.float64)
    return np.asarray(best / best.sum(axis=1, keepdims=True))


def _chance(sample: ReadTwice, groups: Groups, weights: Floats) -> Floats:
    """Variance of T' − T by the draw of the questions: Σ (1−π)/π·e², where e is what an answer
    adds to what the models differ in. With one taxonomy e is known of every message; with another
    only of those that were answered."""
    spread, meant = _differences(sample, groups)
    odds = _odds(sample)
    by_all = (weights * odds) @ spread**2
    answered = np.where(sample.reviewed, weights * odds * (odds + 1), 0.0)
    by_answers = answered @ (meant - spread) ** 2
    return np.where(np.abs(meant).max(axis=0, initial=0.0) > CERTAIN, by_answers, by_all)


def _leeway(sample: ReadTwice, groups: Groups, weights: Floats) -> tuple[Floats, Floats]:
    """By how much less, and more, T' would be had the model's odds of what answers mean been
    `MISTAKEN` times as low, and as high."""
    meant = _with_groups(sample.after.labels, groups).clip(0.0, 1.0)
    answered = np.where(sample.reviewed, weights * (_odds(sample) + 1), 0.0)
    fewer = meant / (meant + MISTAKEN * (1 - meant))
    more = MISTAKEN * meant / (MISTAKEN * meant + 1 - meant)
    return answered @ (meant - fewer), answered @ (more - meant)


def _sampling(values: Floats, reviewed: NDArray[np.bool_], weights: Floats) -> Floats:
    """Variance of the sum over a week of what a sample of both kinds of messages adds to it."""
    found = np.zeros(values.shape[1])
    for part in (reviewed, ~reviewed):
        n = int(part.sum())
        if n > 1:
            scale = weights[part][0]
            found += scale * (scale - 1) * (n * values[part].var(axis=0, ddof=1) + LEAST)
    return found
