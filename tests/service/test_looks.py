"""Looking again and again promises no more than is said: each look has its number and its level."""

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import binom

from classifier.promise import promise
from service.looks import ERROR, Look, next_look
from service.tables import CheckRow

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ROUTING = "routing"


def looked(number: int, labels: int, *, routing: str = ROUTING) -> CheckRow:
    """A look that was made at so many labels."""
    level = 1 - ERROR / 2 ** max(number - 1, 0)
    look = Look(number, level, labels, named(labels) + routing, new=True)
    return look.row("2026-11-01.1", "An", NOW)


def following(checks: list[CheckRow], labels: int, *, routing: str = ROUTING) -> Look:
    return next_look(checks, labels, named(labels), routing)


def named(labels: int) -> str:
    return f"{labels} labels".ljust(16)


def test_the_first_look_is_at_95_percent_and_each_further_one_at_half_its_error() -> None:
    checks: list[CheckRow] = []
    levels = []
    for labels in (100, 150, 225, 338):
        found = following(checks, labels)
        levels.append(round(found.level, 6))
        checks.append(found.row("2026-11-01.1", "An", NOW))
    assert levels == [0.95, 0.975, 0.9875, 0.99375]
    assert sum(1 - level for level in levels) < 2 * ERROR


def test_the_same_labels_are_the_same_look() -> None:
    found = following([looked(1, 100), looked(2, 160)], 100)
    assert (found.number, found.level, found.new) == (1, 0.95, False)


@pytest.mark.parametrize(("labels", "wait"), [(101, 49), (149, 1), (150, 0)])
def test_labels_are_looked_at_again_once_there_are_half_as_many_more(
    labels: int, wait: int
) -> None:
    found = following([looked(1, 100)], labels)
    assert (found.wait, found.new) == (wait, wait == 0)


def test_a_look_that_tested_nothing_is_no_look() -> None:
    found = following([looked(0, 20), looked(0, 30)], 31)
    assert (found.number, found.level, found.wait) == (1, 0.95, 0)


def test_other_queues_are_looked_at_anew_and_that_costs() -> None:
    found = following([looked(1, 100)], 100, routing="other queues")
    assert (found.number, found.level, found.new) == (2, 0.975, True)


def test_too_few_labels_for_any_test_leave_the_number_at_zero() -> None:
    look = following([], 50)
    few = promise(np.full(50, 0.9), np.ones(50, bool), ["a"] * 50)
    enough = promise(np.full(59, 0.9), np.ones(59, bool), ["a"] * 59)
    assert look.tested(few.values()).number == 0
    assert look.tested(enough.values()).number == 1


def test_however_often_somebody_looks_the_promise_is_broken_in_at_most_10_percent() -> None:
    """Six looks at labels of which too few are right; any promise among them is a broken one."""
    replays, broken = 500, 0
    for seed in range(replays):
        right = np.random.default_rng([seed, 11]).random(600) < 0.949
        checks: list[CheckRow] = []
        for labels in (60, 90, 140, 220, 350, 600):
            look = following(checks, labels)
            assert look.number == len(checks) + 1
            checks.append(look.row("2026-11-01.1", "An", NOW))
            made = promise(np.full(labels, 0.97), right[:labels], ["a"] * labels, level=look.level)
            if made["a"].kept:
                broken += 1
                break
    assert broken <= binom.ppf(0.999, replays, 2 * ERROR)
    assert broken > 0, "the replays can tell"
