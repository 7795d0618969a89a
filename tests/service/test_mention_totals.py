"""Totals of every driver a message is about: right on average, and within their intervals."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from classifier.volumes import (
    AnsweredMentions,
    VolumeTerms,
    estimate_volumes,
    fit_mentions,
    volume_terms,
)
from service.terms import Columns
from service.terms.mentions import mention_labels, mention_probabilities, named_drivers
from service.terms.probabilities import Logged

DRIVERS, PARENTS = 12, 3
COLUMNS = Columns(
    (*(f"d{number}" for number in range(DRIVERS)), "unknown"),
    tuple(f"p{number}" for number in range(PARENTS)),
    tuple(tuple(range(4 * number, 4 * number + 4)) for number in range(PARENTS)),
)
SHARES = 1 / np.arange(1, DRIVERS + 1)
SHARES /= SHARES.sum()


class Said(NamedTuple):
    driver: str | None
    also: list[str]


def week(n: int, random: np.random.Generator) -> tuple[np.ndarray[Any, Any], list[Said]]:
    """Which of the drivers (n, drivers) messages are about, about a quarter of several; answers."""
    first = random.choice(DRIVERS, size=n, p=SHARES)
    about = np.eye(DRIVERS, dtype=bool)[first]
    others = random.choice(DRIVERS, size=n, p=SHARES)
    about[np.arange(n), np.where(random.random(n) < 0.3, others, first)] = True
    names = COLUMNS.leaves
    said = [
        Said(names[driver], [names[other] for other in np.flatnonzero(row) if other != driver])
        for driver, row in zip(first, about, strict=True)
    ]
    return about, said


class Told(NamedTuple):
    """What a model says: the first reason (n, leaves), and each driver at all (n, leaves)."""

    primary: np.ndarray[Any, Any]
    named: np.ndarray[Any, Any]


def model(
    about: np.ndarray[Any, Any], said: list[Said], random: np.random.Generator, sure: float = 1.0
) -> Told:
    """One that sees every driver, through noise; above 1 it is so many times too `sure` of each."""
    seen = random.normal(size=about.shape) + 2.5 * about
    prior = about.mean(axis=0)
    odds = np.exp(2.5 * seen - 2.5**2 / 2) * prior / (1 - prior)
    first = np.array([[name == each.driver for name in COLUMNS.leaves] for each in said])
    clue = np.exp(2.0 * (random.normal(size=first.shape) + 2.0 * first) - 2.0)
    clue *= np.column_stack([odds, np.full(len(odds), 0.01)])
    mentions = [_logged(row) for row in sure * odds / (1 + sure * odds)]
    primary = clue / clue.sum(axis=1, keepdims=True)
    return Told(primary, named_drivers(primary, mentions, COLUMNS))


def _logged(p: np.ndarray[Any, Any]) -> Logged:
    best = [number for number in np.argsort(-p)[:8] if p[number] >= 0.02]
    return Logged("m", [], 0.0, 0.0, [[COLUMNS.leaves[i], p[i], p[i] > 0.5, []] for i in best])


def summed(
    p: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], pi: np.ndarray[Any, Any], random: Any
) -> VolumeTerms:
    terms = volume_terms(p, labels, pi, random.random(len(pi)) < pi)
    return replace(terms, leaves=len(COLUMNS.leaves))


def test_totals_are_right_on_average_whatever_the_model_says() -> None:
    random = np.random.default_rng(20261122)
    _, said = week(120, random)
    labels = mention_labels(said, COLUMNS)  # type: ignore[arg-type]
    nonsense = random.random((120, len(COLUMNS.all))) ** 3
    pi, times = random.uniform(0.05, 0.6, 120), 3000
    totals = []
    for _ in range(times):
        terms = summed(nonsense, labels, pi, random)
        totals.append(terms.expected + terms.correction)
    error = np.mean(totals, axis=0) - labels.sum(axis=0)
    assert np.all(np.abs(error) < 4 * np.std(totals, axis=0) / np.sqrt(times))


def test_intervals_hold_for_drivers_parents_and_messages_about_several() -> None:
    random = np.random.default_rng(20261123)
    history: list[VolumeTerms] = []
    held = []
    for _ in range(60):
        about, said = week(600, random)
        labels = mention_labels(said, COLUMNS)  # type: ignore[arg-type]
        p = mention_probabilities(*model(about, said, random), COLUMNS)
        spread = np.sqrt((p[:, :DRIVERS] * (1 - p[:, :DRIVERS])).sum(axis=1))
        terms = summed(p, labels, np.minimum(1.0, 0.06 + 0.15 * spread), random)
        found = estimate_volumes(terms, history[-4:])
        truth = labels.sum(axis=0)
        held.append((found.low <= truth + 1e-9) & (truth <= found.high + 1e-9))
        history.append(terms)
    coverage = np.mean(held, axis=0)
    several = COLUMNS.several
    assert coverage[:several].mean() >= 0.94
    assert coverage[several] >= 0.88
    assert coverage[several + 1 :].mean() >= 0.92


def test_a_parent_is_at_least_as_likely_as_any_driver_below_it() -> None:
    random = np.random.default_rng(20261125)
    about, said = week(300, random)
    p = mention_probabilities(*model(about, said, random), COLUMNS)
    for number, members in enumerate(COLUMNS.members, start=len(COLUMNS.leaves)):
        assert np.all(p[:, number] >= p[:, list(members)].max(axis=1) - 1e-9)
        assert np.all(p[:, number] <= p[:, list(members)].sum(axis=1) + 1e-9)


def test_a_model_too_sure_of_mentions_is_mended_by_earlier_answers() -> None:
    """The answers of four weeks make the next week's volumes surer, and intervals still hold."""
    random = np.random.default_rng(20261126)
    leaves, weeks = len(COLUMNS.leaves), 60
    past: list[AnsweredMentions] = []
    plain: list[VolumeTerms] = []
    mended: list[VolumeTerms] = []
    errors, widths, held = [], [], []
    for number in range(weeks):
        about, said = week(600, random)
        labels, told = mention_labels(said, COLUMNS), model(about, said, random, sure=3.0)  # type: ignore[arg-type]
        pi = np.full(600, 0.15)
        reviewed = random.random(600) < pi
        fitted = fit_mentions(leaves, past[-4:]).apply(told.named)
        for kept, named in ((plain, told.named), (mended, fitted)):
            p = mention_probabilities(told.primary, named, COLUMNS)
            kept.append(replace(volume_terms(p, labels, pi, reviewed), leaves=leaves))
        past.append(
            AnsweredMentions(
                probabilities=told.named[reviewed],
                labels=labels[reviewed, :leaves],
                inclusion=pi[reviewed],
            )
        )
        if number >= 4:
            truth = labels.sum(axis=0)
            found = [estimate_volumes(each[-1], each[-5:-1]) for each in (plain, mended)]
            counted = [each[-1].expected for each in (plain, mended)]
            errors.append([(each - truth) ** 2 for each in (*counted, *(v.total for v in found))])
            widths.append([each.high - each.low for each in found])
            held.append((found[1].low <= truth + 1e-9) & (truth <= found[1].high + 1e-9))
    off, on, before, after = np.sqrt(np.mean(errors, axis=0)).mean(axis=1)
    wide, narrow = np.mean(widths, axis=(0, 2))
    assert on < 0.4 * off, "what the model counts by itself"
    assert after < 0.9 * before, "the volumes, corrected by answers"
    assert narrow < 0.9 * wide
    assert np.mean(held) >= 0.94
