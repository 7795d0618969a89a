"""The blend: the model's own count, mended by what the answers of five weeks say."""

import numpy as np
import pytest

from classifier.volumes import VolumeTerms, estimate_volumes, volume_terms

K = 12
MISTAKEN = 0.3


def week(
    rng: np.random.Generator, *, n: int = 1500, asked: float = 0.06, mistaken: float = 0.0
) -> tuple[VolumeTerms, np.ndarray]:
    """Terms and true counts; `mistaken`: how much of the first driver looks like the third."""
    truth = rng.choice(K, n, p=1 / np.arange(1, K + 1) / (1 / np.arange(1, K + 1)).sum())
    looks = np.where((truth == 0) & (rng.random(n) < mistaken), 2, truth)
    sure = rng.beta(6, 1, n)
    p = rng.dirichlet(np.full(K, 0.3), n) * (1 - sure[:, None])
    right = rng.random(n) < sure + (1 - sure) / K
    p[np.arange(n), np.where(right, looks, rng.integers(0, K, n))] += sure
    reviewed = rng.random(n) < asked
    return volume_terms(p, truth, np.full(n, asked), reviewed), np.bincount(truth, minlength=K)


def errors(mistaken: float, *, weeks: int = 80, seed: int = 0) -> dict[str, np.ndarray]:
    """(weeks, K) of the blend with and without a history, the total, and the model's count."""
    rng = np.random.default_rng(seed)
    history: list[VolumeTerms] = []
    found: dict[str, list[np.ndarray]] = {"blend": [], "alone": [], "total": [], "model": []}
    for _ in range(weeks):
        terms, truth = week(rng, mistaken=mistaken)
        with_history, alone = estimate_volumes(terms, history[-4:]), estimate_volumes(terms)
        found["blend"].append(with_history.blend - truth)
        found["alone"].append(alone.blend - truth)
        found["total"].append(alone.total - truth)
        found["model"].append(terms.reviewed + terms.expected_open - truth)
        history.append(terms)
    return {name: np.array(each) for name, each in found.items()}


def size(errors: np.ndarray) -> float:
    return float(np.abs(errors).mean())


def test_mistakes_that_last_are_mended_by_what_earlier_weeks_said():
    found = errors(MISTAKEN)
    pair = [0, 2]
    assert size(found["blend"][:, pair]) < 0.65 * size(found["total"][:, pair])
    assert size(found["blend"][:, pair]) < 0.7 * size(found["alone"][:, pair])
    assert size(found["blend"][:, pair]) < 0.5 * size(found["model"][:, pair])


def test_where_the_model_is_right_about_itself_its_count_is_left_nearly_alone():
    found = errors(0.0)
    assert size(found["blend"]) < 0.6 * size(found["total"])
    assert size(found["blend"]) < 1.2 * size(found["model"])


def test_a_mistake_that_ends_is_forgotten_within_the_weeks_looked_back():
    rng = np.random.default_rng(1)
    off = []
    for _ in range(40):
        history = [week(rng, mistaken=MISTAKEN)[0] for _ in range(4)]
        for _ in range(5):
            terms, truth = week(rng)
            blend = estimate_volumes(terms, history[-4:]).blend
            history.append(terms)
        off.append(blend[0] - truth[0])
    assert abs(np.mean(off)) < 3 * np.std(off) / np.sqrt(len(off))


def test_a_mistake_that_ends_leaves_the_figure_shown_within_the_interval():
    rng = np.random.default_rng(2)
    history = [week(rng, mistaken=0.9)[0] for _ in range(4)]
    found = estimate_volumes(week(rng, asked=0.3)[0], history)
    assert np.any((found.blend < found.low) | (found.blend > found.high))
    assert np.all((found.low <= found.point) & (found.point <= found.high))


def test_without_a_gap_between_answers_and_model_there_is_nothing_to_mend():
    p = np.eye(3)[np.arange(90) % 3]
    terms = volume_terms(p, np.arange(90) % 3, np.full(90, 0.5), np.arange(90) % 2 == 0)
    assert estimate_volumes(terms, [terms] * 4).blend.tolist() == [30, 30, 30]


def test_a_history_of_weeks_without_messages_changes_nothing():
    terms, _ = week(np.random.default_rng(3))
    blank = [VolumeTerms.zeros(K)] * 3
    found, alone = estimate_volumes(terms, blank), estimate_volumes(terms)
    assert found.blend == pytest.approx(alone.blend)
