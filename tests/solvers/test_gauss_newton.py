"""Gauss-Newton against NIST's certified values, algebra and SciPy; what it must not claim, and what it must refuse."""

import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

import gradloop
from gradloop import laws
from gradloop.core.ops import OPS
from gradloop.data import synthetic
from gradloop.errors import ModelError, OptionError
from gradloop.history import History
from gradloop.losses import LOSSES, about, huber, quantile
from gradloop.models import MODELS, Model
from gradloop.penalties import l2
from gradloop.problem import make_problem
from gradloop.solvers.gauss_newton import GaussNewton, agreement, best_of
from gradloop.solvers.nonlinear.residuals import Residuals, uncertainty
from gradloop.solvers.nonlinear.search import Found
from gradloop.stop import Stop

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NIST = sorted(path.stem for path in (SHARED / "nist_nonlinear").glob("*.json"))
RANDOM = np.random.default_rng(0)


def make(law, X, y, start, loss="squared", **options):
    """A problem whose law is a plain function."""
    X = np.ascontiguousarray(X.reshape(len(y), -1))
    loss = about(loss) if callable(loss) else LOSSES[loss]
    model = Model("law", law, lambda features, classes: start, "squared", lambda params, center, scale: params)
    return make_problem(model, loss, X, y, start, **options)


def decay(time, amplitude, rate):
    return amplitude * np.exp(-rate * time)


TIME = np.linspace(0.0, 4.0, 40)
DECAYED = decay(TIME, 3.0, 0.8) + 0.02 * RANDOM.normal(size=40)


# ---- NIST ----------------------------------------------------------------------------------------------------


def nist(name, start):
    """A reference problem, and the certified values and standard errors."""
    told = json.loads((SHARED / "nist_nonlinear" / f"{name}.json").read_text())
    data = np.loadtxt(SHARED / "nist_nonlinear" / f"{name}.csv", delimiter=",", skiprows=1)
    names = [parameter["name"] for parameter in told["parameters"]]
    columns = told["columns"][1:]
    formula = told["model"].split("   ")[0]
    functions = {"exp": np.exp, "pi": np.pi, "arctan": np.arctan, "sin": np.sin, "cos": np.cos}
    law = eval(f"lambda {', '.join(columns + names)}: {formula}", functions)
    y = np.log(data[:, 0]) if told["response"] == "log(y)" else data[:, 0].copy()
    begin = {parameter["name"]: float(parameter[start]) for parameter in told["parameters"]}
    return make(law, data[:, 1:], y, begin), told["parameters"]


def digits(found, parameters, what):
    certified = np.array([float(parameter[what]) for parameter in parameters])
    return float(np.min(-np.log10(np.maximum(np.abs(found - certified) / np.abs(certified), 1e-16))))


@pytest.mark.skipif(not NIST, reason="the NIST data are in ../shared, which is absent")
@pytest.mark.parametrize("start", ["start1", "start2"])
@pytest.mark.parametrize("name", NIST or ["none"])
def test_nist(name, start):
    if name == "Roszman1" and "arctan" not in OPS:
        pytest.skip("np.arctan is not among the operations")
    problem, parameters = nist(name, start)
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    assert digits(solution.params, parameters, "estimate") > 10
    errors = np.array(list(uncertainty(problem, solution.params).standard_errors.values()))
    assert digits(errors, parameters, "std_error") > 7  # least for Lanczos2, whose residuals are 1e-6 of y


@pytest.mark.skipif("Lanczos3" not in NIST, reason="the NIST data are in ../shared, which is absent")
def test_too_few_iterations_are_not_called_converged():
    problem, parameters = nist("Lanczos3", "start1")
    solution = GaussNewton(iterations=3).solve(problem)
    assert solution.stop is Stop.ITERATIONS
    assert digits(solution.params, parameters, "estimate") < 6


# ---- physics -------------------------------------------------------------------------------------------------


def monopole(wavenumber, error, temperature):
    """The spectrum in MJy/sr at wavenumbers in 1/cm, in units of its measurement error."""
    return laws.planck_frequency(100 * laws.SPEED_OF_LIGHT * wavenumber, temperature) * 1e20 / error


