"""What is minimised, against NumPy; and that everything which does not fit together is said in a sentence."""

import numpy as np
import pytest

import zoo
from gradloop import Model, losses, models, penalties
from gradloop.errors import ModelError, OptionError, TracingError
from gradloop.losses import LOSSES, about
from gradloop.models import MODELS
from gradloop.problem import make_problem, predict_rows

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(7, 2))
Y = RANDOM.normal(size=7)


def own(function, **start):
    """A user's function with its start, as `gradloop.fit` makes it."""
    return Model(function.__name__, function, lambda features, classes: start, "squared", lambda p, c, s: p)


def problem(function, loss=losses.squared, X=X, target=Y, penalty=None, engine="native", **start):
    return make_problem(own(function, **start), about(loss), X, target, start, penalty, engine)


def linear(x, w, b):
    return np.dot(x, w) + b


@pytest.mark.parametrize("engine", ["native", "numpy"])
@pytest.mark.parametrize("case", zoo.PROBLEMS, ids=lambda case: case.name)
def test_the_objective_and_its_gradient_are_those_by_hand(case, engine):
    model = case.model.model
    model = MODELS[model] if isinstance(model, str) else model
    if not isinstance(model, Model):
        model = own(model, **case.model.start)
    found = make_problem(model, about(case.loss.loss), case.X, case.y, case.model.start, None, engine)
    flat = RANDOM.normal(size=found.start.size)
    value, slope = zoo.value_and_gradient(case, flat)  # flat holds w, then b
    objective, gradient = found.objective(flat)
    assert objective == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(gradient, slope, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        zoo.objective(case, found.unpack(flat)), value, rtol=1e-15
    )  # unpack gives w and b back their names
    y_hat = found.predict(flat, case.X)
    params = found.unpack(flat)
    expected = np.array([case.model.predict(x, **params) for x in case.X])
    np.testing.assert_allclose(y_hat, expected, rtol=1e-12)
    np.testing.assert_allclose(predict_rows(model, params, case.X), expected, rtol=1e-12)


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_penalties_are_added_once_and_never_for_intercepts(engine):
    w, b = np.array([2.0, -3.0]), 5.0
    flat = np.array([*w, b])
    plain, plain_slope = problem(linear, w=w, b=b, engine=engine).objective(flat)
    for penalty, cost, slope in (
        (penalties.l2(0.1), 0.05 * 13, [0.2, -0.3, 0]),
        (penalties.l1(0.1), 0.1 * 5, [0, 0, 0]),
        (penalties.elastic_net(0.3, 0.1), 0.3 * 5 + 0.05 * 13, [0.2, -0.3, 0]),
    ):
        value, gradient = problem(linear, penalty=penalty, w=w, b=b, engine=engine).objective(flat)
        assert value - plain == pytest.approx(cost, rel=1e-12)
        np.testing.assert_allclose(gradient - plain_slope, slope, atol=1e-14)


@pytest.mark.parametrize("name", ["b", "bias", "intercept"])
def test_intercepts_are_known_by_their_names(name):
    def other(x, w, c):
        return np.dot(x, w) + c

    namespace = {}
    exec(f"def law(x, w, {name}):\n    return x @ w + {name}", {}, namespace)
    law = problem(namespace["law"], penalty=penalties.l2(1.0), **{"w": np.zeros(2), name: 3.0})
    assert law.penalty_at(law.start)[0] == 0
    assert problem(other, penalty=penalties.l2(1.0), w=np.zeros(2), c=3.0).penalty_at(np.array([0, 0, 3.0]))[0] == 4.5


def test_curvature_along_a_direction_is_the_second_derivative():
    A = np.column_stack([X, np.ones(7)])
    direction = np.array([0.5, -1.0, 2.0])
    H = A.T @ A / 7 + np.diag([0.3, 0.3, 0])
    found = problem(linear, penalty=penalties.l2(0.3), w=np.zeros(2), b=0.0)
    np.testing.assert_allclose(found.curvature_times(np.ones(3), direction), H @ direction, rtol=1e-12)
    y = (Y > 0).astype(float)
    logistic = make_problem(MODELS["logistic"], LOSSES["logistic"], X, y, MODELS["logistic"].start(2, 2))
    p = 1 / (1 + np.exp(-A @ [1.0, 2.0, 3.0]))
    H = A.T @ (A * (p * (1 - p))[:, None]) / 7
    np.testing.assert_allclose(logistic.curvature_times(np.array([1.0, 2, 3]), direction), H @ direction, rtol=1e-10)


def parabola(x, a, c):
    return a * x[0] ** 2 + np.abs(x[1]) * c


def growth(x, a, k):
    return a * np.exp(k * x[0])


def broken(x, a, c):
    return a + np.where(x[0] > c, 1.0, 0.0)


