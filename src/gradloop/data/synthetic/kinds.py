"""The kinds of examples there are. Each is a function of its own parameters and of rows, noise, outliers and seed.

In every kind the noise e is drawn from the standard normal distribution, and a row is an outlier with the probability
``outliers`` (Tukey's contaminated distribution). An outlier's quantity lies above the others: by 5 to 10 times the
standard deviation that the target has, so that squares are pulled and absolute values are not; an outlier's class is
one of the other classes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradloop import laws, models
from gradloop.data.synthetic.examples import Synthetic
from gradloop.errors import OptionError

Array = Any
Inputs = Callable[[np.random.Generator, int], list[Array]]

HOUSE_RANGES = {"area": (30.0, 200.0), "distance": (0.0, 20.0), "age": (0.0, 80.0)}
HOUSE_UNITS = {
    **{"area": "m²", "distance": "km to the centre", "age": "years", "price": "thousand €"},
    **{"w": "thousand € per m², km and year", "b": "thousand €", "noise": "thousand €"},
}
CURRENTS = (-1.0, 1.0)  # A
POLYNOMIAL_RANGE = (-2.0, 2.0)
WAVELENGTHS = (0.4, 4.0)  # in units of the brightest one
RADIUS = 3.0  # of the circle on which centres of classes lie
_WIEN = 4.965114231744276  # hc / (λ k T) at the brightest wavelength: the root of x = 5 (1 - exp(-x))


def line(
    rows: int = 1000, *, w: ArrayLike = (2.0, -3.4), b: float = 4.2,
    noise: float = 0.01, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """A line, a plane, and so on: as many features as weights, each from the standard normal distribution.

        y = x · w + b + noise e

    Args: w (d,), the weights; b, the intercept; noise, the standard deviation of y around the line; outliers, the
    probability that a row is one. Columns: x for one feature, or x1, x2 …; y. Nothing has a unit.

    Raises: OptionError for parameters or numbers that cannot be.

    >>> data = line(rows=5, w=[2.0, -3.4], b=4.2, noise=0.0)
    >>> list(data.columns), bool(np.allclose(data.y, data.X @ [2.0, -3.4] + 4.2))
    (['x1', 'x2', 'y'], True)

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 3.3.
    """
    weights, intercept = _vector("w", w), _number("b", b)
    names = ("x",) if len(weights) == 1 else tuple(f"x{place}" for place in range(1, len(weights) + 1))

    def inputs(generator: np.random.Generator, count: int) -> list[Array]:
        return [generator.standard_normal(count) for _ in weights]

    return _quantity(
        kind="line", law="y = x · w + b", truth={"w": weights, "b": intercept}, features=names, target="y", units={},
        model="linear", inputs=inputs, exact=lambda *x: _weighted(x, weights, intercept),
        spread=float(np.linalg.norm(weights)), rows=rows, noise=noise, outliers=outliers, seed=seed,
    )  # fmt: skip


def polynomial(
    rows: int = 1000, *, w: ArrayLike = (1.0, -2.0, 0.5), b: float = 1.0,
    noise: float = 0.1, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """A curve: the sum of powers of one feature, which is spread evenly over -2 … 2.

        y = b + w₁ x + w₂ x² + … + noise e

    Args: w, the factors of x, x², …; b, the intercept; noise, the standard deviation of y around the curve; outliers,
    the probability that a row is one. Columns: x, y. Nothing has a unit. The truth has w in the shape (degree, 1)
    that ``gl.polynomial(degree)`` finds.

    Raises: OptionError for parameters or numbers that cannot be.

    >>> data = polynomial(rows=5, w=[0.0, 3.0], b=1.0, noise=0.0)
    >>> bool(np.allclose(data.y, 1 + 3 * data.columns["x"] ** 2)), data.model.name
    (True, 'polynomial(2)')

    Source: Gergonne, The application of the method of least squares to the interpolation of sequences, 1815.
    """
    factors, intercept = _vector("w", w), _number("b", b)

    def exact(x: Array) -> Array:
        return np.polynomial.polynomial.polyval(x, [intercept, *factors])

    return _quantity(
        kind="polynomial", law="y = b + " + " + ".join(f"w{power} x^{power}" for power in range(1, len(factors) + 1)),
        truth={"w": factors.reshape(-1, 1), "b": intercept}, features=("x",), target="y", units={},
        model=models.polynomial(len(factors)),
        inputs=lambda generator, count: [_even(generator, POLYNOMIAL_RANGE, count)],
        exact=exact, spread=float(np.std(exact(np.linspace(*POLYNOMIAL_RANGE, 1001)))),
        rows=rows, noise=noise, outliers=outliers, seed=seed,
    )  # fmt: skip


def houses(
    rows: int = 1000, *, w: ArrayLike = (4.0, -6.0, -1.0), b: float = 160.0,
    noise: float = 20.0, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """Prices of houses from their size, location and age, each spread evenly over its range.

        price = w₁ area + w₂ distance + w₃ age + b + noise e

    Args: w (3,), thousand € per m² of area, per km of distance to the centre, and per year of age; b, the price of
    no house at all in the centre, in thousand €; noise, the standard deviation of prices, in thousand €; outliers,
    the probability that a row is one. Columns: area, 30 to 200 m²; distance, 0 to 20 km; age, 0 to 80 years; price,
    in thousand €.

    Raises: OptionError for parameters or numbers that cannot be.

    >>> data = houses(rows=5, noise=0.0)
    >>> list(data.columns), data.units["price"], bool(np.allclose(data.y, data.X @ data.truth["w"] + 160))
    (['area', 'distance', 'age', 'price'], 'thousand €', True)

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 3.1, where area and age are the features.
    """
    weights, intercept = _vector("w", w), _number("b", b)
    if len(weights) != len(HOUSE_RANGES):
        raise OptionError(
            f"w has {len(weights)} numbers, but a house has three features: give one number each for area, distance "
            "and age."
        )

    def inputs(generator: np.random.Generator, count: int) -> list[Array]:
        return [_even(generator, between, count) for between in HOUSE_RANGES.values()]

    widths = np.array([high - low for low, high in HOUSE_RANGES.values()])
    return _quantity(
        kind="houses", law="price = w1 area + w2 distance + w3 age + b", truth={"w": weights, "b": intercept},
        features=tuple(HOUSE_RANGES), target="price", units=HOUSE_UNITS, model="linear", inputs=inputs,
        exact=lambda *x: _weighted(x, weights, intercept), spread=float(np.linalg.norm(weights * widths)) / np.sqrt(12),
        rows=rows, noise=noise, outliers=outliers, seed=seed,
    )  # fmt: skip


def ohm(
    rows: int = 1000, *, resistance: float = 3.3, offset: float = 2.2,
    noise: float = 0.01, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """Voltages at a resistor for currents spread evenly over -1 … 1 A, read on a meter whose zero is off.

        voltage = resistance · current + offset + noise e

    Args: resistance, in Ω; offset, in V; noise, the standard deviation of a reading, in V; outliers, the probability
    that a row is one. Columns: current, in A; voltage, in V. The law is ``gl.laws.ohm``.

    Raises: OptionError for parameters or numbers that cannot be.

    >>> data = ohm(rows=5, resistance=47.0, offset=0.0, noise=0.0)
    >>> bool(np.allclose(data.columns["voltage"], 47 * data.columns["current"])), data.units["resistance"]
    (True, 'Ω')

    Source: Ohm, Die galvanische Kette, mathematisch bearbeitet, 1827.
    """
    r, u0 = _number("resistance", resistance), _number("offset", offset)
    return _quantity(
        kind="ohm", law="voltage = resistance · current + offset", truth={"resistance": r, "offset": u0},
        features=("current",), target="voltage", model=laws.ohm,
        units={"current": "A", "voltage": "V", "resistance": "Ω", "offset": "V", "noise": "V"},
        inputs=lambda generator, count: [_even(generator, CURRENTS, count)],
        exact=lambda current: laws.ohm(current, r, u0), spread=abs(r) * (CURRENTS[1] - CURRENTS[0]) / np.sqrt(12),
        rows=rows, noise=noise, outliers=outliers, seed=seed,
    )  # fmt: skip


def planck(
    rows: int = 1000, *, temperature: float = 5772.0,
    noise: float = 0.01, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """The spectrum of a black body, at wavelengths spread evenly over 0.4 to 4 times the brightest one.

        radiance = B(wavelength, temperature) (1 + noise e),    B = 2 h c² / λ⁵ · 1 / (exp(hc / (λ k T)) - 1)

    Args: temperature, in K; noise, relative: the standard deviation of a reading as a share of it, a pure number;
    outliers, the probability that a row is one, which is 6 to 11 times as bright. Columns: wavelength, in m;
    radiance, in W / (m² sr m). The law is ``gl.laws.planck_wavelength``. The errors grow with the radiance: with
    weights=1 / radiance² every row says as much as it knows.

    Raises: OptionError for a temperature or numbers that cannot be.

    >>> data = planck(rows=5, temperature=5772.0, noise=0.0)
    >>> print(bool((data.y == laws.planck_wavelength(data.columns["wavelength"], 5772.0)).all()))
    True

    Source: Planck, Ueber das Gesetz der Energieverteilung im Normalspectrum, 1901.
    """
    kelvin = _number("temperature", temperature)
    if not 1e-11 <= kelvin <= 1e6:
        raise OptionError(f"temperature is {kelvin} K, but it must be from 1e-11 to 1e6 K.")
    brightest = laws.PLANCK_CONSTANT * laws.SPEED_OF_LIGHT / (_WIEN * laws.BOLTZMANN_CONSTANT * kelvin)
    low, high = WAVELENGTHS
    return _quantity(
        kind="planck", law="radiance = 2 h c² / wavelength⁵ / (exp(h c / (wavelength k temperature)) - 1)",
        truth={"temperature": kelvin}, features=("wavelength",), target="radiance", model=laws.planck_wavelength,
        units={"wavelength": "m", "radiance": "W/(m² sr m)", "temperature": "K", "noise": "of the radiance"},
        inputs=lambda generator, count: [_even(generator, (low * brightest, high * brightest), count)],
        exact=lambda wavelength: laws.planck_wavelength(wavelength, kelvin), spread=1.0, relative=True,
        rows=rows, noise=noise, outliers=outliers, seed=seed,
    )  # fmt: skip


def classes(
    rows: int = 1000, *, centers: ArrayLike = 2,
    noise: float = 1.5, outliers: float = 0.0, seed: int = 0,
) -> Synthetic:  # fmt: skip
    """Clouds of points, one for each class, all round and of one size, so that the probabilities are known.

        x = centers[k] + noise e,    P(k | x) = softmax(x · w + b)[k],    w[:, k] = centers[k] / noise² and
        b[k] = -|centers[k]|² / (2 noise²),  each less its mean over the classes

    Two classes have the logistic form P(1 | x) = 1 / (1 + exp(-(x · w + b))), with w and b the differences. With more,
    only differences between classes are determined.

    Args: centers (K, d), one row for each class, or K alone for that many points on a circle of radius 3; noise, the
    standard deviation of the clouds, above 0; outliers, the probability that a row is given the name of a class that
    is not its own. All classes are equally likely. Columns: x1, x2 …; class, from 0 to K-1. Nothing has a unit.

    Raises: OptionError for parameters or numbers that cannot be.

    >>> data = classes(rows=5, centers=[[-1.0, 0.0], [1.0, 0.0]], noise=1.0)
    >>> data.model, data.truth, list(data.columns)
    ('logistic', {'w': array([2., 0.]), 'b': 0.0}, ['x1', 'x2', 'class'])

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.3.
    """
    middles = _centers(centers)
    if not _number("noise", noise) > 0:
        raise OptionError(f"noise is {noise!r}, but it must be above 0: without noise the best weights are infinite.")
    count, width = middles.shape

    def draw(inputs: np.random.Generator, clouds: np.random.Generator, size: int) -> tuple[list[Array], Array]:
        labels = inputs.integers(count, size=size)
        return [middles[labels, place] + noise * clouds.standard_normal(size) for place in range(width)], labels

    def spoil(generator: np.random.Generator, labels: Array) -> Array:
        return (labels + generator.integers(1, count, size=len(labels))) % count

    return Synthetic(
        kind="classes", law="P(class | x) = " + ("1 / (1 + exp(-(x · w + b)))" if count == 2 else "softmax(x · w + b)"),
        truth=_true_weights(middles, noise), features=tuple(f"x{place}" for place in range(1, width + 1)),
        target="class", units={}, model="logistic" if count == 2 else "softmax",
        rows=rows, noise=noise, outliers=outliers, seed=seed, draw=draw, spoil=spoil,
    )  # fmt: skip


KINDS: Mapping[str, Callable[..., Synthetic]] = {
    "line": line,
    "polynomial": polynomial,
    "classes": classes,
    "houses": houses,
    "ohm": ohm,
    "planck": planck,
}


# ---- what the kinds are made of ------------------------------------------------------------------------------


def _quantity(
    *, inputs: Inputs, exact: Callable[..., Array], spread: float, noise: float, relative: bool = False, **said: Any
) -> Synthetic:
    """Examples of a quantity: its exact value, noise on it, and outliers above it, of its own size if relative."""
    far = float(np.hypot(spread, _number("noise", noise))) or 1.0

    def draw(where: np.random.Generator, around: np.random.Generator, rows: int) -> tuple[list[Array], Array]:
        features = inputs(where, rows)
        value = exact(*features)
        deviation = noise * around.standard_normal(rows)
        return features, value + (value * deviation if relative else deviation)

    def spoil(generator: np.random.Generator, target: Array) -> Array:
        distance = far * _even(generator, (5.0, 10.0), len(target))
        return target + (np.abs(target) * distance if relative else distance)

    return Synthetic(noise=noise, draw=draw, spoil=spoil, **said)


def _even(generator: np.random.Generator, between: Sequence[float], rows: int) -> Array:
    low, high = between
    return low + (high - low) * generator.random(rows)


def _weighted(features: Sequence[Array], weights: Array, intercept: float) -> Array:
    """Added feature by feature: a product of matrices has other last bits on other machines."""
    total = np.full(len(features[0]), intercept)
    for feature, weight in zip(features, weights, strict=True):
        total += weight * feature
    return total


def _true_weights(centers: Array, noise: float) -> dict[str, Any]:
    w, b = centers.T / noise**2, -(centers**2).sum(axis=1) / (2 * noise**2)
    if len(centers) == 2:
        return {"w": w[:, 1] - w[:, 0], "b": float(b[1] - b[0])}
    return {"w": w - w.mean(axis=1, keepdims=True), "b": b - b.mean()}


def _centers(centers: ArrayLike) -> Array:
    wanted = (
        "the number of classes, from 2, or an array (classes, features) with the middle of each class in a row, as "
        "many numbers in each"
    )
    given = _finite("centers", centers, wanted)
    if given.ndim == 0 and given >= 2 and given == np.floor(given):
        angles = 2 * np.pi * np.arange(int(given)) / int(given)
        circle = RADIUS * np.column_stack([np.cos(angles), np.sin(angles)])
        return np.where(abs(circle) < 1e-12, 0.0, circle)  # zeros that are zeros
    if given.ndim != 2 or len(given) < 2 or not given.shape[1]:
        raise _not("centers", centers, wanted)
    return given


def _vector(name: str, value: ArrayLike) -> Array:
    wanted = "a list of numbers, such as [2.0, -3.4]"
    given = _finite(name, value, wanted)
    if given.ndim != 1 or not given.size:
        raise _not(name, value, wanted)
    return given


def _number(name: str, value: ArrayLike) -> float:
    given = _finite(name, value, "one number")
    if given.ndim:
        raise _not(name, value, "one number")
    return float(given)


def _finite(name: str, value: ArrayLike, wanted: str) -> Array:
    try:
        given = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _not(name, value, wanted) from None
    if not np.isfinite(given).all():
        raise _not(name, value, f"{wanted}, and finite")
    return given


def _not(name: str, value: object, wanted: str) -> OptionError:
    return OptionError(f"{name} is {value!r}, but it must be {wanted}.")
