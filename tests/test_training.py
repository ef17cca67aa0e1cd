"""The front door: what may be brought in, what comes out, and every sentence at the threshold."""

import subprocess
import sys

import numpy as np
import pytest

import gradloop as gl
from gradloop.data import holdout_split
from gradloop.errors import DataError, ModelError, OptionError, TracingError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 2))
Y = X @ [2.0, -3.0] + 4
QUICK = gl.Minibatch(gl.sgd(0.2), batch_size=6, epochs=60)
SHORT = gl.Minibatch(gl.sgd(0.1), batch_size=6, epochs=2)
AREA = np.linspace(40, 120, 60)
TOWN = np.where(np.arange(60) % 3 == 0, "Ulm", "Bonn")
PRICE = 3 * AREA + 100 - 50 * (TOWN == "Ulm")
HOUSES = {"area": AREA, "town": TOWN, "price": PRICE}


def linreg(x, w, b):
    return np.dot(x, w) + b


def ohm(current, resistance, offset):
    return resistance * current + offset


# ---- arrays ----


def test_arrays_are_fitted_as_they_are():
    fit = gl.fit(X, Y, solver=QUICK)
    np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [2, -3, 4], rtol=1e-6)
    assert fit.params.keys() == fit.trained_params.keys() and fit.preparation is None
    assert (fit.rows, fit.seed, fit.feature_names) == (60, 0, ("x[0]", "x[1]"))
    np.testing.assert_allclose(fit.predict(X), Y, rtol=1e-6)


def test_the_solver_and_the_rate_may_be_left_to_gradloop():
    assert "closed form, because" in gl.fit(X, Y).notes[0]
    fit = gl.fit(X, Y, solver=gl.Minibatch())
    assert "derived from the data" in fit.notes[0]
    np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [2, -3, 4], rtol=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda a: np.repeat(np.repeat(a, 2, axis=0), 2, axis=-1)[::2, ::2] if a.ndim == 2 else np.repeat(a, 2)[::2],
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.astype(">f8"),
        lambda a: a.tolist(),
        lambda a: read_only(a.copy()),
    ],
    ids=["fortran", "strided", "reversed", "big endian", "lists", "read only"],
)
def test_the_layout_of_arrays_changes_no_bit(form):
    expected, found = gl.fit(X, Y, solver=SHORT), gl.fit(form(X), form(Y), solver=SHORT)
    assert found.params["w"].tobytes() == expected.params["w"].tobytes()


def read_only(array):
    array.setflags(write=False)
    return array


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, bool])
def test_whole_numbers_and_truths_are_numbers(dtype):
    whole = (RANDOM.random((60, 2)) < 0.5).astype(dtype)
    y = whole.astype(float) @ [2.0, -3.0] + 4
    fit = gl.fit(whole, y, solver=QUICK)
    np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [2, -3, 4], rtol=1e-3)
    assert fit.params["w"].dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_small_floats_are_trained_as_float32(dtype):
    fit = gl.fit(X.astype(dtype), Y.astype(dtype), solver=QUICK)
    assert fit.params["w"].dtype == fit.params["b"].dtype == np.float32
    np.testing.assert_allclose(fit.params["w"], [2, -3], rtol=1e-2 if dtype == np.float16 else 1e-5)


def test_the_users_arrays_are_not_touched():
    data, y, w = X.copy(), Y.copy(), np.zeros(2)
    gl.fit(data, y, model=linreg, start={"w": w, "b": 0.0}, solver=SHORT)
    assert np.array_equal(data, X) and np.array_equal(y, Y) and not w.any()


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_and_more_columns_than_rows_do(rows):
    wide = RANDOM.normal(size=(rows, 5))
    fit = gl.fit(wide, np.arange(rows), penalty=gl.l2(1e-4))
    assert fit.stop is gl.Stop.CONVERGED and np.isfinite(fit.params["w"]).all()
    assert fit.history["loss"][-1] < 1e-3