def jump(x, a, c):
    return a + (x[0] > c) * 1.0


def rectified(x, w, b):
    return np.maximum(x @ w, b)


@pytest.mark.parametrize(
    ("function", "start", "loss", "smooth", "quadratic"),
    [
        (linear, {"w": np.zeros(2), "b": 0.0}, losses.squared, True, True),
        (linear, {"w": np.zeros(2), "b": 0.0}, lambda y_hat, y: 3 * (y_hat - y) ** 2, True, True),
        (linear, {"w": np.zeros(2), "b": 0.0}, losses.huber(1.0), True, False),
        (linear, {"w": np.zeros(2), "b": 0.0}, losses.absolute, False, False),
        (linear, {"w": np.zeros(2), "b": 0.0}, losses.quantile(0.3), False, False),
        (linear, {"w": np.zeros(2), "b": 0.0}, lambda y_hat, y: np.abs(y_hat - y) ** 3, False, False),
        (linear, {"w": np.zeros(2), "b": 0.0}, lambda y_hat, y: (y_hat - y) ** 4, True, False),
        (parabola, {"a": 0.0, "c": 0.0}, losses.squared, True, True),  # a kink in the data is none in the parameters
        (growth, {"a": 1.0, "k": 0.0}, losses.squared, True, False),
        (broken, {"a": 1.0, "c": 0.0}, losses.squared, False, False),
        (jump, {"a": 1.0, "c": 0.0}, losses.squared, False, False),
        (rectified, {"w": np.ones(2), "b": 0.0}, losses.squared, False, False),
        (rectified, {"w": np.ones(2), "b": 0.0}, losses.huber(1.0), False, False),
    ],
)
def test_smoothness_and_least_squares_are_read_off_the_graph(function, start, loss, smooth, quadratic):
    found = problem(function, loss, **start)
    assert (found.smooth, found.is_quadratic) == (smooth, quadratic)


def test_the_lasso_is_not_smooth_and_ridge_is_still_least_squares():
    start = {"w": np.zeros(2), "b": 0.0}
    assert not problem(linear, penalty=penalties.l1(0.1), **start).smooth
    assert not problem(linear, penalty=penalties.elastic_net(0.1, 0.1), **start).smooth
    assert problem(linear, penalty=penalties.l2(0.1), **start).is_quadratic


def test_parameters_keep_their_names_in_whatever_order_they_are_given():
    def law(x, a, c, k):
        return a * x[0] + 10 * c + 100 * k

    start = {"k": 3.0, "a": 1.0, "c": 2.0}
    found = problem(law, **start)
    assert found.names == ("k", "a", "c")
    np.testing.assert_allclose(found.predict(found.start, X), X[:, 0] + 320)
    np.testing.assert_allclose(predict_rows(own(law, **start), start, X), X[:, 0] + 320)
    assert {name: float(value) for name, value in found.unpack(found.start).items()} == start


def test_features_may_stand_anywhere_and_parameters_may_be_keywords():
    def law(a, height, *, c, width, scale=2.0):
        return scale * (a * height + c * width)

    found = problem(law, a=1.0, c=10.0)
    np.testing.assert_allclose(found.predict(found.start, X), 2 * (X[:, 0] + 10 * X[:, 1]))


def test_a_prediction_of_one_entry_is_a_number():
    column = np.ascontiguousarray(X[:, :1])
    found = problem(lambda x, a, c: a * x + c, X=column, a=2.0, c=1.0)
    assert found.predict(found.start, column).shape == (7,)
    assert predict_rows(found.model, {"a": 2.0, "c": 1.0}, X[:, :1]).shape == (7,)


def test_float32_stays_float32_and_the_start_is_not_touched():
    start = {"w": np.ones(2), "b": 0.0}
    found = problem(linear, X=X.astype(np.float32), **start)
    assert (found.X.dtype, found.y.dtype, found.start.dtype) == (np.float32,) * 3
    value, slope = found.objective(found.start)
    assert isinstance(value, float) and slope.dtype == np.float64
    found.start[:] = 7
    np.testing.assert_array_equal(start["w"], 1)


def test_a_users_loss_may_take_whole_numbers_as_labels():
    def surprise(y_hat, y):
        return -np.log(y_hat[y])

    def two(x, w):
        p = 1 / (1 + np.exp(-(x @ w)))
        return np.stack([1 - p, p])

    y = np.array([0, 1, 1, 0, 1, 0, 0])
    found = problem(two, surprise, target=y, w=np.array([1.0, -1.0]))
    z = X @ [1.0, -1.0]
    expected = np.mean(np.logaddexp(0, z) - y * z)
    assert found.objective(found.start)[0] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(TracingError, match="whole-number labels"):
        problem(two, surprise, target=y.astype(float), w=np.zeros(2))


