"""Separable classes are found by the loss of the worst row."""

import numpy as np

import gradloop as gl
from gradloop.solvers.separable import separates
from problems import numbers, three_classes, two_classes


def at(given, params):
    return separates(given, params, given.objective(params)[0])


def test_a_separating_plane_is_recognised_and_another_is_not():
    given = two_classes(certain=True)
    plane = np.array([1, 0.01, 50, -1, 0.0])
    assert at(given, 10 * plane)
    assert not at(given, given.start)
    assert not at(given, -10 * plane)


def test_noisy_classes_penalties_and_numbers_do_not_count():
    plane = np.array([1, 0.01, 50, -1, 0.0])
    assert not at(two_classes(), 10 * plane)
    assert not at(two_classes(gl.l2(0.1), certain=True), 10 * plane)
    assert not at(numbers(), plane)
    assert not at(three_classes(), np.zeros(15))


def test_one_wrong_row_among_many_right_ones_is_enough():
    """The mean loss is far below log 2, so that only a look at every row can tell."""
    certain = two_classes(certain=True)
    plane = 10 * np.array([1, 0.01, 50, -1, 0.0])
    sure = int(np.argmax(np.abs(certain.X @ plane[:4])))
    certain.y[sure] = 1 - certain.y[sure]
    plane = plane / np.abs(certain.X @ plane[:4]).max() * 60
    assert certain.objective(plane)[0] < np.log(2)
    assert not at(certain, plane)


def test_a_wrong_row_outside_the_sample_is_found(monkeypatch):
    import gradloop.solvers.separable as module

    monkeypatch.setattr(module, "SAMPLE", 2)
    certain = two_classes(certain=True)
    plane = 10 * np.array([1, 0.01, 50, -1, 0.0])
    assert at(certain, plane)
    certain.y[17] = 1 - certain.y[17]
    assert not at(certain, plane)