def test_constant_columns_and_constant_targets_do():
    fit = gl.fit(np.column_stack([X, np.ones(60)]), np.full(60, 5.0))
    np.testing.assert_allclose(fit.predict(np.column_stack([X, np.ones(60)])), 5, rtol=1e-3)
    assert gl.fit(np.zeros((5, 2)), np.zeros(5)).history["loss"][-1] == 0


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e6, 1e30])
def test_other_units_of_the_target_give_the_same_fit(scale):
    fit, plain = gl.fit(X, Y * scale), gl.fit(X, Y)
    np.testing.assert_allclose(fit.params["w"], plain.params["w"] * scale, rtol=1e-9)
    assert fit.certificate.kind == plain.certificate.kind == "exact gap"


@pytest.mark.fault(10)
@pytest.mark.parametrize("scale", [1e-30, 1e30, 1e100])
def test_columns_of_any_size_end_without_a_warning_and_without_a_false_claim(scale):
    fit = gl.fit(X * scale, Y)
    assert np.isfinite(fit.params["w"]).all()
    best = 0.0
    if fit.certificate.kind == "exact gap":
        assert fit.certificate.value == pytest.approx(fit.history["loss"][-1] - best, rel=1e-6)


# ---- functions ----


def test_a_users_function_is_the_same_as_the_shipped_model():
    own = gl.fit(X, Y, model=linreg, start={"w": np.zeros(2), "b": 0.0}, solver=SHORT)
    ours = gl.fit(X, Y, solver=SHORT)
    assert own.params["w"].tobytes() == ours.params["w"].tobytes()
    assert own.model.name == "linreg"
    swapped = gl.fit(X, Y, model=linreg, start={"b": 0.0, "w": np.zeros(2)}, solver=SHORT)
    np.testing.assert_allclose(swapped.params["w"], ours.params["w"], rtol=1e-13)


@pytest.mark.parametrize("holdout", [0.0, 0.25])
@pytest.mark.parametrize("form", [list, np.array, lambda x: np.array(x)[:, None]], ids=["list", "array", "column"])
def test_a_law_of_one_quantity_takes_its_plain_values(form, holdout):
    current = np.linspace(0, 2, 40)
    start = {"resistance": 1.0, "offset": 0.0}
    fit = gl.fit(form(current), 3.3 * current + 0.5, model=ohm, start=start, holdout=holdout)
    np.testing.assert_allclose([fit.params["resistance"], fit.params["offset"]], [3.3, 0.5], rtol=1e-4)
    assert fit.predict(current[:, None]).shape == (40,)
    assert holdout == 0 or fit.holdout["R2"] > 0.9999


def test_a_function_may_have_the_name_of_a_shipped_model():
    def linear(x, a, c):
        return a * x + c

    current = np.linspace(0, 2, 40)
    fit = gl.fit(current, 3 * current + 1, model=linear, start={"a": 0.0, "c": 0.0})
    np.testing.assert_allclose([fit.params["a"], fit.params["c"]], [3, 1], rtol=1e-4)
    fit = gl.fit({"x": current, "y": 3 * current + 1}, target="y", model=linear, start={"a": 0.0, "c": 0.0})
    np.testing.assert_allclose([fit.params["a"], fit.params["c"]], [3, 1], rtol=1e-4)


def test_several_quantities_are_columns_in_the_order_of_the_arguments():
    def volume(radius, height, c):
        return c * radius**2 * height

    measured = RANDOM.uniform(1, 2, size=(40, 2))
    fit = gl.fit(measured, 3 * measured[:, 0] ** 2 * measured[:, 1], model=volume, start={"c": 1.0})
    np.testing.assert_allclose(fit.params["c"], 3, rtol=1e-6)


def test_a_users_loss_may_pick_by_label():
    def surprise(y_hat, y):
        return -np.log(y_hat[y])

    labels = np.argmax(X @ [[1.0, -1, 0], [0, 1, -1]] + RANDOM.gumbel(size=(60, 3)), axis=1)
    start = {"w": np.zeros((2, 3)), "b": np.zeros(3)}
    own = gl.fit(X, labels, model=gl.models.softmax, loss=surprise, start=start, solver=SHORT)
    ours = gl.fit(X, labels, model="softmax", solver=SHORT)
    np.testing.assert_allclose(own.params["w"], ours.params["w"], rtol=1e-12)