@pytest.mark.skipif(not (SHARED / "physics").exists(), reason="the FIRAS data are in ../shared, which is absent")
@pytest.mark.parametrize("start", [0.5, 1.0, 2.7, 5.0, 17.0, 60.0, 300.0])
def test_the_temperature_of_the_sky(start):
    wavenumber, spectrum, _, error, _ = np.loadtxt(SHARED / "physics" / "firas_monopole_spec_v1.txt").T
    error = error / 1000  # kJy/sr to MJy/sr
    problem = make(monopole, np.stack([wavenumber, error], axis=1), spectrum / error, {"temperature": start})
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    assert f"{solution.params[0]:.5f}" == "2.72502"
    found = uncertainty(problem, solution.params)
    assert f"{found.standard_errors['temperature']:.5f}" == "0.00001"
    assert found.deviation == pytest.approx(1, abs=0.1)  # the errors are what they are said to be


@pytest.mark.skipif(not (SHARED / "physics").exists(), reason="the physics data are in ../shared, which is absent")
def test_a_capacitor_discharges_at_the_rate_of_its_half_life():
    _, volts, seconds = np.loadtxt(
        SHARED / "physics" / "volts_capacitor.csv", delimiter=",", skiprows=1, converters=lambda s: float(s.strip('"'))
    ).T
    start = {"amplitude": 1.0, "rate": 1.0, "background": 0.0}
    problem = make(laws.exponential_decay, seconds, volts, start)
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    rough = -np.polyfit(seconds, np.log(volts), 1)[0]
    assert solution.params[1] == pytest.approx(rough, rel=0.2)
    assert np.sqrt(2 * solution.history["loss"][-1]) < 0.1  # volts, of about nine


@pytest.mark.skipif(not (SHARED / "physics").exists(), reason="the physics data are in ../shared, which is absent")
def test_ohms_of_fruit_juice_agree_with_the_closed_form():
    _, juice, ohms = np.loadtxt(
        SHARED / "physics" / "fruitohms.csv", delimiter=",", skiprows=1, converters=lambda s: float(s.strip('"'))
    ).T
    solution = GaussNewton().solve(make(laws.ohm, juice, ohms, {"resistance": 1.0, "offset": 0.0}))
    np.testing.assert_allclose(solution.params, np.polyfit(juice, ohms, 1), rtol=1e-12)
    assert solution.stop is Stop.CONVERGED


def test_a_straight_line_takes_one_step_to_the_closed_form():
    X = RANDOM.normal(size=(30, 1)) + 5
    y = laws.ohm(X[:, 0], 4.7, 0.3) + 0.1 * RANDOM.normal(size=30)
    problem = make(laws.ohm, X, y, {"resistance": 1.0, "offset": 0.0})
    solution = GaussNewton().solve(problem)
    A = np.column_stack([X, np.ones(30)])
    np.testing.assert_allclose(solution.params, np.linalg.lstsq(A, y)[0], rtol=1e-12)
    assert solution.stop is Stop.CONVERGED
    assert len(solution.history) <= 4
    residuals = y - A @ solution.params
    covariance = residuals @ residuals / 28 * np.linalg.inv(A.T @ A)
    found = uncertainty(problem, solution.params)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-9)
    assert found.degrees_of_freedom == 28


def test_the_history_falls_and_ends_at_the_loss_of_the_answer():
    problem = make(decay, TIME, DECAYED, {"amplitude": 30.0, "rate": 5.0})
    told = []
    solution = GaussNewton().solve(problem, report=told.append)
    loss = solution.history["loss"]
    assert (np.diff(loss) <= 1e-12 * loss[:-1]).all()
    value, slope = problem.objective(solution.params)
    assert loss[-1] == pytest.approx(value, rel=1e-12)
    assert problem.objective(problem.start)[0] == pytest.approx(loss[0], rel=1e-12)
    first = np.linalg.norm(problem.objective(problem.start)[1])
    assert solution.history["gradient_norm"][0] == pytest.approx(first, rel=1e-10)
    assert np.linalg.norm(slope) < 1e-10
    assert [progress.epoch for progress in told] == list(range(1, len(loss) + 1))
    assert solution.history.params[0][1].keys() == {"amplitude", "rate"}


