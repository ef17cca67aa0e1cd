"""Many fits at once against one fit for each set, and against algebra."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.each import fit_each
from gradloop.stop import Stop

X = np.array([0.5, 1.0, 2.0, 3.0, 4.5])


def decay(t, a, rate):
    return a * np.exp(-rate * t)


def line(x, w, b):
    return np.dot(x, w) + b


def measured(sets=7, noise=0.01):
    random = np.random.default_rng(0)
    a, rate = random.uniform(1, 3, sets), random.uniform(0.2, 1.5, sets)
    return a[:, None] * np.exp(-rate[:, None] * X) + noise * random.standard_normal((sets, len(X)))


START = {"a": 1.0, "rate": 0.5}


def test_each_is_what_a_fit_of_its_own_finds():
    y = measured()
    fits = fit_each(X, y, model=decay, start=START)
    assert len(fits) == 7 and fits.converged.all()
    for i, values in enumerate(y):
        alone = gl.fit(X, values, model=decay, start=START)
        assert fits.params["a"][i] == pytest.approx(alone.params["a"], rel=1e-6)
        assert fits.params["rate"][i] == pytest.approx(alone.params["rate"], rel=1e-6)
        errors = alone.statistics.standard_error
        assert [fits.standard_errors[name][i] for name in START] == pytest.approx(list(errors), rel=1e-5)
        assert fits.loss[i] == pytest.approx(np.mean((alone.predict(X) - values) ** 2) / 2, rel=1e-9)


def test_a_linear_law_is_least_squares():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(12, 2)), random.normal(size=(600, 12))  # more sets than one chunk holds
    fits = fit_each(x, y, model=line, start={"w": np.zeros(2), "b": 0.0})
    expected = np.linalg.lstsq(np.column_stack([x, np.ones(12)]), y.T)[0].T
    assert np.allclose(fits.params["w"], expected[:, :2], rtol=0, atol=1e-6)
    assert np.allclose(fits.params["b"], expected[:, 2], rtol=0, atol=1e-6)
    assert (fits.gap <= 1e-12 * fits.loss).all()


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_weights_and_missing_measurements(engine):
    y = measured(3)
    dropped = y.copy()
    dropped[1, 2] = np.nan
    weights = np.ones_like(y)
    weights[1, 2] = 0
    y[1, 2] = 99.0
    left_out = fit_each(X, dropped, model=decay, start=START, missing="drop", engine=engine)
    unweighted = fit_each(X, y, model=decay, start=START, weights=weights, engine=engine)
    keep = [0, 1, 3, 4]
    alone = fit_each(X[keep], y[1:2, keep], model=decay, start=START)
    for found in (left_out, unweighted):
        assert found.params["rate"][1] == pytest.approx(alone.params["rate"][0], rel=1e-7)
        assert found.standard_errors["a"][1] == pytest.approx(alone.standard_errors["a"][0], rel=1e-6)


def test_units_do_not_matter():
    y = measured()
    one, other = (
        fit_each(X, y, model=decay, start=START),
        fit_each(X, y * 1e-9, model=decay, start={"a": 1e-9, "rate": 0.5}),
    )
    assert np.allclose(other.params["rate"], one.params["rate"], rtol=1e-8)
    assert np.allclose(other.params["a"], one.params["a"] * 1e-9, rtol=1e-8)


def test_a_start_for_each_set_and_columns_by_name():
    def law(current, temperature, r, k):
        return r * current * (1 + k * temperature)

    columns = {"temperature": np.array([0.0, 10, 20, 30]), "current": np.array([1.0, 2, 1, 2]), "note": np.zeros(4)}
    r = np.array([2.0, 5.0, 7.0])
    y = r[:, None] * columns["current"] * (1 + 0.004 * columns["temperature"])
    fits = fit_each(columns, y, model=law, start={"r": r * 1.1, "k": 0.0})
    assert np.allclose(fits.params["r"], r) and np.allclose(fits.params["k"], 0.004)
    assert np.allclose(fits.predict(columns, 1), y[1])


def test_what_the_measurements_do_not_determine_has_no_error():
    def double(x, a, b):
        return (a + b) * x

    fits = fit_each(X, 3 * X[None], model=double, start={"a": 1.0, "b": 0.0})
    assert fits.params["a"][0] + fits.params["b"][0] == pytest.approx(3)
    assert np.isnan(fits.standard_errors["a"][0])
    assert "not determine" in str(fits)


def test_a_start_that_is_not_finite_is_told_and_the_others_go_on():
    def root(x, a):
        return np.sqrt(a * x)

    y = np.sqrt(np.array([[2.0], [3.0]]) * X)
    fits = fit_each(X, y, model=root, start={"a": np.array([-1.0, 1.0])})
    assert fits.stop.tolist() == [Stop.STALLED, Stop.CONVERGED]
    assert fits.params["a"][1] == pytest.approx(3)


def test_it_prints_quartiles_and_how_sets_ended():
    text = str(fit_each(X, measured(), model=decay, start=START))
    assert "median" in text and "rate" in text and "7 of 7 sets: The certificate" in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"y": np.zeros((2, 4))}, "a column for each of 5 places"),
        ({"y": np.full((2, 5), np.inf)}, r"y holds inf in set 0, place 0"),
        ({"y": np.where(np.eye(2, 5) > 0, np.nan, 1.0)}, "y holds nan in set 0, place 0, and 2 such"),
        ({"weights": -np.ones(5)}, "a weight is 0 or more"),
        ({"weights": np.zeros((2, 5))}, "In set 0 no measurement counts"),
        ({"missing": "mean"}, "choose error or drop"),
        ({"engine": "gpu"}, "choose native or numpy"),
        ({"tolerance": -1.0}, "tolerance"),
        ({"start": {"a": 1.0, "c": 2.0}}, "start names c"),
        ({"data": {"x": X}}, "The law needs t"),
        ({"model": lambda t, a, rate: np.stack([a * t, rate * t])}, "compares one number with one target"),
    ],
)
def test_wrong_input_is_a_sentence(change, sentence):
    given = {"data": X, "y": np.ones((2, 5)), "model": decay, "start": START} | change
    with pytest.raises(gl.GradloopError, match=sentence):
        fit_each(given.pop("data"), given.pop("y"), **given)


def test_a_set_that_is_not_there():
    with pytest.raises(gl.OptionError, match="There is no set 7; there are 7"):
        fit_each(X, measured(), model=decay, start=START).predict(X, 7)
