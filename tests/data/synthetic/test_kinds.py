"""The truth is told truly: fitting finds it within its standard errors, and the noise is as large as was said."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.data import synthetic
from gradloop.errors import OptionError


def found(data, start=None, **options):
    start = {"resistance": 1.0, "offset": 0.0} if data.kind == "ohm" else start
    return gl.fit(data.columns, target=data.target, model=data.model, start=start, **options)


def misses(fit, truth):
    """By how many of its standard errors each parameter misses the truth."""
    exact = np.concatenate([np.ravel(value) for value in truth.values()])
    return (np.asarray(fit.statistics.estimate) - exact) / np.asarray(fit.statistics.standard_error)


def is_found(fit, truth, within=4):
    assert fit.params.keys() == truth.keys()
    assert all(np.shape(fit.params[name]) == np.shape(value) for name, value in truth.items())
    assert (abs(misses(fit, truth)) < within).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "data",
    [
        lambda seed: synthetic.line(seed=seed),
        lambda seed: synthetic.line(300, w=[0.5], b=-100, noise=10, seed=seed),
        lambda seed: synthetic.line(5000, w=np.arange(20), seed=seed),
        lambda seed: synthetic.polynomial(seed=seed),
        lambda seed: synthetic.polynomial(w=[0, 0, 0, 0, 3], b=0, noise=1, seed=seed),
        lambda seed: synthetic.houses(seed=seed),
        lambda seed: synthetic.houses(w=[1, -1, 0.5], b=7, noise=1, seed=seed),
        lambda seed: synthetic.ohm(seed=seed),
        lambda seed: synthetic.ohm(resistance=1e6, offset=-3, noise=100, seed=seed),
        lambda seed: synthetic.classes(seed=seed),
        lambda seed: synthetic.classes(5000, centers=[[0, 0, 0], [1, 2, 0.5]], noise=2, seed=seed),
    ],
)
def test_fitting_finds_the_truth(data, seed):
    data = data(seed)
    is_found(found(data), data.truth)


@pytest.mark.parametrize("temperature", [2.725, 300, 5772, 1e5])
def test_fitting_finds_the_temperature(temperature):
    """First roughly, which gives the size of the errors and so the weights; then as well as can be."""
    data = synthetic.planck(temperature=temperature, noise=0.02, seed=4)
    rough = found(data, start={"temperature": temperature * 1.3}).params
    weights = 1 / gl.laws.planck_wavelength(data.columns["wavelength"], **rough) ** 2
    fit = found(data, start=rough, weights=weights)
    is_found(fit, data.truth)
    x = 6.62607015e-34 * 299_792_458 / (1.380649e-23 * data.columns["wavelength"] * temperature)
    slope = x / -np.expm1(-x) / temperature  # d log B / dT
    assert float(fit.statistics.standard_error[0]) == pytest.approx(0.02 / np.linalg.norm(slope), rel=0.1)


@pytest.mark.parametrize("kind", [synthetic.houses, synthetic.ohm, synthetic.polynomial])
def test_standard_errors_are_of_the_size_of_the_misses(kind):
    """Over many seeds the misses have variance one: noise is neither larger nor smaller than was said."""
    squares = [misses(found(data), data.truth) ** 2 for data in (kind(200, seed=seed) for seed in range(100))]
    assert np.mean(squares) == pytest.approx(1, abs=5 * np.sqrt(2 / 100))


def exact(data):
    """What the target would be without noise, from the columns and the truth alone."""
    truth, columns = data.truth, data.columns
    if data.kind in ("line", "houses"):
        return data.X @ truth["w"] + truth["b"]
    if data.kind == "polynomial":
        return np.polyval([*truth["w"][::-1, 0], truth["b"]], columns["x"])
    if data.kind == "ohm":
        return truth["resistance"] * columns["current"] + truth["offset"]
    h, c, k = 6.62607015e-34, 299_792_458, 1.380649e-23
    wavelength = columns["wavelength"]
    return 2 * h * c**2 / wavelength**5 / np.expm1(h * c / (wavelength * k * truth["temperature"]))


QUANTITIES = [kind for kind in synthetic.KINDS if kind != "classes"]


@pytest.mark.parametrize("kind", QUANTITIES)
def test_noise_has_the_standard_deviation_that_was_asked_for(kind):
    rows, noise = 100_000, 0.125
    data = synthetic.KINDS[kind](rows, noise=noise)
    errors = (data.y - exact(data)) / (exact(data) if kind == "planck" else 1)
    assert errors.std() == pytest.approx(noise, rel=5 / np.sqrt(2 * rows))
    assert errors.mean() == pytest.approx(0, abs=5 * noise / np.sqrt(rows))
    assert (errors**4).mean() == pytest.approx(3 * noise**4, rel=0.1)  # the normal distribution's
    assert np.corrcoef(errors, data.X[:, 0])[0, 1] == pytest.approx(0, abs=5 / np.sqrt(rows))


@pytest.mark.parametrize("kind", QUANTITIES)
def test_without_noise_the_law_holds_exactly(kind):
    data = synthetic.KINDS[kind](noise=0.0)
    np.testing.assert_allclose(data.y, exact(data), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kind", QUANTITIES)
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_outliers_lie_above_by_5_to_10_standard_deviations_of_the_target(kind, noise):
    clean = synthetic.KINDS[kind](100_000, noise=noise)
    spoiled = synthetic.KINDS[kind](100_000, noise=noise, outliers=0.2)
    odd = spoiled.outlier_rows
    relative = kind == "planck"
    distance = (spoiled.y - clean.y)[odd] / (abs(clean.y[odd]) if relative else clean.y.std())
    unit = np.sqrt(1 + noise**2) if relative else 1
    assert distance.min() == pytest.approx(5 * unit, rel=0.03) and distance.max() == pytest.approx(10 * unit, rel=0.03)


def test_a_constant_has_outliers_too():
    data = synthetic.line(w=[0.0], b=3.0, noise=0.0, outliers=0.1)
    assert (data.y[data.outlier_rows] >= 8).all()


def test_absolute_values_withstand_outliers_and_squares_do_not():
    data = synthetic.houses(2000, outliers=0.05, seed=1)
    truth, [squared, absolute] = data.truth, [found(data, loss=loss).params for loss in ("squared", "absolute")]
    prediction = {name: data.X @ fit["w"] + fit["b"] - exact(data) for name, fit in (("s", squared), ("a", absolute))}
    assert truth["b"] == 160 and prediction["s"].mean() > 40 > 10 > abs(prediction["a"].mean())


@pytest.mark.parametrize(
    ("data", "ranges"),
    [
        (synthetic.houses(50_000), {"area": (30, 200), "distance": (0, 20), "age": (0, 80)}),
        (synthetic.ohm(50_000), {"current": (-1, 1)}),
        (synthetic.polynomial(50_000), {"x": (-2, 2)}),
    ],
)
def test_inputs_fill_their_ranges_evenly(data, ranges):
    for name, (low, high) in ranges.items():
        parts, _ = np.histogram(data.columns[name], bins=10, range=(low, high))
        assert parts.sum() == data.rows and abs(parts - 5000).max() < 5 * np.sqrt(4500)


def test_wavelengths_lie_about_the_brightest():
    """Wien's displacement law: the brightest wavelength times the temperature is 2.897771955 mm K."""
    for temperature in (2.725, 5772.0):
        columns = synthetic.planck(50_000, temperature=temperature, noise=0.0).columns
        wavelength = columns["wavelength"] * temperature / 2.897771955e-3
        assert wavelength.min() == pytest.approx(0.4, abs=1e-3) and wavelength.max() == pytest.approx(4, abs=1e-3)
        assert wavelength[np.argmax(columns["radiance"])] == pytest.approx(1, abs=1e-2)