# ---- units ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x_unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("y_unit", [1e-120, 1e-12, 1e12, 1e120])
def test_units_change_nothing(x_unit, y_unit):
    plain = GaussNewton().solve(make(decay, TIME, DECAYED, {"amplitude": 20.0, "rate": 3.0}))
    start = {"amplitude": 20.0 * y_unit, "rate": 3.0 / x_unit}
    other = GaussNewton().solve(make(decay, TIME * x_unit, DECAYED * y_unit, start))
    np.testing.assert_allclose(other.params / [y_unit, 1 / x_unit], plain.params, rtol=1e-10)
    assert other.stop is Stop.CONVERGED
    assert abs(len(other.history) - len(plain.history)) <= 2


def test_the_scale_of_a_parameter_changes_nothing():
    def in_nano(time, amplitude, rate):
        return decay(time, amplitude * 1e9, rate * 1e-9)

    plain = GaussNewton().solve(make(decay, TIME, DECAYED, {"amplitude": 20.0, "rate": 3.0}))
    other = GaussNewton().solve(make(in_nano, TIME, DECAYED, {"amplitude": 2e-8, "rate": 3e9}))
    np.testing.assert_allclose(other.params * [1e9, 1e-9], plain.params, rtol=1e-10)


# ---- bounds, starts ------------------------------------------------------------------------------------------


def test_bounds_that_do_not_bind_change_nothing():
    problem = make(decay, TIME, DECAYED, {"amplitude": 1.0, "rate": 1.0})
    free = GaussNewton().solve(problem)
    bound = GaussNewton(bounds={"rate": (0.0, np.inf), "amplitude": (0.0, 100.0)}).solve(problem)
    np.testing.assert_allclose(bound.params, free.params, rtol=1e-10)
    assert bound.stop is Stop.CONVERGED
    assert bound.notes == ()


def test_a_bound_that_binds_is_said_and_the_rest_is_best():
    problem = make(decay, TIME, DECAYED, {"amplitude": 1.0, "rate": 1.5})
    solution = GaussNewton(bounds={"rate": (1.0, 2.0)}).solve(problem)
    shape = np.exp(-TIME)
    assert solution.params == pytest.approx([shape @ DECAYED / (shape @ shape), 1.0], rel=1e-10)
    assert solution.stop is Stop.CONVERGED
    assert solution.notes == ("rate ended on a bound: the data want a value beyond it.",)


def test_bounds_agree_with_scipy():
    X = RANDOM.normal(size=(50, 4))
    y = X @ [1.0, -2.0, 0.5, 3.0] + RANDOM.normal(size=50)

    def linear(x, w):
        return np.dot(x, w)

    problem = make(linear, X, y, {"w": np.zeros(4)})
    solution = GaussNewton(bounds={"w": (-1.0, [0.4, 1.0, 1.0, 2.0])}).solve(problem)
    box = [(-1, 0.4), (-1, 1), (-1, 1), (-1, 2)]
    best = minimize(lambda w: np.mean((X @ w - y) ** 2) / 2, np.zeros(4), bounds=box, tol=1e-14)
    np.testing.assert_allclose(solution.params, best.x, atol=1e-6)
    assert solution.history["loss"][-1] <= best.fun * (1 + 1e-12)


def wave(x, amplitude, frequency):
    return amplitude * np.sin(frequency * x)


X_WAVE = np.linspace(0, 10, 80)
WAVE = wave(X_WAVE, 2.0, 7.3) + 0.1 * RANDOM.normal(size=80)


def test_a_coarse_search_finds_the_valley_that_descent_misses():
    problem = make(wave, X_WAVE, WAVE, {"amplitude": 1.0, "frequency": 1.0})
    alone = GaussNewton().solve(problem)
    assert abs(alone.params[1] - 7.3) > 0.5
    searched = GaussNewton(ranges={"frequency": (0.5, 20.0), "amplitude": (0.1, 10.0)}, starts=5).solve(problem)
    assert searched.params == pytest.approx([2.0, 7.3], abs=0.1)
    assert searched.stop is Stop.CONVERGED
    assert "of 5 starts led to this loss" in searched.notes[0]