def test_a_polynomial_by_its_name_and_by_its_degree():
    x = np.linspace(-1, 1, 50)[:, None]
    fit = gl.fit(x, 1 + 2 * x[:, 0] - 3 * x[:, 0] ** 2, model="polynomial", solver=QUICK)
    np.testing.assert_allclose(fit.params["w"].ravel(), [2, -3], rtol=1e-4)
    cubic = gl.fit(x, x[:, 0] ** 3, model=gl.polynomial(3), solver=gl.Minibatch(gl.momentum(0.1), 10, 300))
    np.testing.assert_allclose(cubic.params["w"].ravel(), [0, 0, 1], atol=1e-3)


def test_a_users_function_may_know_more_classes_than_there_are_rows():
    start = {"w": np.zeros((2, 100)), "b": np.zeros(100)}
    labels = np.where(np.arange(60) % 2, 99, 3)
    fit = gl.fit(X, labels, model=gl.models.softmax, loss="cross_entropy", start=start, solver=SHORT)
    assert fit.params["w"].shape == (2, 100)


def test_a_start_for_three_classes_has_three_columns():
    start = {"w": np.ones((2, 3)), "b": np.zeros(3)}
    fit = gl.fit(X, np.arange(60) % 3, model="softmax", start=start, solver=SHORT)
    assert fit.params["w"].shape == (2, 3)


def test_a_start_continues_where_another_fit_ended():
    first = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(0.1), "all", epochs=5))
    second = gl.fit(X, Y, start=first.params, solver=gl.Minibatch(gl.sgd(0.1), "all", epochs=5))
    whole = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(0.1), "all", epochs=10))
    np.testing.assert_allclose(second.params["w"], whole.params["w"], rtol=1e-12)


# ---- tables ----


class Frame:
    """What a data frame looks like from outside: columns by name that turn into arrays."""

    def __init__(self, columns):
        self.held = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self.held[name]

    def __len__(self):
        return 60


@pytest.mark.parametrize("form", ["dict", "frame", "path", "text path", "table"])
def test_a_table_in_any_form_is_standardised_and_answered_in_its_own_units(form, tmp_path):
    path = tmp_path / "houses.csv"
    lines = [f"{a!r},{t},{p!r}" for a, t, p in zip(AREA.tolist(), TOWN, PRICE.tolist(), strict=True)]
    path.write_text("\n".join(["area,town,price", *lines]))
    data = {
        "dict": HOUSES,
        "frame": Frame(HOUSES),
        "path": path,
        "text path": str(path),
        "table": gl.data.read_csv(path),
    }[form]
    fit = gl.fit(data, target="price", solver=QUICK)
    np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [3, -50, 100], rtol=1e-6)
    assert fit.feature_names == ("area", "town=Ulm")
    assert not np.allclose(fit.trained_params["w"], fit.params["w"])  # trained on standardised columns


def test_coefficients_in_file_units_predict_the_same():
    fit = gl.fit(HOUSES, target="price", solver=SHORT)
    raw = np.column_stack([AREA, TOWN == "Ulm"])
    np.testing.assert_allclose(raw @ fit.params["w"] + fit.params["b"], fit.predict(HOUSES), rtol=1e-12)
    curve = gl.fit({"x": AREA, "y": AREA**2}, target="y", model=gl.polynomial(2), solver=SHORT)
    by_powers = AREA * curve.params["w"][0] + AREA**2 * curve.params["w"][1] + curve.params["b"]
    np.testing.assert_allclose(by_powers, curve.predict({"x": AREA}), rtol=1e-9)


