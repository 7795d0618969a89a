"""Contacts, mix and measurement add up to the change, and each takes what is its own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.volumes import SecondOpinions, Volumes, VolumeTerms, estimate_volumes, volume_terms
from classifier.volumes.bridge import Reading, ReadTwice, bridged, divided
from classifier.volumes.split import (
    Part,
    Remeasured,
    Split,
    remeasured,
    split_change,
    split_plain,
)

Floats = NDArray[np.float64]
SHARES = np.array([0.3, 0.25, 0.2, 0.15, 0.07, 0.03, 0.0])
SHIFTED = np.array([0.18, 0.25, 0.2, 0.15, 0.07, 0.15, 0.0])
K = len(SHARES)
UNKNOWN = K - 1
SPLIT_IN_TWO = (0, 4)
"""Drivers that the old taxonomy knew as one, which the new one does not have: its are unknown."""
REPLAYS = 100
NO_CORRECTION = {"second_correction": np.zeros(K)}


@dataclass(frozen=True)
class Week:
    """Messages: what each is about, what it looks like to whoever reads it, and who was asked."""

    truth: NDArray[np.intp]
    likeness: Floats
    model: Floats
    inclusion: Floats
    reviewed: NDArray[np.bool_]
    merged: bool

    @classmethod
    def of(
        cls,
        random: np.random.Generator,
        n: int,
        shares: Floats,
        *,
        confuses: float,
        merged: bool = False,
    ) -> "Week":
        truth = random.choice(K, size=n, p=shares)
        likeness = random.normal(0, 1, (n, K)) - 3.0 * (np.arange(K) == UNKNOWN)
        likeness[np.arange(n), truth] += 3.0
        model = read(truth, likeness, confuses, merged=merged)
        inclusion = np.minimum(1.0, 0.06 + 0.3 * np.sqrt(1 - (model**2).sum(axis=1)))
        return cls(truth, likeness, model, inclusion, random.random(n) < inclusion, merged)

    @property
    def answers(self) -> NDArray[np.intp]:
        """What people say in the taxonomy of the week, in the columns of the new one."""
        among = np.isin(self.truth, SPLIT_IN_TWO) & self.merged
        return np.where(among, UNKNOWN, self.truth)

    @property
    def terms(self) -> VolumeTerms:
        return volume_terms(self.model, self.answers, self.inclusion, self.reviewed)

    @property
    def counts(self) -> Floats:
        return np.bincount(self.truth, minlength=K).astype(np.float64)

    def again(
        self, random: np.random.Generator, shown: Volumes, *, confuses: float, most: int
    ) -> Remeasured:
        """By the new model and taxonomy, from so many messages of each kind at most."""
        kinds = (np.flatnonzero(self.reviewed), np.flatnonzero(~self.reviewed))
        some = np.concatenate([random.permutation(kind)[:most] for kind in kinds])
        after = read(self.truth[some], self.likeness[some], confuses)
        counted = np.eye(K)[self.answers[some]]
        allowed = (
            np.isin(np.arange(K), [*SPLIT_IN_TWO, UNKNOWN])[None]
            & (self.answers[some] == UNKNOWN)[:, None]
        )
        meant = np.where(
            allowed.any(axis=1, keepdims=True) & self.merged, divided(after, allowed), counted
        )
        before = self.model[some]
        sample = ReadTwice(
            before=Reading(probabilities=before, said=before, labels=counted),
            after=Reading(probabilities=after, said=after, labels=meant),
            inclusion=self.inclusion[some],
            reviewed=self.reviewed[some],
        )
        return remeasured(bridged(self.terms, sample), shown)


def read(
    truth: NDArray[np.intp], likeness: Floats, confuses: float, *, merged: bool = False
) -> Floats:
    """What a model says; one that `confuses` takes so large a share of driver 0 for driver 1."""
    seen = likeness.copy()
    fooled = (truth == 0) & (np.modf(np.abs(likeness[:, 2]) * 97)[0] < confuses)
    seen[fooled, 1] += 6.0
    p = np.exp(2 * seen)
    p /= p.sum(axis=1, keepdims=True)
    if merged:
        p[:, UNKNOWN] += p[:, SPLIT_IN_TWO].sum(axis=1)
        p[:, SPLIT_IN_TWO] = 0.0
    return np.asarray(p)


@dataclass(frozen=True)
class Replay:
    split: Split
    plain: Split
    then: Week
    now: Week

    @property
    def contacts(self) -> Floats:
        return (len(self.now.truth) / len(self.then.truth) - 1) * self.then.counts

    @property
    def mix(self) -> Floats:
        return self.now.counts - self.then.counts - self.contacts


def replay(
    random: np.random.Generator,
    *,
    shares: Floats = SHARES,
    confuses: tuple[float, float] = (0.0, 0.5),
    merged: bool = False,
    bridge: bool = True,
    most: int = 10_000,
) -> Replay:
    """A change between two weeks: the model confuses so much then, and so much now."""
    then = Week.of(random, 1300, SHARES, confuses=confuses[0], merged=merged)
    now = Week.of(random, 1500, shares, confuses=confuses[1])
    volumes = (estimate_volumes(now.terms), estimate_volumes(then.terms))
    again = None
    if bridge:
        each = zip((now, then), volumes, strict=True)
        this, last = (
            week.again(random, shown, confuses=confuses[1], most=most) for week, shown in each
        )
        again = (this, last)
    messages, plain = (1500, 1300), (now.terms.naive, then.terms.naive)
    return Replay(
        split_change(*volumes, messages, by_newest=again),
        split_plain(*plain, messages, by_newest=again),
        then,
        now,
    )


def replays(**options: object) -> list[Replay]:
    random = np.random.default_rng(20261122)
    return [replay(random, **options) for _ in range(REPLAYS)]  # type: ignore[arg-type]


def add_up(found: Iterable[Replay]) -> bool:
    return all(
        np.allclose(
            each.contacts.value + each.mix.value + each.measurement.value,
            each.change,
            rtol=0,
            atol=1e-9,
        )
        for replayed in found
        for each in (replayed.split, replayed.plain)
    )


def coverage(pairs: Iterable[tuple[Part, Floats]]) -> Floats:
    """(columns,) how often the limits of a part hold its truth."""
    held = []
    for part, truth in pairs:
        assert part.low is not None
        assert part.high is not None
        held.append((part.low <= truth + 1e-9) & (truth <= part.high + 1e-9))
    return np.asarray(np.mean(held, axis=0))


def holds(found: list[Replay]) -> None:
    for covered in (
        coverage((each.split.mix, each.mix) for each in found),
        coverage((each.split.contacts, each.contacts) for each in found),
    ):
        assert covered.mean() >= 0.93
        assert covered.min() >= 0.88, "of any driver, four standard errors below 95 %"


@pytest.mark.parametrize("most", [10_000, 250])
def test_the_same_customers_under_a_worse_model_is_measurement(most: int) -> None:
    found = replays(most=most)
    assert add_up(found)
    holds(found)
    changed = np.mean([each.plain.change for each in found], axis=0)
    measured = np.mean([each.plain.measurement.value for each in found], axis=0)
    mix = np.mean([each.plain.mix.value for each in found], axis=0)
    assert changed[1] > 200, "the plain count says that a driver grew by more than half"
    assert measured[1] > 160
    assert abs(mix[:2]) == pytest.approx([0, 0], abs=5), "what is left of it is that more came in"
    nothing = coverage((each.split.measurement, np.zeros(K)) for each in found)
    assert nothing.mean() >= 0.93, "answers corrected both weeks: nothing is left but chance"


def test_other_customers_under_the_same_model_is_no_measurement() -> None:
    found = replays(shares=SHIFTED, confuses=(0.3, 0.3), bridge=False)
    assert add_up(found)
    holds(found)
    for each in found:
        assert not each.split.measurement.value.any()
        assert not each.plain.measurement.value.any()
    mix = np.array([each.split.mix.value for each in found])
    assert np.mean([each.split.mix.clear[5] for each in found]) > 0.9
    assert mix.mean(axis=0)[5] == pytest.approx(1500 * 0.12, rel=0.1)


def test_both_are_told_apart() -> None:
    found = replays(shares=SHIFTED)
    assert add_up(found)
    holds(found)
    mix = np.mean([each.plain.mix.value for each in found], axis=0)
    measured = np.mean([each.plain.measurement.value for each in found], axis=0)
    assert mix[5] == pytest.approx(1500 * 0.12, rel=0.1), "customers changed"
    assert measured[1] > 160, "the model did"
    assert abs(measured[5]) < 5


def test_a_driver_split_in_two_is_measurement_and_what_grew_is_mix() -> None:
    found = replays(shares=SHIFTED, confuses=(0.0, 0.0), merged=True)
    assert add_up(found)
    holds(found)
    truth = [_split_in_two(each.then) for each in found]
    measured = np.mean([each.split.measurement.value for each in found], axis=0)
    assert measured == pytest.approx(np.mean(truth, axis=0), abs=20), "the model's word, divided"
    told = coverage((each.split.measurement, of) for each, of in zip(found, truth, strict=True))
    assert told.min() >= 0.8
    clear = np.mean([each.split.measurement.clear for each in found], axis=0)
    assert clear[[*SPLIT_IN_TWO, UNKNOWN]].min() == 1.0, "beyond chance, in every replay"


def _split_in_two(week: Week) -> Floats:
    """What the new taxonomy adds to the week's counts."""
    found = np.zeros(K)
    among = list(SPLIT_IN_TWO)
    found[among] = week.counts[among]
    found[UNKNOWN] = -week.counts[among].sum()
    return found