# ---- classes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("centers", [2, 3, 5, [[0.0], [2.0]], [[1, 2, 3], [0, 0, 0], [4, -1, 1], [0, 1, 0]]])
def test_the_true_weights_are_bayes_rule(centers):
    noise = 1.7
    data = synthetic.classes(500, centers=centers, noise=noise)
    if np.ndim(centers) == 0:
        angles = 2 * np.pi * np.arange(centers) / centers
        centers = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    density = np.exp(-((data.X[:, None] - np.array(centers)) ** 2).sum(axis=2) / (2 * noise**2))
    probability = density / density.sum(axis=1, keepdims=True)
    w, b = data.truth["w"], data.truth["b"]
    if len(centers) == 2:
        probability = probability[:, 1]
        assert data.model == "logistic"
        np.testing.assert_allclose([gl.models.logistic(x, w, b) for x in data.X], probability, atol=1e-12)
    else:
        assert data.model == "softmax"
        np.testing.assert_allclose([gl.models.softmax(x, w, b) for x in data.X], probability, atol=1e-12)


def test_clouds_have_the_size_and_place_that_were_asked_for():
    centers = np.array([[0.0, 5.0], [3.0, -2.0], [100.0, 0.0]])
    data = synthetic.classes(90_000, centers=centers, noise=0.5)
    assert abs(np.bincount(data.y, minlength=3) - 30_000).max() < 5 * np.sqrt(20_000)
    for label, center in enumerate(centers):
        cloud = data.X[data.y == label]
        np.testing.assert_allclose(cloud.mean(axis=0), center, atol=5 * 0.5 / np.sqrt(30_000))
        np.testing.assert_allclose(np.cov(cloud.T), 0.25 * np.eye(2), atol=0.01)