def test_text_targets_become_classes():
    table = {"area": AREA, "town": np.where(AREA > 80, "Ulm", "Bonn")}
    fit = gl.fit(table, target="town", model="logistic", solver=QUICK)
    assert fit.classes == ("Bonn", "Ulm") and set(fit.predict(table)) == {"Bonn", "Ulm"}
    table["town"] = np.select([AREA > 90, AREA > 60], ["Ulm", "Bonn"], "Rome")
    fit = gl.fit(table, target="town", model="softmax", solver=QUICK)
    assert fit.classes == ("Bonn", "Rome", "Ulm") and fit.params["w"].shape == (1, 3)
    assert fit.evaluate(table)["accuracy"] > 0.8


def test_a_law_names_columns_of_a_table_and_gets_them_as_they_are():
    current = AREA / 40 - 2
    table = {"voltage": 3.3 * current + 0.5, "unused": TOWN, "current": current}
    fit = gl.fit(table, target="voltage", model=ohm, start={"offset": 0.0, "resistance": 1.0})
    np.testing.assert_allclose([fit.params["resistance"], fit.params["offset"]], [3.3, 0.5], rtol=1e-3)
    assert fit.feature_names == ("current",)
    np.testing.assert_allclose(fit.predict({"current": [10.0]}), [33.5], rtol=1e-3)

    def box(depth, width, k):
        return k * width * depth**2

    sides = {"width": AREA / 100, "depth": AREA[::-1] / 50}
    fit = gl.fit({**sides, "v": 2 * sides["width"] * sides["depth"] ** 2}, target="v", model=box, start={"k": 1.0})
    np.testing.assert_allclose(fit.params["k"], 2, rtol=1e-6)


def test_a_function_of_the_whole_row_has_parameters_in_the_units_of_the_file():
    table = {"p": X[:, 0] * 2 + 1, "q": X[:, 1], "y": Y}
    fit = gl.fit(table, target="y", model=linreg, start={"w": np.zeros(2), "b": 0.0}, solver=SHORT)
    raw = np.column_stack([table["p"], table["q"]])
    np.testing.assert_allclose(raw @ fit.params["w"] + fit.params["b"], fit.predict(table), rtol=1e-12)
    assert fit.params["w"].tobytes() == fit.trained_params["w"].tobytes()


def test_columns_can_be_left_out():
    fit = gl.fit(HOUSES, target="price", leave_out=["town"], solver=SHORT)
    assert fit.feature_names == ("area",)


# ---- rows held out ----


def test_rows_held_out_are_a_function_of_the_seed_and_are_not_seen():
    train, held = holdout_split(60, 0.25, seed=7)
    spoiled = Y.copy()
    spoiled[held] = 1e6
    fit = gl.fit(X, spoiled, holdout=0.25, seed=7, solver=SHORT)
    alone = gl.fit(X[train], Y[train], seed=7, solver=SHORT)
    assert fit.params["w"].tobytes() == alone.params["w"].tobytes() and fit.rows == 45
    assert fit.holdout["MAE"] == pytest.approx(np.mean(np.abs(alone.predict(X[held]) - 1e6)))
    assert gl.fit(X, Y, holdout=0.25, seed=8, solver=SHORT).holdout != fit.holdout
    assert gl.fit(X, Y, solver=SHORT).holdout is None


def test_standardising_does_not_see_the_rows_held_out():
    train, held = holdout_split(60, 0.25, seed=7)
    spoiled = HOUSES | {"area": AREA.copy(), "price": PRICE.copy()}
    spoiled["area"][held] = 1e9
    fit = gl.fit(spoiled, target="price", holdout=0.25, seed=7, solver=SHORT)
    alone = gl.fit({name: values[train] for name, values in HOUSES.items()}, target="price", seed=7, solver=SHORT)
    assert fit.params["w"].tobytes() == alone.params["w"].tobytes()
    np.testing.assert_allclose(fit.preparation.center, [AREA[train].mean(), 0], rtol=1e-15)


def test_classes_are_judged_on_the_rows_held_out():
    y = (Y > 4).astype(int)
    fit = gl.fit(X, y, model="logistic", holdout=0.25, solver=QUICK)
    assert fit.holdout["accuracy"] > 0.8 and fit.holdout["log_loss"] < 0.6


# ---- what comes with it ----