def test_of_several_ends_the_lowest_counts_and_of_equal_ones_what_is_known():
    point = Residuals(make(wave, X_WAVE, WAVE, {"amplitude": 1.0, "frequency": 1.0})).at(np.ones(2))
    known, costs = Stop.CONVERGED, (9.0, 2.0, 2.0 + 1e-12, 4.0)
    ends = [
        Found(point._replace(cost=cost), stop, History.from_rows([]), ())
        for cost, stop in zip(costs, (known, Stop.STALLED, known, known), strict=True)
    ]
    assert best_of(ends) is best_of(ends[::-1]) is ends[2]
    assert best_of(ends[:2]) is ends[1]
    assert agreement(ends, ends[2]) == ["2 of 4 starts led to this loss; the others ended at larger ones."]


def test_the_same_seed_gives_the_same_bits():
    problem = make(wave, X_WAVE, WAVE, {"amplitude": 1.0, "frequency": 1.0})
    solver = GaussNewton(ranges={"frequency": (0.5, 20.0)}, starts=3)
    assert (solver.solve(problem, seed=4).params == solver.solve(problem, seed=4).params).all()


def test_a_range_helps_a_start_where_the_law_is_not_finite():
    problem = make(laws.michaelis_menten, TIME + 0.5, DECAYED, {"largest_rate": 1.0, "half_concentration": -0.5})
    with pytest.raises(ModelError, match="not finite at the start, first in row 0"):
        GaussNewton().solve(problem)
    ranges = {"half_concentration": (0.1, 10.0), "largest_rate": (0.1, 10.0)}
    assert np.isfinite(GaussNewton(ranges=ranges).solve(problem).params).all()


# ---- what is not known ---------------------------------------------------------------------------------------


def test_parameters_that_only_count_together_are_named():
    def twice(time, amplitude, gain, rate):
        return amplitude * gain * np.exp(-rate * time)

    problem = make(twice, TIME, DECAYED, {"amplitude": 1.0, "gain": 2.0, "rate": 1.0})
    solution = GaussNewton().solve(problem)
    assert solution.stop is not Stop.CONVERGED
    assert "The data do not determine amplitude, gain" in solution.notes[0]
    plain = GaussNewton().solve(make(decay, TIME, DECAYED, {"amplitude": 1.0, "rate": 1.0}))
    assert solution.params[2] == pytest.approx(plain.params[1], rel=1e-6)
    found = uncertainty(problem, solution.params)
    assert np.isnan(found.standard_errors["gain"])
    assert found.identified.tolist() == [False, False, True]
    rate = uncertainty(make(decay, TIME, DECAYED, {"amplitude": 1.0, "rate": 1.0}), plain.params)
    assert found.standard_errors["rate"] == pytest.approx(rate.standard_errors["rate"], rel=1e-6)


def search_once(problem):
    """One search from the given start, without looking elsewhere."""
    free = np.full(problem.start.size, np.inf)
    return GaussNewton().search(Residuals(problem), problem.start.astype(float), -free, free, None)


def test_a_plateau_is_not_a_minimum():
    """Far out exp(-rate · time) is zero everywhere but at zero: no slope, and no claim."""
    problem = make(decay, TIME[1:], DECAYED[1:], {"amplitude": 1.0, "rate": 1e5})
    found = search_once(problem)
    assert found.stop is Stop.STALLED
    assert "rate" in found.notes[0]


def test_a_start_on_a_plateau_is_left():
    """From there other starts are compared, which is said."""
    far = make(decay, TIME[1:], DECAYED[1:], {"amplitude": 1.0, "rate": 1e5})
    near = make(decay, TIME[1:], DECAYED[1:], {"amplitude": 1.0, "rate": 1.0})
    solution = GaussNewton().solve(far)
    assert solution.stop is Stop.CONVERGED
    np.testing.assert_allclose(solution.params, GaussNewton().solve(near).params, rtol=1e-8)
    assert "other starts were compared" in solution.notes[-1]


