"""Rows on a cluster as an array: length, slices, numbers, other units, and what tells them from others."""

import numpy as np

from clusters import cluster_of, made, passes_on
from gradloop.cluster.rows import ClusterRows


def test_rows_answer_as_an_array_does() -> None:
    passes = passes_on(cluster_of(1))
    X, whole = ClusterRows(passes, 0), np.concatenate([made(part)[0] for part in range(20)])
    assert X.shape == whole.shape and X.dtype == whole.dtype and X.ndim == 2
    np.testing.assert_array_equal(X[95:210], whole[95:210])
    np.testing.assert_array_equal(X[7], whole[7])
    assert X[:0].shape == (0, 2)
    other = ClusterRows(passes, 0, np.array([2.0, 1.0]), np.array([0.0, 1.0]))
    np.testing.assert_array_equal(other[:3], whole[:3] * [2, 1] + [0, 1])
    assert X.content == ClusterRows(passes_on(cluster_of(2)), 0).content
    assert X.content != ClusterRows(passes, 1).content
