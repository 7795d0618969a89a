"""The benchmark of weekly volumes: its worlds, its order of things, its figures."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.benchmarks.volumes import peers
from tests.benchmarks.volumes.__main__ import without_nan
from tests.benchmarks.volumes.bar import Goal, cells
from tests.benchmarks.volumes.jobs import BUDGETS, DOUBT, MESSAGES, Job, planned
from tests.benchmarks.volumes.peers import METHODS, NAIVE, OURS, PPI
from tests.benchmarks.volumes.pools import SOURCES, Pool, mistyped
from tests.benchmarks.volumes.replay import (
    Effort,
    Service,
    at_random,
    lived,
    most_doubtful_first,
)
from tests.benchmarks.volumes.report import figures, markdown
from tests.benchmarks.volumes.tallies import Tally, alarms, coverage, mean, ratio, tallied
from tests.benchmarks.volumes.tallies import found as found_of
from tests.benchmarks.volumes.worlds import MEASURED, NEW, SCENARIOS, WARMING, World

DRIVERS, SIZE = 40, 840


def made_up(seed: int = 0, sharpness: float = 4.0) -> Pool:
    """840 messages, some of them about a driver nobody trained on, some about none."""
    random = np.random.default_rng(seed)
    truth = np.arange(SIZE) % (DRIVERS + 2)
    logits = random.normal(size=(SIZE, DRIVERS))
    known = np.flatnonzero(truth < DRIVERS)
    logits[known, truth[known]] += sharpness
    worse = logits + random.normal(size=logits.shape)
    told, typed = (
        np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in (logits, worse)
    )
    unknown = np.where(truth > DRIVERS, 0.5, 0.05)
    return Pool(truth, told, unknown, typed, unknown, np.full(DRIVERS, 1 / DRIVERS))


@pytest.fixture(scope="module")
def pool() -> Pool:
    return made_up()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_week_is_the_same_every_time_and_its_probabilities_are_distributions(pool, scenario):
    world, again = World(pool, scenario, 1), World(made_up(), scenario, 1)
    week = world.week(WARMING, 300)
    np.testing.assert_array_equal(week.truth, again.week(WARMING, 300).truth)
    np.testing.assert_allclose(week.probabilities.sum(axis=1), 1)
    assert week.counts.sum() == 300
    assert np.all(world.counted[week.truth])
    assert np.any(week.truth != world.week(WARMING + 1, 300).truth)


def test_before_anything_moves_the_model_knows_how_common_drivers_are(pool):
    world = World(pool, "S1")
    week = world.week(0, 20_000)
    assert world.shares.sum() == pytest.approx(1)
    assert np.abs(week.counts / 20_000 - world.shares).max() < 0.01
    known = week.truth < pool.unseen
    taught = week.probabilities[known][:, : pool.unseen].mean(axis=0)
    assert np.corrcoef(taught, world.base[: pool.unseen])[0, 1] > 0.98


def test_a_new_driver_grows_once_the_service_is_at_home(pool):
    world = World(pool, "S3")
    found = [world.week(n, 4000).counts[pool.unseen] / 4000 for n in range(WARMING + MEASURED)]
    assert found[:WARMING] == [0.0] * WARMING
    assert found[-1] == pytest.approx(NEW, abs=0.02)
    assert np.all(np.diff(np.array(found)[WARMING::4]) > 0)


def test_a_confused_driver_looks_like_another_and_is_counted_as_itself(pool):
    usual, confused = World(pool, "S1"), World(pool, "S5")
    driver, taken_for = confused.pair
    week = confused.week(5, 4000)
    own = week.probabilities[week.truth == driver]
    assert 0.1 < np.mean(own.argmax(axis=1) == taken_for) < 0.5
    before = usual.week(5, 4000)
    assert np.mean(before.probabilities[before.truth == driver].argmax(axis=1) == taken_for) < 0.1


def test_typos_make_messages_harder_and_are_the_same_every_time():
    text = "Where is the parcel that was promised yesterday?"
    assert mistyped([text]) == mistyped([text])
    assert mistyped([text]) != [text]
    pool = made_up()
    assert pool.accuracy(mistyped=True) < pool.accuracy()


def test_a_service_knows_nothing_of_weeks_to_come(pool):
    """What is asked and estimated of a week does not change with what follows it."""
    here, there = World(pool, "S1"), World(pool, "S2")
    effort = Effort(budget=0.2)
    first, second = (Service(here.base, here.trained, effort) for _ in range(2))
    one = [first.live(here.week(number, 200)) for number in (0, 1)]
    first.live(there.week(2, 200))
    two = [second.live(here.week(number, 200)) for number in (0, 1)]
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.volumes.low, b.volumes.low)
    assert len(first.terms) == 3


def test_a_week_spends_its_budget_and_answers_are_those_drawn(pool):
    weeks = list(lived(World(pool, "S1"), Effort(budget=0.1), 2000))
    assert len(weeks) == MEASURED + 1
    assert np.mean([week.terms.answers for week in weeks]) == pytest.approx(200, rel=0.1)


@pytest.mark.parametrize("serve", [at_random, most_doubtful_first])
def test_an_unfinished_queue_answers_its_share_of_every_day(pool, serve):
    world = World(pool, "S1")
    whole, some = (
        Service(world.base, world.trained, Effort(budget=0.2, answered=part, serve=serve))
        for part in (1.0, 0.6)
    )
    every, found = whole.live(world.week(0, 1400)), some.live(world.week(0, 1400))
    assert found.terms.answers == pytest.approx(0.6 * every.terms.answers, abs=7)
    assert not np.any(found.answered & ~every.answered)
    doubt = 1 - world.week(0, 1400).probabilities.max(axis=1)
    left = doubt[every.answered & ~found.answered].mean()
    assert (left < 0.6 * doubt[found.answered].mean()) == (serve is most_doubtful_first)


@pytest.fixture(scope="module")
def found(pool) -> dict[Job, Tally]:
    """Two replays of two scenarios, and an unfinished queue."""
    jobs = [Job("made up", name, 500, 0.1, replay) for name in ("S1", "S3") for replay in (0, 1)]
    jobs.append(replace(jobs[-1], answered=0.6, order=DOUBT))
    return {
        job: tallied(
            World(pool, job.scenario, job.replay),
            lived(World(pool, job.scenario, job.replay), job.effort, job.messages),
        )
        for job in jobs
    }


def test_figures_count_what_held_among_the_drivers_messages_can_be_about(found):
    job, tally = next(iter(found.items()))
    assert tally.covered.shape == (MEASURED, len(METHODS), DRIVERS + 2)
    assert not tally.columns("all")[DRIVERS]
    assert sum(tally.columns(size).sum() for size in ("large", "medium", "small")) == DRIVERS + 1
    held = tally.covered[:, 0][:, tally.columns("all")]
    assert coverage([tally], OURS)[0] == pytest.approx(held.mean())
    assert job.scenario == "S1"


def test_a_plain_count_never_finds_a_driver_nobody_trained_on_and_we_do(found):
    grown = [tally for job, tally in found.items() if job.scenario == "S3" and job.answered == 1]
    assert coverage(grown, OURS, "unseen")[0] > 0.8 > coverage(grown, NAIVE, "unseen")[0]


def test_a_peer_that_is_not_installed_has_no_figures_and_says_so(pool, monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None)
    world = World(pool, "S1")
    without = tallied(world, lived(world, Effort(budget=0.1), 300))
    assert np.isnan(coverage([without], PPI)[0])
    said = figures({Job("made up", "S1", 300, 0.1, 0): without})
    assert "not installed" in markdown(said)
    assert "NaN" not in json.dumps(without_nan(said))


def test_flags_on_plain_counts_take_them_for_exact():
    world = World(made_up(sharpness=30.0), "S1")
    weeks = list(lived(world, Effort(budget=0.05), 400))
    for before, week in pairwise(weeks):
        _, plain, exact = peers.flags(week, before)
        assert plain.sum() <= 1
        assert exact.sum() <= 1
    doubled = replace(weeks[1], terms=weeks[1].terms + weeks[1].terms)
    assert peers.flags(doubled, weeks[0])[1].any()
    assert not peers.flags(weeks[0], weeks[0])[0].any()


def test_changes_are_found_among_those_of_large_drivers_by_half_or_more(found):
    tally = next(iter(found.values()))
    large = int(np.flatnonzero(tally.columns("large"))[0])
    small = int(np.flatnonzero(tally.columns("small"))[0])
    moved, flags = np.ones_like(tally.moved), np.zeros_like(tally.flags)
    moved[:4, [large, small]] = 2.0
    moved[4, large] = 1.2
    flags[:3, 0, large] = flags[4, 0, large] = True
    assert found_of([replace(tally, moved=moved, flags=flags)])[0] == pytest.approx(3 / 4)


def test_errors_of_the_simulation_are_those_of_means_and_ratios_over_replays():
    assert mean([1.0, 3.0]) == (2.0, pytest.approx(1.0))
    assert np.isnan(mean([1.0])[1])
    assert ratio([2.0, 4.0], [1.0, 2.0]) == (2.0, pytest.approx(0.0))
    value, error = ratio([1.0, 3.0], [1.0, 1.0])
    assert (value, error) == (2.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("least", "error", "outcome"),
    [
        (0.9, 0.0, "met"),
        (0.95, 0.03, "within the error of the simulation"),
        (0.95, 0.01, "missed"),
    ],
)
def test_a_goal_is_judged_by_its_worst_setting(found, least, error, outcome):
    values = iter([0.99, 0.91])
    goal = Goal("", lambda tallies: (next(values), error), lambda cell: True, least=least)
    said = goal.outcome(found)
    assert (said["found"], said["cells"], said["outcome"]) == (0.91, 2, outcome)


def test_unfinished_queues_stand_apart(found):
    assert [len(tallies) for _, tallies in cells(found)] == [2, 2]
    (row,) = figures(found)["unfinished"]
    assert (row["scenario"], row["order"]) == ("S3", DOUBT)
    text = markdown(figures(found))
    for title in ("The bar", "Coverage", "Mean absolute error", "Width", "60 %", "Each model"):
        assert title in text


def test_a_run_has_every_setting_and_a_quick_one_a_part_of_it():
    jobs, quick = planned(list(SOURCES), quick=False), planned(["banking77 30"], quick=True)
    whole = {(job.source, job.messages, job.budget, job.scenario) for job in jobs}
    assert len(whole) == len(SOURCES) * len(MESSAGES) * len(BUDGETS) * len(SCENARIOS)
    assert {job.order for job in quick if job.answered < 1} == {"hash", "doubt"}
    assert len(quick) < len(jobs) / 5
    assert len({job.name for job in jobs}) == len(jobs)


def test_no_week_without_a_change_has_flags_where_everything_is_answered(pool):
    world = World(pool, "S1")
    tally = tallied(world, lived(world, Effort(budget=1.0), 300))
    assert np.all(tally.covered[:, 0])
    assert np.all(tally.error[:, 0] == 0)
    assert alarms([tally])[0] <= 2 / MEASURED