@pytest.mark.parametrize("start", [0.5, 30.0, 1e6])
def test_a_spectrum_that_is_dark_at_the_start_is_fitted(start):
    spectrum = synthetic.planck(rows=60, temperature=5772.0, noise=0.01, seed=0)
    wavelength, radiance = spectrum.columns["wavelength"], spectrum.columns["radiance"]
    problem = make(laws.planck_wavelength, wavelength, radiance, {"temperature": start})
    assert GaussNewton().solve(problem).params[0] == pytest.approx(5772, rel=1e-2)


def test_a_saddle_is_not_a_minimum():
    def squares(x, a):
        return a * a * x

    problem = make(squares, np.ones(5), np.full(5, 2.0), {"a": 0.0})  # the loss (a² - 2)² / 2 has a top at 0
    assert search_once(problem).stop is not Stop.CONVERGED
    assert GaussNewton().solve(problem).params[0] ** 2 == pytest.approx(2, rel=1e-9)


def test_more_parameters_than_rows():
    def cubic(x, w):
        return w[0] + w[1] * x + w[2] * x**2 + w[3] * x**3

    problem = make(lambda x, w: cubic(x[0], w), np.array([1.0, 2.0]), np.array([1.0, 5.0]), {"w": np.zeros(4)})
    solution = GaussNewton().solve(problem)
    assert solution.stop is not Stop.CONVERGED
    assert "do not determine w" in solution.notes[0]
    assert solution.history["loss"][-1] < 1e-20
    assert np.isnan(uncertainty(problem, solution.params).standard_errors["w"]).all()


@pytest.mark.parametrize("loss", ["squared", huber(1e-3)])
def test_exact_data_are_met_exactly(loss):
    problem = make(decay, TIME, decay(TIME, 3.0, 0.8), {"amplitude": 10.0, "rate": 3.0}, loss)
    solution = GaussNewton().solve(problem)
    np.testing.assert_allclose(solution.params, [3.0, 0.8], rtol=1e-14)
    assert solution.stop is Stop.CONVERGED


def test_float32_is_judged_by_its_own_rounding():
    X, y = TIME.astype(np.float32), DECAYED.astype(np.float32)
    solution = GaussNewton().solve(make(decay, X, y, {"amplitude": 10.0, "rate": 3.0}))
    exact = GaussNewton().solve(make(decay, TIME, DECAYED, {"amplitude": 10.0, "rate": 3.0}))
    assert solution.params.dtype == np.float32
    np.testing.assert_allclose(solution.params, exact.params, rtol=1e-5)


def test_the_two_engines_agree():
    problem = make(decay, TIME, DECAYED, {"amplitude": 10.0, "rate": 3.0})
    slow = GaussNewton().solve(replace(problem, engine="numpy"))
    np.testing.assert_allclose(slow.params, GaussNewton().solve(problem).params, rtol=1e-12)


# ---- weights -------------------------------------------------------------------------------------------------


def test_a_weight_of_two_is_a_row_twice_and_zero_is_its_absence():
    weights = RANDOM.integers(0, 3, size=40).astype(float)
    rows, start = np.repeat(np.arange(40), weights.astype(int)), {"amplitude": 10.0, "rate": 3.0}
    for loss in ("squared", huber(0.02), "absolute"):
        weighted = make(decay, TIME, DECAYED, start, loss, weights=weights / weights.mean())
        one, other = (
            GaussNewton().solve(weighted),
            GaussNewton().solve(make(decay, TIME[rows], DECAYED[rows], start, loss)),
        )
        np.testing.assert_allclose(one.params, other.params, rtol=1e-10)
        assert one.stop is other.stop is Stop.CONVERGED
        assert one.history["loss"][-1] == pytest.approx(other.history["loss"][-1], rel=1e-10)
        assert one.history["loss"][-1] == pytest.approx(weighted.objective(one.params)[0], rel=1e-10)