def test_thinning_keeps_rows_evenly_and_leaves_few_rows_alone():
    found = problem(linear, w=np.zeros(2), b=0.0)
    assert found.thinned(7) is found
    thin = found.thinned(3)
    np.testing.assert_array_equal(thin.X, X[[0, 3, 6]])
    np.testing.assert_array_equal(thin.y, Y[[0, 3, 6]])


def vector(x, w, b):
    return x * w + b


def nothing(x, w, b):
    np.dot(x, w) + b


WB = {"w": np.zeros(2), "b": 0.0}
ONE_PER_ROW = np.arange(7)
WRONG = {
    "a vector for a number": (vector, losses.squared, WB, ModelError, r"vector \(.*line \d+\) predicts.*shape \(2,\)"),
    "a vector for a count": (vector, losses.poisson, WB, ModelError, r"predicts.*shape \(2,\)"),
    "a loss that is a vector": (
        linear,
        lambda p, y: np.stack([p, y]),
        WB,
        ModelError,
        r"gives an array of shape \(2,\)",
    ),
    "a loss of a vector": (vector, lambda p, y: (p - y) ** 2, WB, ModelError, "a sum over the entries is missing"),
    "nothing from the model": (
        nothing,
        losses.squared,
        WB,
        TracingError,
        r"nothing \(.*\) returns nothing; end it with",
    ),
    "nothing from the loss": (linear, lambda p, y: None, WB, TracingError, "returns nothing; end it with return"),
    "a pair from the model": (lambda x, w, b: (w, b), losses.squared, WB, TracingError, "returns a tuple"),
    "truth for a number": (lambda x, w, b: x[0] > b, losses.squared, WB, ModelError, "must be a real number"),
    "a measure": (linear, losses.zero_one, WB, OptionError, "zero_one loss is a measure only.*train on the logistic"),
    "an unknown parameter": (linear, losses.squared, WB | {"c": 0.0}, ModelError, "start names c, but linear.*x, w, b"),
    "nothing left": (
        linear,
        losses.squared,
        WB | {"x": np.zeros(2)},
        ModelError,
        "no argument is left for the features",
    ),
    "no parameter": (linear, losses.squared, {}, ModelError, "start is empty"),
    "a number of columns": (
        lambda a, b, c, w: a,
        losses.squared,
        {"w": 0.0},
        ModelError,
        "a, b, c, but the data have 2",
    ),
    "text": (linear, losses.squared, WB | {"b": "zero"}, ModelError, r"start\['b'\] must hold real numbers"),
    "not finite": (linear, losses.squared, WB | {"b": np.nan}, ModelError, r"start\['b'\].*finite in float64"),
    "ragged": (linear, losses.squared, {"w": [[1], [1, 2]], "b": 0.0}, ModelError, r"start\['w'\]"),
    "complex": (linear, losses.squared, WB | {"b": 1j}, ModelError, r"start\['b'\]"),
    "a wrong shape": (linear, losses.squared, {"w": np.zeros(3), "b": 0.0}, TracingError, "line.*"),
    "the target's name": (lambda x, y: x[0] * y, losses.squared, {"y": 1.0}, ModelError, "can be called 'y'.*rename"),
    "one number for labels": (linear, losses.cross_entropy, WB, ModelError, "model predicts one number.*softmax"),
    "an if": (lambda x, w: w if x[0] > 0 else -w, losses.squared, {"w": 0.0}, TracingError, "np.where"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_together_is_one_sentence(case):
    function, loss, start, error, words = WRONG[case]
    y = ONE_PER_ROW if loss is losses.cross_entropy else np.abs(Y)
    with pytest.raises(error, match=words) as caught:
        problem(function, loss, target=y, **start)
    assert len(str(caught.value).splitlines()) == 1


def test_there_are_two_engines():
    with pytest.raises(OptionError, match="no engine 'gpu'; choose one of native, numpy"):
        problem(linear, engine="gpu", **WB)


def test_a_polynomial_is_least_squares_too():
    cubic = models.polynomial(3)
    assert make_problem(cubic, LOSSES["squared"], X, Y, cubic.start(2, 2)).is_quadratic


def test_what_was_computed_last_is_remembered_and_nothing_else(monkeypatch):
    given = problem(linear, w=np.zeros(2), b=0.0)
    asked = []
    loss_sum = type(given).loss_sum
    monkeypatch.setattr(type(given), "loss_sum", lambda self, flat: asked.append(flat) or loss_sum(self, flat))
    here, there = given.start, given.start + 1
    first = given.objective(here)
    first[1][:] = np.nan  # what a caller does with the answer changes nothing
    assert np.isfinite(given.objective(here)[1]).all()
    assert len(asked) == 1
    assert given.objective(there)[0] != first[0]
    assert given.objective(here)[0] == first[0]
    assert len(asked) == 3