def test_a_second_fit_compiles_nothing():
    from gradloop.compiler.jit import compiled

    gl.fit(X, Y, solver=SHORT)
    before = compiled.modules
    gl.fit(X[:31] * 2, Y[:31], seed=3, solver=gl.Minibatch(gl.sgd(0.03), 5, epochs=4))
    assert compiled.modules == before


AGAIN = {
    "closed_form": {"solver": "closed_form"},
    "newton": {"solver": "newton"},
    "lbfgs": {"solver": "lbfgs"},
    "gauss_newton": {"solver": "gauss_newton"},
    "gradient_descent": {"solver": "gradient_descent"},
    "minibatch": {"solver": "minibatch", "holdout": 0.25},
    "exhaustive": {"solver": gl.Exhaustive({"b": [1.0, 2.0]})},
    "law": {"model": lambda x, k, c: k * np.exp(x[0] / 9) + c, "start": {"k": 1.0, "c": 0.0}},
    "robust": {"loss": "huber", "penalty": gl.l2(0.1)},
}


@pytest.mark.parametrize("options", AGAIN.values(), ids=AGAIN)
def test_a_repeated_fit_compiles_nothing_whatever_the_solver(options):
    from gradloop.compiler.jit import compiled

    gl.fit(X, Y, **options).predict(X)
    before = compiled.modules
    gl.fit(X[1:], Y[1:] + 1, seed=2, **options).predict(X)
    assert compiled.modules == before


def test_progress_and_ctrl_c_reach_the_front_door():
    def stop(progress):
        if progress.epoch == 2:
            raise KeyboardInterrupt

    fit = gl.fit(X, Y, solver=QUICK, progress=stop)
    assert fit.stop is gl.Stop.INTERRUPTED and len(fit.history) == 2
    assert np.isfinite(fit.predict(X)).all()


@pytest.mark.fault(15)
def test_a_divergence_is_still_a_fit():
    fit = gl.fit(X, Y, solver=gl.Minibatch(gl.sgd(1e3), 6, epochs=20))
    assert fit.stop is gl.Stop.DIVERGED and np.isfinite(fit.params["w"]).all()
    assert "too large" in str(fit.summary())


HEAVY = ("llvmlite", "pyarrow", "pandas", "matplotlib", "sklearn", "rich", "typer", "scipy", "safetensors")


def test_importing_loads_numpy_and_little_else():
    code = f"import sys, gradloop; print([name for name in {HEAVY} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


# ---- bad input ----


def model_of_a_vector(x, w, b):
    return x * w + b


def wants_if(x, w, b):
    return w if x[0] > 0 else b


def nothing(x, w, b):
    np.dot(x, w)