def test_measurement_errors_as_weights_are_residuals_in_units_of_the_errors():
    error = RANDOM.uniform(0.5, 2.0, size=40)
    start = {"amplitude": 10.0, "rate": 3.0}
    divided = make(
        lambda x, amplitude, rate: decay(x[0], amplitude, rate) / x[1],
        np.stack([TIME, error], 1),
        DECAYED / error,
        start,
    )
    weights = 1 / error**2
    weighted = make(decay, TIME, DECAYED, start, weights=weights / weights.mean())
    one, other = GaussNewton().solve(divided), GaussNewton().solve(weighted)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-10)
    np.testing.assert_allclose(
        uncertainty(divided, one.params).covariance, uncertainty(weighted, other.params).covariance, rtol=1e-8
    )
    assert uncertainty(weighted, other.params).degrees_of_freedom == 38


# ---- outliers ------------------------------------------------------------------------------------------------

SPOILT = DECAYED.copy()
SPOILT[[3, 17, 30]] += [4.0, -3.0, 9.0]


@pytest.mark.parametrize("delta", [0.03, 0.5])
def test_huber_agrees_with_scipy_and_withstands_outliers(delta):
    problem = make(decay, TIME, SPOILT, {"amplitude": 10.0, "rate": 3.0}, loss=huber(delta))
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    best = minimize(lambda p: np.mean(huber(delta)(decay(TIME, *p), SPOILT)), [3.0, 0.8], tol=1e-12)
    assert solution.history["loss"][-1] <= best.fun * (1 + 1e-10)
    np.testing.assert_allclose(solution.params, best.x, atol=1e-5)
    spoilt = GaussNewton().solve(make(decay, TIME, SPOILT, {"amplitude": 10.0, "rate": 3.0}))
    assert abs(solution.params[0] - 3) < 0.1 * delta + 0.05 < abs(spoilt.params[0] - 3)


def test_a_loss_of_ones_own():
    """Cauchy's: log(1 + r²) / 2 hardly hears outliers at all."""

    def cauchy(y_hat, y):
        return np.log(1 + ((y_hat - y) / 0.05) ** 2) / 2

    problem = make(decay, TIME, SPOILT, {"amplitude": 4.0, "rate": 1.0}, loss=cauchy)
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    best = minimize(lambda p: np.mean(cauchy(decay(TIME, *p), SPOILT)), [3.0, 0.8], tol=1e-12)
    np.testing.assert_allclose(solution.params, best.x, atol=1e-5)


def test_a_squared_loss_of_ones_own_gives_the_same():
    def own(y_hat, y):
        return 5 * (y - y_hat) ** 2

    start = {"amplitude": 10.0, "rate": 3.0}
    ours = GaussNewton().solve(make(decay, TIME, DECAYED, start))
    np.testing.assert_allclose(
        GaussNewton().solve(make(decay, TIME, DECAYED, start, loss=own)).params, ours.params, rtol=1e-12
    )


def lowest_sum(A, y, up, down):
    """The least Σ up · max(r, 0) + down · max(-r, 0) over all parameters of a linear law, by linear programming."""
    rows, columns = A.shape
    costs = np.concatenate([np.zeros(columns), np.full(rows, up), np.full(rows, down)])
    split = np.hstack([A, -np.eye(rows), np.eye(rows)])
    return linprog(costs, A_eq=split, b_eq=y, bounds=[(None, None)] * columns + [(0, None)] * (2 * rows)).fun


@pytest.mark.parametrize(("loss", "up", "down"), [("absolute", 1.0, 1.0), (quantile(0.8), 0.2, 0.8)])
def test_absolute_and_quantile_of_a_line_are_exact(loss, up, down):
    x = RANDOM.normal(size=60)
    y = laws.ohm(x, 2.0, 1.0) + RANDOM.standard_cauchy(size=60)
    problem = make(laws.ohm, x, y, {"resistance": 0.0, "offset": 0.0}, loss=loss)
    solution = GaussNewton().solve(problem)
    A = np.column_stack([x, np.ones(60)])
    assert solution.stop is Stop.CONVERGED
    assert solution.history["loss"][-1] * 60 == pytest.approx(lowest_sum(A, y, up, down), rel=1e-9)
    assert np.sort(np.abs(A @ solution.params - y))[:2] == pytest.approx([0, 0], abs=1e-13)