def test_a_bridge_of_too_few_messages_is_refused() -> None:
    random = np.random.default_rng(1)
    week = Week.of(random, 200, SHARES, confuses=0.0)
    with pytest.raises(ValueError, match="too few messages"):
        week.again(random, estimate_volumes(week.terms), confuses=0.0, most=1)


def test_where_all_is_read_again_the_bridge_is_exact() -> None:
    random = np.random.default_rng(2)
    week = Week.of(random, 400, SHARES, confuses=0.0)
    shown = estimate_volumes(week.terms)
    by_other = read(week.truth, week.likeness, 0.5)
    terms = volume_terms(by_other, week.answers, week.inclusion, week.reviewed)
    again = week.again(random, shown, confuses=0.5, most=400)
    assert again.volumes.total == pytest.approx(estimate_volumes(terms).total)
    assert again.volumes.point == pytest.approx(estimate_volumes(terms).point)
    assert again.plain_half == pytest.approx(np.zeros(K))


def test_second_opinions_say_as_much_whoever_reads_the_week() -> None:
    random = np.random.default_rng(3)
    week = Week.of(random, 4000, SHARES, confuses=0.0)
    n = len(week.truth)
    mistaken = np.where(random.random(n) < 0.1, (week.truth + 1) % UNKNOWN, week.truth)
    given = week.reviewed & (random.random(n) < 0.5)
    second = SecondOpinions(labels=week.truth, inclusion=np.full(n, 0.5), given=given)
    terms = volume_terms(week.model, mistaken, week.inclusion, week.reviewed, second=second)
    shown = estimate_volumes(terms)
    assert not np.allclose(shown.total, estimate_volumes(replace(terms, **NO_CORRECTION)).total)
    same = Reading(probabilities=week.model, said=week.model, labels=np.eye(K)[mistaken])
    sample = ReadTwice(before=same, after=same, inclusion=week.inclusion, reviewed=week.reviewed)
    again = remeasured(bridged(terms, sample), shown)
    assert again.volumes.total == pytest.approx(shown.total)
    assert again.volumes.variance == pytest.approx(shown.variance)