WB = {"w": np.zeros(2), "b": 0.0}
NAN = X.copy()
NAN[7, 1] = np.nan
LABELS = (Y > 4).astype(int)
WRONG = {
    "y of another length": ((X, Y[:5]), {}, DataError, "y has 5 values and X 60 rows"),
    "y as a column": ((X, Y[:, None]), {}, DataError, r"y has shape \(60, 1\).*table of 60 x 60; write y.ravel\(\)"),
    "X of one dimension": ((X[:, 0], Y), {}, DataError, r"X has shape \(60,\).*X.reshape\(-1, 1\)"),
    "X of three": ((X[None], Y), {}, DataError, r"X has shape \(1, 60, 2\)"),
    "no rows": ((X[:0], Y[:0]), {}, DataError, "no rows"),
    "ragged rows": (([[1.0], [1.0, 2.0]], [1, 2]), {}, DataError, "rows of equal length"),
    "ragged rows for a law": (
        ([[1.0], [1.0, 2.0]], [1, 2]),
        {"model": ohm, "start": WB},
        DataError,
        "rows of equal length",
    ),
    "NaN in X": ((NAN, Y), {}, DataError, r"X\[7, 1\] is nan"),
    "infinity in y": ((X, np.where(np.arange(60) == 3, np.inf, Y)), {}, DataError, r"y\[3\] is inf"),
    "text in y": ((X, ["a"] * 60), {}, DataError, "y holds values of type .*numbers are needed"),
    "y missing": ((X,), {}, DataError, r"targets are missing: give fit\(X, y\)"),
    "y with a table": ((HOUSES, PRICE), {"target": "price"}, OptionError, "y is for arrays"),
    "target with arrays": ((X, Y), {"target": "price"}, OptionError, "target names a column of a table"),
    "leaving out of arrays": ((X, Y), {"leave_out": ["x"]}, OptionError, "leave_out names columns of a table"),
    "target missing": ((HOUSES,), {}, OptionError, "target is missing: which column"),
    "an unknown target": ((HOUSES,), {"target": "prise"}, DataError, "no target 'prise'.*'price'"),
    "no such file": (("no.csv",), {"target": "y"}, DataError, "no.csv"),
    "text for numbers": ((HOUSES,), {"target": "town"}, DataError, "choose a model of classes"),
    "three classes for two": (
        ({"x": AREA, "y": [*"abc"] * 20},),
        {"target": "y", "model": "logistic"},
        OptionError,
        "3 classes.*softmax",
    ),
    "one class in a table": (
        ({"x": AREA, "y": ["a"] * 60},),
        {"target": "y", "model": "logistic"},
        DataError,
        '"a" in all 60',
    ),
    "a start for a table": ((HOUSES,), {"target": "price", "start": WB}, OptionError, "standardised columns"),
    "a law of unknown columns": (
        (HOUSES,),
        {"target": "price", "model": lambda area, rooms, k: k, "start": {"k": 1.0}},
        DataError,
        "no column rooms",
    ),
    "one class": ((X, np.ones(60)), {"model": "logistic"}, DataError, "All 60 targets are 1.0"),
    "minus one and one": ((X, np.sign(Y - 4)), {"model": "logistic"}, DataError, r"\(y \+ 1\) / 2 turns -1 and 1"),
    "three labels for two": (
        (X, np.arange(60) % 3),
        {"model": "logistic"},
        DataError,
        "softmax model for more than two",
    ),
    "half labels": (
        (X, np.arange(60) / 2),
        {"model": "softmax"},
        DataError,
        r"y\[1\] is 0.5, but classes are numbered",
    ),
    "labels below zero": ((X, np.arange(60) % 3 - 1), {"model": "softmax"}, DataError, r"y\[0\] is -1"),
    "years as labels": ((X, np.arange(60) % 3 + 2000), {"model": "softmax"}, DataError, r"y\[2\] is 2002.*np.unique"),
    "huge labels": ((X, LABELS * 10**12), {"model": "softmax"}, DataError, "1000000000000"),
    "labels beyond integers": ((X, LABELS * 1e30), {"model": "softmax"}, DataError, r"1e\+30"),
    "labels beyond the start": (
        (X, np.arange(60) % 3),
        {"model": "softmax", "start": {"w": np.zeros((2, 2)), "b": np.zeros(2)}},
        ModelError,
        r"start\['w'\] has the shape \(2, 2\), but .* needs \(2, 3\)",
    ),
    "labels for a number": ((X, LABELS), {"loss": "cross_entropy"}, ModelError, "predicts one number.*softmax"),
    "a number for a probability": (
        (X, LABELS),
        {"loss": "logistic"},
        ModelError,
        "not finite at the start, first in row 0",
    ),
    "negative counts": (
        (X, Y),
        {"loss": "poisson", "model": lambda x, w: np.exp(x @ w), "start": {"w": np.zeros(2)}},
        DataError,
        "is for counts",
    ),
    "an unknown model": ((X, Y), {"model": "tree"}, OptionError, "no model 'tree'; choose one of linear"),
    "no model": ((X, Y), {"model": 3}, OptionError, "model is 3; give a name"),
    "an unknown loss": ((X, Y), {"loss": "anger"}, OptionError, "no loss 'anger'; choose one of squared"),
    "no loss": ((X, Y), {"loss": 3}, OptionError, "loss is 3; give a name"),
    "a measure": ((X, LABELS), {"loss": "zero_one"}, OptionError, "measure only.*logistic"),
    "an unknown engine": ((X, Y), {"engine": "gpu"}, OptionError, "no engine 'gpu'"),
    "an unknown solver": ((X, Y), {"solver": "sgd"}, OptionError, "no solver 'sgd'; choose one of auto, closed_form"),
    "an optimizer for a solver": ((X, Y), {"solver": gl.sgd(0.1)}, OptionError, "give for instance gl.Minibatch"),
    "a penalty by name": ((X, Y), {"penalty": "l2"}, OptionError, r"penalty is 'l2'; give for instance gl.l2\(0.1\)"),
    "a penalty without strength": ((X, Y), {"penalty": gl.l2}, OptionError, "give for instance gl.l2"),
    "no function for progress": ((X, Y), {"progress": 3}, OptionError, "progress is 3"),
    "a start that names nothing": ((X, Y), {"start": [0.0, 0.0]}, OptionError, "must name the parameters"),
    "a start that lacks": ((X, Y), {"start": {"w": np.zeros(2)}}, ModelError, "start lacks 'b'.*linear"),
    "a start too long": ((X, Y), {"start": {"w": np.zeros(3), "b": 0.0}}, ModelError, r"shape \(3,\).*needs \(2,\)"),
    "a start with more": ((X, Y), {"start": WB | {"c": 0.0}}, ModelError, "start names c"),
    "a ragged start": ((X, Y), {"start": {"w": [[1], [1, 2]], "b": 0.0}}, ModelError, r"start\['w'\]"),
    "a function without start": ((X, Y), {"model": linreg}, ModelError, r"linreg\(x, w, b\) needs start"),
    "a vector": ((X, Y), {"model": model_of_a_vector, "start": WB}, ModelError, r"shape \(2,\) for one example"),
    "a loss of a vector": (
        (X, Y),
        {"model": linreg, "start": WB, "loss": lambda p, y: np.stack([p, y])},
        ModelError,
        "a loss is one number",
    ),
    "nothing": ((X, Y), {"model": nothing, "start": WB}, TracingError, r"nothing \(test_training.*returns nothing"),
    "an if": ((X, Y), {"model": wants_if, "start": WB}, TracingError, r"test_training.py, line \d+.*np.where"),
    "a batch too large": ((X, Y), {"solver": gl.Minibatch(gl.sgd(0.1), 61)}, OptionError, "batch_size is 61.*60 rows"),
    "a batch too large for what is left": (
        (X, Y),
        {"solver": gl.Minibatch(gl.sgd(0.1), 50), "holdout": 0.5},
        OptionError,
        "50, but there are 30 rows",
    ),
    "L1 with adam": (
        (X, Y),
        {"solver": gl.Minibatch(gl.adam()), "penalty": gl.l1(0.1)},
        OptionError,
        "proximal step, which adam",
    ),
    "a negative seed": ((X, Y), {"seed": -1}, OptionError, "seed is -1"),
    "half a seed": ((X, Y), {"seed": 0.5}, OptionError, "seed is 0.5"),
    "all rows held out": ((X, Y), {"holdout": 1.0}, OptionError, "cannot be held out"),
    "a share below zero": ((X, Y), {"holdout": -0.2}, OptionError, "cannot be held out"),
    "float32 too small for y": ((X.astype(np.float32), Y * 1e300), {}, DataError, "too large for float32"),
    "float32 too small for start": (
        (X.astype(np.float32), Y),
        {"start": {"w": [1e300, 0], "b": 0.0}},
        ModelError,
        "finite in float32",
    ),
    "data beyond all scales": (
        (X * 1e200, Y),
        {"solver": gl.Minibatch()},
        OptionError,
        "No learning rate can be deriv",
    ),
    "squares beyond all scales": ((X, Y * 1e160), {}, DataError, "too large to be squared in float64"),
    "squares below all scales": ((X, Y * 1e-160), {}, DataError, "too small to be squared in float64"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_one_sentence(case):
    arguments, options, error, words = WRONG[case]
    with pytest.raises(error, match=words) as caught:
        gl.fit(*arguments, **options)
    said = str(caught.value)
    assert "\n" not in said and len(said) < 400