def test_each_pair_of_many_classes_is_a_logistic_truth():
    """Softmax has no standard errors, as only differences are determined; two of its classes alone have."""
    data = synthetic.classes(9000, centers=[[0, 0], [1, 2], [-1, 1], [2, -1]], seed=6)
    w, b = data.truth["w"], data.truth["b"]
    assert w.shape == (2, 4) and abs(w.sum(axis=1)).max() < 1e-12 and abs(b.sum()) < 1e-12
    for first, second in [(0, 1), (0, 3), (1, 2)]:
        rows = np.isin(data.y, [first, second])
        pair = gl.fit(data.X[rows], (data.y[rows] == second).astype(int), model="logistic")
        is_found(pair, {"w": w[:, second] - w[:, first], "b": b[second] - b[first]})
    fit = found(data).params
    difference = (fit["w"] - fit["w"][:, :1]) - (w - w[:, :1])
    assert fit["w"].shape == w.shape and abs(difference).max() < 0.15


def test_an_outlier_bears_the_name_of_another_class():
    clean, spoiled = (synthetic.classes(30_000, centers=4, outliers=share) for share in (0.0, 0.3))
    odd = spoiled.outlier_rows
    shift = (spoiled.y - clean.y)[odd] % 4
    assert abs(np.bincount(shift, minlength=4) - np.array([0, 1, 1, 1]) * len(odd) / 3).max() < 5 * np.sqrt(len(odd))
    assert not (shift == 0).any() and spoiled.y.dtype == np.int64 and set(spoiled.y) == {0, 1, 2, 3}


# ---- wrong wishes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (lambda: synthetic.line(w=2.0), r"w is 2.0, but it must be a list of numbers"),
        (lambda: synthetic.line(w=[]), r"w is \[\]"),
        (lambda: synthetic.line(w=["a"]), r"w is \['a'\], but it must be a list"),
        (lambda: synthetic.line(w=[1.0, np.nan]), "and finite"),
        (lambda: synthetic.line(b=[1.0]), r"b is \[1.0\], but it must be one number"),
        (lambda: synthetic.polynomial(w=[[1.0]]), "a list of numbers"),
        (lambda: synthetic.polynomial(b=np.inf), "b is inf"),
        (lambda: synthetic.houses(w=[1.0, 2.0]), "w has 2 numbers, but a house has three features"),
        (lambda: synthetic.ohm(resistance="high"), "resistance is 'high', but it must be one number"),
        (lambda: synthetic.ohm(offset=np.nan), "offset is nan"),
        (lambda: synthetic.planck(temperature=0), "temperature is 0.0 K"),
        (lambda: synthetic.planck(temperature=-300), "temperature is -300.0 K"),
        (lambda: synthetic.planck(temperature=1e9), "from 1e-11 to 1e6 K"),
        (lambda: synthetic.classes(centers=1), "centers is 1, but it must be the number of classes, from 2"),
        (lambda: synthetic.classes(centers=2.5), "centers is 2.5"),
        (lambda: synthetic.classes(centers=[1, 2]), r"centers is \[1, 2\]"),
        (lambda: synthetic.classes(centers=[[1, 2]]), r"centers is \[\[1, 2\]\]"),
        (lambda: synthetic.classes(centers=[[1, 2], [3]]), "as many numbers in each"),
        (lambda: synthetic.classes(noise=0), "noise is 0, but it must be above 0"),
    ],
)
def test_impossible_parameters(wish, said):
    with pytest.raises(OptionError, match=said):
        wish()


@pytest.mark.parametrize("temperature", [1e-11, 1e6])
def test_the_law_can_be_computed_at_every_temperature_that_is_let_in(temperature):
    radiance = synthetic.planck(temperature=temperature).y
    assert np.isfinite(radiance).all() and (radiance > 0).all()
