"""What is alike: near duplicates, points that keep distances, heaps that a seed repeats."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from labeling.likeness import heaps, near_duplicates, points_of


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_near_duplicates_point_the_same_way_whatever_their_length(kind):
    features = kind(np.array([[1.0, 0], [3, 0.1], [0, 1], [1, 1], [0, 0]]))
    found = near_duplicates(features, [0, 2, 4])
    assert [rows.tolist() for rows in found] == [[1], [], []]
    assert near_duplicates(features, []) == []


def test_wide_features_become_few_dimensions_that_keep_groups_apart():
    rng = np.random.default_rng(0)
    group = rng.integers(5, size=300)
    words = rng.random((5, 2000)) < 0.02
    features = csr_matrix((words[group] & (rng.random((300, 2000)) < 0.7)).astype(np.float32))
    points = points_of(features, np.arange(300), seed=0)
    assert points.shape == (300, 100)
    assert np.linalg.norm(points, axis=1) == pytest.approx(1)
    heap = heaps(points, 5, seed=0).labels_
    assert len({(g, h) for g, h in zip(group, heap, strict=True)}) == 5


def test_one_message_has_a_point_too():
    assert points_of(csr_matrix((1, 2000)), np.array([0]), seed=0).shape == (1, 1)


def test_embeddings_are_compared_as_they_are():
    features = np.random.default_rng(1).normal(size=(10, 384))
    points = points_of(features, np.arange(10), seed=0)
    assert points.shape == (10, 384)
    assert np.linalg.norm(points, axis=1) == pytest.approx(1)