def test_absolute_of_a_law_meets_as_many_rows_as_it_has_parameters():
    problem = make(decay, TIME, SPOILT, {"amplitude": 10.0, "rate": 3.0}, loss="absolute")
    solution = GaussNewton().solve(problem)
    assert solution.stop is Stop.CONVERGED
    best = minimize(lambda p: np.mean(np.abs(decay(TIME, *p) - SPOILT)), [3.0, 0.8], method="Nelder-Mead", tol=1e-12)
    assert solution.history["loss"][-1] <= best.fun * (1 + 1e-9)
    assert solution.params == pytest.approx([3.0, 0.8], abs=0.05)
    assert np.sort(np.abs(decay(TIME, *solution.params) - SPOILT))[:2] == pytest.approx([0, 0], abs=1e-13)


# ---- refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"starts": 0}, "starts is 0"),
        ({"iterations": 2.5}, "iterations is 2.5"),
        ({"tolerance": 0.0}, "tolerance is 0.0"),
        ({"bounds": {"speed": (0, 1)}}, "bounds names 'speed', but the parameters are amplitude, rate"),
        ({"ranges": {"speed": (0, 1)}}, "ranges names 'speed'"),
        ({"bounds": {"rate": (1.0, 0.0)}}, "a lower and a larger upper end"),
        ({"bounds": {"rate": 3.0}}, r"bounds\['rate'\] is 3.0"),
        ({"bounds": {"rate": (5.0, 6.0)}}, r"start\['rate'\] lies outside its bounds"),
        ({"ranges": {"rate": (0.0, np.inf)}}, "ranges must be finite"),
    ],
)
def test_options_that_cannot_be_honoured(options, words):
    with pytest.raises(OptionError, match=words):
        GaussNewton(**options).solve(make(decay, TIME, DECAYED, {"amplitude": 1.0, "rate": 1.0}))


def test_what_it_is_not_for():
    start = {"amplitude": 1.0, "rate": 1.0}
    with pytest.raises(OptionError, match="without a penalty"):
        GaussNewton().solve(make(decay, TIME, DECAYED, start, penalty=l2(0.1)))
    logistic = make_problem(
        MODELS["logistic"], LOSSES["logistic"], TIME[:, None].copy(), (TIME > 2) * 1.0, {"w": np.zeros(1), "b": 0.0}
    )
    with pytest.raises(OptionError, match="the logistic loss"):
        GaussNewton().solve(logistic)
    with pytest.raises(OptionError, match="grows with"):
        GaussNewton().solve(make(decay, TIME, DECAYED, start, loss=lambda y_hat, y: y_hat - y))
    with pytest.raises(OptionError, match="not least where the prediction meets y"):
        GaussNewton().solve(make(decay, TIME, DECAYED, start, loss=lambda y_hat, y: (y_hat - y - 0.5) ** 4))
    with pytest.raises(OptionError, match="squared loss, not the huber loss"):
        uncertainty(make(decay, TIME, DECAYED, start, loss="huber"), np.ones(2))


# ---- examples ------------------------------------------------------------------------------------------------

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FIRAS = SHARED / "physics" / "firas_monopole_spec_v1.txt"


@pytest.mark.skipif(not hasattr(gradloop, "GaussNewton"), reason="gradloop.fit does not know this solver yet")
@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("ohm", [], "resistance = 4.69"),
        ("planck", [], "temperature = 2.72"),
        ("planck", [str(FIRAS), "0.5"], "temperature = 2.72502 ± 0.00001 K"),
        ("planck", [str(FIRAS), "300"], "temperature = 2.72502 ± 0.00001 K"),
    ],
)
def test_examples(name, arguments, words, monkeypatch, capsys):
    if arguments and not FIRAS.exists():
        pytest.skip("the FIRAS data are in ../shared, which is absent")
    monkeypatch.setattr("sys.argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / f"{name}.py"))
    assert words in capsys.readouterr().out