def test_an_answer_is_divided_by_what_the_model_thinks_of_what_it_may_be() -> None:
    p = np.array([[0.6, 0.3, 0.1], [0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])
    allowed = np.array([[True, True, False], [True, True, False], [False, False, False]])
    found = divided(p, allowed)
    assert found == pytest.approx(np.array([[2 / 3, 1 / 3, 0], [0.5, 0.5, 0], [0, 0, 0]]))


def test_limits_hold_where_the_model_learned_that_the_new_driver_is_unknown() -> None:
    """Its old messages were all answered as unknown, and taught the model to say so: of sixty that
    look like it forty are, and the model gives it a seventh of them."""
    random, held = np.random.default_rng(3), []
    for _ in range(REPLAYS):
        new = np.arange(400) < 60
        before = np.tile([0.05, 0.0, 0.95], (400, 1))
        after = np.where(new[:, None], [0.02, 0.15, 0.83], [0.05, 0.0005, 0.9495])
        counted = np.tile([0.0, 0.0, 1.0], (400, 1))
        meant = divided(after, np.tile([False, True, True], (400, 1)))
        inclusion, reviewed = np.full(400, 0.3), random.random(400) < 0.3
        sample = ReadTwice(
            before=Reading(probabilities=before, said=before, labels=counted),
            after=Reading(probabilities=after, said=after, labels=meant),
            inclusion=inclusion,
            reviewed=reviewed,
        )
        terms = volume_terms(before, np.full(400, 2), inclusion, reviewed)
        again = remeasured(bridged(terms, sample), estimate_volumes(terms))
        assert again.volumes.point[1] < 20, "the model's word is half the truth, or less"
        held.append(again.volumes.low[1] <= 40 <= again.volumes.high[1])
    assert np.mean(held) >= 0.93
