"""Models against algebra, and the way back from standardised units."""

from typing import Any

import numpy as np
import pytest

from gradloop.models import MODELS, Model, linear, logistic, polynomial, softmax

EVERY_MODEL: list[Model] = [m for m in MODELS.values() if isinstance(m, Model)] + [polynomial(k) for k in (1, 2, 3, 4)]


def random_params(model: Model, features: int, random: np.random.Generator) -> dict[str, Any]:
    return {name: random.normal(size=value.shape) for name, value in model.start(features, 4).items()}


def test_linear_is_the_line_through_two_known_points() -> None:
    # y = 3x - 1 goes through (0, -1) and (2, 5).
    w, b = np.array([3.0]), -1.0
    assert linear(np.array([0.0]), w, b) == -1.0
    assert linear(np.array([2.0]), w, b) == 5.0


def test_logistic_is_one_half_on_the_boundary_and_has_the_odds_of_its_score() -> None:
    w, b = np.array([1.0, -2.0]), 0.5
    assert logistic(np.array([1.5, 1.0]), w, b) == 0.5
    p = logistic(np.array([2.0, 0.5]), w, b)  # score 1.5
    assert np.log(p / (1 - p)) == pytest.approx(1.5)


def test_softmax_with_two_classes_is_logistic_in_the_difference() -> None:
    random = np.random.default_rng(0)
    x, w, b = random.normal(size=3), random.normal(size=(3, 2)), random.normal(size=2)
    y_hat = softmax(x, w, b)
    assert np.sum(y_hat) == pytest.approx(1.0)
    assert y_hat[1] == pytest.approx(logistic(x, w[:, 1] - w[:, 0], b[1] - b[0]))


def test_polynomial_is_that_of_numpy_for_one_feature() -> None:
    coefficients = np.array([0.5, -1.0, 2.0, 0.25])  # from the constant upwards
    cubic = polynomial(3)
    for x in (-2.0, 0.0, 1.5):
        expected = np.polynomial.polynomial.polyval(x, coefficients)
        assert cubic.predict(np.array([x]), coefficients[1:, None], coefficients[0]) == pytest.approx(expected)


def test_polynomial_of_degree_one_is_linear() -> None:
    random = np.random.default_rng(0)
    x, w, b = random.normal(size=3), random.normal(size=3), 0.3
    assert polynomial(1).predict(x, w[None, :], b) == pytest.approx(linear(x, w, b))


@pytest.mark.parametrize("degree", [0, -1, 1.5, "two"])
def test_polynomial_refuses_other_degrees(degree: Any) -> None:
    with pytest.raises(ValueError, match=r"degree is .* whole number from 1"):
        polynomial(degree)


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.name)
def test_in_units_predicts_from_raw_what_was_predicted_from_standardised(model: Model) -> None:
    random = np.random.default_rng(5)
    for features in (1, 3):
        center, scale = random.normal(size=features), random.uniform(0.1, 10, size=features)
        params = random_params(model, features, random)
        raw = model.in_units(params, center, scale)
        for x in center + scale * random.normal(size=(20, features)):
            expected = model.predict((x - center) / scale, **params)
            np.testing.assert_allclose(model.predict(x, **raw), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.name)
def test_in_units_keeps_names_and_shapes_and_leaves_its_arguments_alone(model: Model) -> None:
    params = random_params(model, 3, np.random.default_rng(6))
    before = {name: np.copy(value) for name, value in params.items()}
    raw = model.in_units(params, np.full(3, 5.0), np.full(3, 2.0))
    assert {name: np.shape(value) for name, value in raw.items()} == {
        name: np.shape(value) for name, value in params.items()
    }
    for name, value in before.items():
        np.testing.assert_array_equal(params[name], value)


@pytest.mark.parametrize("model", EVERY_MODEL, ids=lambda model: model.name)
def test_start_fits_predict(model: Model) -> None:
    y_hat = model.predict(np.ones(3), **model.start(3, 4))
    assert np.all(np.isfinite(y_hat))
    assert np.shape(y_hat) == ((4,) if model.name == "softmax" else ())


def test_the_table_is_keyed_by_name() -> None:
    assert all(model.name == name for name, model in MODELS.items() if isinstance(model, Model))
    assert polynomial(3).name == "polynomial(3)"
