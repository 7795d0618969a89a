"""What a week is expected to bring: forecast against realised by simulation, and its limits."""

import numpy as np
import pytest

from classifier.volumes import VolumeTerms, volume_terms
from classifier.volumes.forecast import Forecast, forecast_volumes
from tests.benchmarks.forecast import COLUMNS, SCENARIOS, TRAINED, UNSEEN, replay, usual_shares


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("n", "share", "times"), [(500, 0.1, 2.0), (2000, 0.1, 0.5)])
def test_the_forecast_is_within_a_fifth_of_what_comes(
    scenario: str, n: int, share: float, times: float
) -> None:
    """At another budget than the weeks before it, for drivers of at least 3 %, and parents."""
    found = replay(scenario, n, share, times, replays=15)
    large = np.flatnonzero(usual_shares() >= 0.03)
    assert np.abs(found.off(large)).max() <= 0.2
    assert np.abs(found.off(np.array([UNSEEN])))[0] <= 0.2
    assert np.abs(found.off(slice(COLUMNS, None))).max() <= 0.2
    assert abs(found.off(np.flatnonzero(TRAINED[:COLUMNS])).mean()) <= 0.1


@pytest.mark.parametrize(("scenario", "times"), [("moving", 0.5), ("confused", 2.0)])
def test_small_drivers_are_foretold_as_they_come_in_the_middle(scenario: str, times: float) -> None:
    """Four messages a week and more: single weeks differ by far more, their middle does not; but
    where every week has other shares, the middle of the smallest is a quarter off."""
    found = replay(scenario, 500, 0.1, times, replays=100)
    drivers = np.flatnonzero(TRAINED[:COLUMNS])
    assert np.abs(found.off(drivers)).max() <= 0.2
    middle = np.abs(found.median(drivers))
    assert middle.max() <= (0.3 if scenario == "moving" else 0.2)
    assert np.mean(middle <= 0.2) >= 0.9


def probabilities(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([0.5, 0.2, 0.1], size=n)


def terms_of(p: np.ndarray, inclusion: float, seed: int = 1) -> VolumeTerms:
    rng = np.random.default_rng(seed)
    labels = np.array([rng.choice(3, p=row) for row in p])
    return volume_terms(p, labels, np.full(len(p), inclusion), rng.random(len(p)) < inclusion)


def test_asking_about_everything_leaves_no_width() -> None:
    found = forecast_volumes(probabilities(50), np.ones(50))
    assert found.half_width == pytest.approx(np.zeros(3), abs=1e-9)
    assert (found.half_width >= 0).all()
    assert not found.too_uncertain(1e-6).any()


def test_four_times_the_answers_halve_the_width() -> None:
    p = probabilities(20_000)
    few, many = (forecast_volumes(p, np.full(20_000, pi)).half_width for pi in (0.01, 0.04))
    assert few / many == pytest.approx(np.full(3, 2.0), rel=0.05)


def test_a_model_seen_to_be_off_is_expected_to_stay_so() -> None:
    p, wrong = probabilities(2000), probabilities(2000)[:, [2, 0, 1]]
    right_model = forecast_volumes(p, np.full(2000, 0.1), [terms_of(p, 0.1)])
    rng = np.random.default_rng(3)
    labels = np.array([rng.choice(3, p=row) for row in wrong])
    off = volume_terms(p, labels, np.full(2000, 0.1), rng.random(2000) < 0.1)
    wrong_model = forecast_volumes(p, np.full(2000, 0.1), [off])
    assert (wrong_model.half_width > 1.2 * right_model.half_width).all()


def test_the_volumes_of_the_last_week_are_kept_and_scaled() -> None:
    p = probabilities(1000)
    history = [terms_of(p, 0.2)]
    week = forecast_volumes(p, np.full(1000, 0.2), history)
    double = forecast_volumes(p, np.full(1000, 0.2), history, messages=2000)
    assert double.volume == pytest.approx(2 * week.volume)
    assert double.half_width == pytest.approx(np.sqrt(2) * week.half_width, rel=0.05)


def test_parents_have_a_width_of_their_own_which_is_not_their_drivers_together() -> None:
    p = probabilities(3000)
    found = forecast_volumes(p, np.full(3000, 0.05), groups=[[0, 1]])
    assert found.volume[3] == pytest.approx(found.volume[:2].sum())
    assert found.half_width[3] == pytest.approx(found.half_width[2])  # all but the third
    assert found.half_width[3] < found.half_width[:2].sum()


def test_a_driver_without_training_data_takes_more_answers() -> None:
    p = probabilities(1000)
    history = [terms_of(p, 0.1)]
    known = forecast_volumes(p, np.full(1000, 0.1), history)
    unknown = forecast_volumes(p, np.full(1000, 0.1), history, trained=[True, False, True])
    assert unknown.half_width[1] > known.half_width[1]
    assert unknown.half_width[[0, 2]] == pytest.approx(known.half_width[[0, 2]])


def test_too_uncertain_is_a_share_of_the_volume() -> None:
    found = Forecast(volume=np.array([100.0, 10.0, 0.0, 0.0]), half_width=np.array([20, 5, 1, 0.0]))
    assert found.share.tolist() == [0.2, 0.5, np.inf, 0.0]
    assert found.too_uncertain().tolist() == [False, True, True, False]
    assert found.too_uncertain(0.1).tolist() == [True, True, True, False]


@pytest.mark.parametrize("inclusion", [[0.0, 0.5], [1.5, 0.5]])
def test_what_is_no_chance_to_be_asked_is_refused(inclusion: list[float]) -> None:
    with pytest.raises(ValueError, match="inclusion must lie"):
        forecast_volumes(probabilities(2), inclusion)
