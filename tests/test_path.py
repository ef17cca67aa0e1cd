"""The path over penalties against soft thresholds, single fits, and the conditions of a minimum."""

import importlib

import numpy as np
import pytest

import gradloop as gl

module = importlib.import_module("gradloop.path")  # gl.path is the function

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 6)) * [1, 10, 0.1, 1, 1, 1] + 3
Y = X @ [1.0, 0.1, 5.0, 0.0, 0.0, 0.0] + 2 + RANDOM.normal(size=80)
COLUMNS = {f"x{i}": X[:, i] for i in range(6)} | {"y": Y}


def test_orthogonal_columns_are_soft_thresholds():
    A = np.linalg.qr(np.column_stack([np.ones(80), X]))[0][:, 1:] * np.sqrt(80)  # centred, mean square one
    found = gl.path(A, Y, count=20)
    plain = A.T @ Y / 80
    assert found.strength[0] == pytest.approx(np.abs(plain).max(), rel=1e-12)
    np.testing.assert_allclose(found.strength[1:] / found.strength[:-1], 1e-3 ** (1 / 19), rtol=1e-12)
    wanted = np.sign(plain) * np.maximum(np.abs(plain) - found.strength[:, None], 0)
    np.testing.assert_allclose(found.params["w"], wanted, atol=1e-12)
    np.testing.assert_array_equal(found.nonzero, np.count_nonzero(wanted, axis=1) * (found.nonzero > 0))
    np.testing.assert_allclose(found.params["b"], Y.mean(), rtol=1e-12)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.01])
def test_every_point_is_what_a_single_fit_finds(ratio):
    found = gl.path(X, Y, ratio=ratio, count=7)
    assert found.nonzero[0] == 0 and not found.params["w"][0].any() and found.nonzero[1] > 0
    for i, strength in enumerate(found.strength):
        penalty = gl.elastic_net(strength * ratio, strength * (1 - ratio))
        alone = gl.fit(X, Y, penalty=penalty, solver="coordinate_descent")
        np.testing.assert_allclose(found.params["w"][i], alone.params["w"], rtol=1e-5, atol=1e-7)
        assert found.objective[i] == pytest.approx(alone.history["loss"][-1], rel=1e-9)
    assert (found.gap <= 1e-10 * found.objective).all() and (found.gap >= 0).all()


def test_weights_are_repeated_rows():
    counts = np.arange(80) % 3
    weighted = gl.path(X, Y, weights=counts.astype(float), count=5)
    repeated = gl.path(np.repeat(X, counts, axis=0), np.repeat(Y, counts), count=5)
    np.testing.assert_allclose(weighted.strength, repeated.strength, rtol=1e-10)
    np.testing.assert_allclose(weighted.params["w"], repeated.params["w"], rtol=1e-6, atol=1e-8)


def test_a_table_is_standardised_and_its_parameters_have_the_columns_units():
    found = gl.path(COLUMNS, target="y", count=4)
    spread = X.std(axis=0)
    standard = gl.path((X - X.mean(axis=0)) / spread, Y, count=4)
    np.testing.assert_allclose(found.strength, standard.strength, rtol=1e-8)
    np.testing.assert_allclose(found.params["w"] * spread, standard.params["w"], rtol=1e-5, atol=1e-8)


def test_it_prints_one_line_for_each_strength():
    lines = str(gl.path(X, Y, count=3)).splitlines()
    assert lines[0].split() == ["strength", "objective", "gap", "nonzero"] and len(lines) == 4


@pytest.mark.parametrize(
    "options", [{"ratio": 0.0}, {"ratio": 1.5}, {"count": 0}, {"count": 2.0}, {"smallest": 0.0}, {"tolerance": 2.0}]
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(gl.OptionError, match=next(iter(options))):
        gl.path(X, Y, **options)


def test_what_has_no_path_is_said():
    with pytest.raises(gl.DataError, match="There is no path"):
        gl.path(X, np.ones(80))
    with pytest.raises(gl.OptionError, match="not affine"):
        gl.path(X[:, :1], Y, model=lambda x, a, k: a * np.exp(k * x), start={"a": 1.0, "k": 1.0})


def test_each_fit_begins_where_the_last_one_ended(monkeypatch):
    starts = []

    class Watched(module.Descent):
        def __init__(self, problem, start=None):
            super().__init__(problem, start)
            starts.append(self.values.copy())

    monkeypatch.setattr(module, "Descent", Watched)
    found = gl.path(X, Y, count=4)
    assert not starts[1].any()  # the first one only finds the strongest penalty
    for start, ended in zip(starts[2:], found.params["w"], strict=False):
        assert (np.sign(start) == np.sign(ended)).all()


def test_cells_without_a_value_are_dealt_with_as_in_a_fit():
    holes = {"a": [1.0, None, 3.0, 4.0, 6.0], "b": [1.0, 0.0, 2.0, 1.0, 5.0], "y": [1.0, 2.0, 3.0, 4.0, 5.0]}
    filled = holes | {"a": [1.0, 3.5, 3.0, 4.0, 6.0]}
    found, same = gl.path(holes, target="y", missing="mean", count=5), gl.path(filled, target="y", count=5)
    assert found.params["w"].shape == same.params["w"].shape == (5, 2)
    with pytest.raises(gl.DataError, match="'a' has no value in row 1"):
        gl.path(holes, target="y")
    with pytest.raises(gl.OptionError, match="max_levels is for the columns of a table"):
        gl.path(np.eye(3), np.arange(3.0), max_levels=4)
