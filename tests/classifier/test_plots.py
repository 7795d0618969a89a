"""The plots are SVG text that says what the figures say, without a browser."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from classifier.cascade_curve import Judged, Pace, cascade_curve
from classifier.evaluation import Evaluation, evaluate
from classifier.evaluation.learning_curve import fitted
from classifier.plots import coverage_plot, learning_plot, reading_plot, reliability_plot

DRIVERS = ("delivery", "payment")


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    random = np.random.default_rng(1)
    sure = random.beta(5, 1, 900)
    labels = [DRIVERS[0] if each else DRIVERS[1] for each in random.random(900) < sure]
    return evaluate(
        np.column_stack([sure, 1 - sure]),
        random.beta(1, 20, 900),
        labels,
        DRIVERS,
        threshold=0.8,
        target=0.95,
    )


def words(svg: str) -> str:
    return " ".join(text for text in ElementTree.fromstring(svg).itertext() if text.strip())


def lines_of(svg: str) -> list[str]:
    return [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]


def test_reliability_shows_a_dot_a_bin_and_names_the_error(evaluation: Evaluation) -> None:
    svg = reliability_plot(evaluation)
    assert evaluation.calibration is not None
    assert f"Expected calibration error {evaluation.calibration.ece:.1%}" in words(svg)
    assert svg.count('aria-roledescription="circle"') == len(evaluation.calibration.bins)


def test_coverage_names_what_the_threshold_gives(evaluation: Evaluation) -> None:
    said = words(coverage_plot(evaluation))
    auto = evaluation.auto
    assert f"{auto.share.value:.1%} routed, {auto.precision.value:.1%} of it right" in said
    assert "target 95.0%" in said
    assert max(len(line) for line in lines_of(coverage_plot(evaluation))) <= 60


def test_a_model_that_routes_nothing_still_has_a_curve_without_a_dot() -> None:
    nothing = evaluate(
        np.eye(2), np.zeros(2), list(DRIVERS), DRIVERS, threshold=float("inf"), target=0.95
    )
    svg = coverage_plot(nothing)
    assert "nothing is routed" in words(svg)
    assert 'aria-roledescription="circle"' not in svg


def test_without_messages_both_say_so() -> None:
    empty = evaluate(np.zeros((0, 2)), np.zeros(0), [], DRIVERS, threshold=0.5, target=0.95)
    assert "no message" in words(reliability_plot(empty))
    assert "no message" in words(coverage_plot(empty))


def test_the_same_evaluation_draws_the_same_picture(evaluation: Evaluation) -> None:
    assert reliability_plot(evaluation) == reliability_plot(evaluation)


def test_the_learning_curve_has_a_dot_a_size_and_says_what_more_labels_are_worth() -> None:
    hard = np.linspace(0, 1, 400)
    curve = fitted((100, 200, 400), np.stack([hard > 0.4, hard > 0.3, hard > 0.22]))
    svg = learning_plot(curve)
    assert svg.count('aria-roledescription="circle"') == 3
    assert curve.sentence() in words(svg)
    assert learning_plot(curve) == svg


def test_reading_says_where_the_model_is_on_its_curve() -> None:
    random = np.random.default_rng(2)
    doubt, mended = random.beta(0.4, 3.0, 900), random.random(900) < 0.6
    by_words = random.random(900) > doubt
    judged = Judged(doubt, np.full(900, 80.0), by_words, by_words | mended, np.arange(900))
    curve = replace(cascade_curve(judged, 0.1), pace=Pace(words=0.0001, reading=0.001))
    svg, at = reading_plot(curve), curve.chosen
    assert at.accuracy.value is not None
    rate = f"{curve.pace.rate(at.read):,.0f} messages/s a core"
    said = words(svg)
    assert (
        f"Here {at.accuracy.value:.1%} with {at.messages:.0%} of the messages read, {rate}" in said
    )
    assert svg.count('aria-roledescription="circle"') == 1
    assert "messages/s" not in words(reading_plot(replace(curve, pace=None)))
    assert max(len(line) for line in lines_of(svg)) <= 60
