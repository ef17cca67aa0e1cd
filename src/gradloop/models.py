"""2. Model: what is predicted for one example, as a textbook writes it.

A prediction is a plain NumPy function of one example `x` of shape (d,) and of parameters by name; the batch
is the business of the loop. Formulas stand here in their naive form: the compiler replaces those that
overflow.
"""

from collections.abc import Callable
from math import comb
from typing import Any, NamedTuple

import numpy as np

Array = Any  # a NumPy array, a number, or the tracer that stands for one
Params = dict[str, Any]


class Model(NamedTuple):
    """A prediction together with what fitting it needs to know."""

    name: str
    predict: Callable[..., Array]  # predict(x, w, b) -> y_hat for one example
    start: Callable[[int, int], Params]  # start(features, classes): where training begins
    loss: str  # the name of the loss that goes with it
    in_units: Callable[[Params, Array, Array], Params]  # parameters for (x - center) / scale -> parameters for x


def linear(x: Array, w: Array, b: Array) -> Array:
    """The weighted sum of the features.

        y_hat = x · w + b

    Args: x (d,), one example; w (d,), the weights; b, a number, the intercept.

    >>> print(round(linear(np.array([1.0, 2.0]), w=np.array([2.0, -3.4]), b=4.2), 12))
    -0.6

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 3.1.
    """
    return np.dot(x, w) + b


def logistic(x: Array, w: Array, b: Array) -> Array:
    """The probability that y is 1.

        y_hat = 1 / (1 + exp(-(x · w + b)))

    Args: x (d,), one example; w (d,), the weights; b, a number, the intercept.

    >>> print(logistic(np.array([1.0, 2.0]), w=np.array([2.0, -1.0]), b=0.0))
    0.5

    Source: Cox, The regression analysis of binary sequences, 1958.
    """
    return 1 / (1 + np.exp(-(np.dot(x, w) + b)))


def softmax(x: Array, w: Array, b: Array) -> Array:
    """The probability of each of K classes; the K of them add up to 1.

        z = x · w + b,  y_hat[k] = exp(z[k]) / Σⱼ exp(z[j])

    Args: x (d,), one example; w (d, K), the weights; b (K,), the intercepts.

    >>> print(softmax(np.array([1.0, 2.0]), w=np.zeros((2, 4)), b=np.zeros(4)))
    [0.25 0.25 0.25 0.25]

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 4.1.
    """
    z = np.dot(x, w) + b
    return np.exp(z) / np.sum(np.exp(z))


def start_with_one_output(features: int, classes: int) -> Params:
    """Zeros for one weight per feature and one intercept; the number of classes does not matter.

    >>> start_with_one_output(features=2, classes=0)["w"].shape
    (2,)
    """
    return {"w": np.zeros(features), "b": np.zeros(())}


def start_with_one_output_per_class(features: int, classes: int) -> Params:
    """Zeros for one weight per feature and class and one intercept per class.

    >>> start_with_one_output_per_class(features=2, classes=3)["w"].shape
    (2, 3)
    """
    return {"w": np.zeros((features, classes)), "b": np.zeros(classes)}


def linear_in_units(params: Params, center: Array, scale: Array) -> Params:
    """The parameters for x that predict what `params` predict for (x - center) / scale.

        w' = w / scale,  b' = b - (center / scale) · w

    Args: params, w (d,) or (d, K) and b; center (d,) and scale (d,), in the units of x.

    >>> standardised = {"w": np.array([6.0]), "b": 1.0}
    >>> params = linear_in_units(standardised, center=np.array([10.0]), scale=np.array([2.0]))
    >>> print(params["w"], params["b"])
    [3.] -29.0
    """
    w, b = params["w"], params["b"]
    return {"w": (w.T / scale).T, "b": b - np.dot(center / scale, w)}


def polynomial(degree: int = 2) -> Model:
    """The model that adds powers of each feature, without products of different features.

        y_hat = b + Σₖ xᵏ · w[k-1]  for k = 1 … degree

    Args: degree, a whole number from 1. The model's parameters: w (degree, d), whose row k-1 belongs to
    the k-th powers; b, a number, the intercept.

    Raises: ValueError when the degree is not a whole number from 1.

    >>> parabola = polynomial(degree=2)
    >>> print(parabola.predict(np.array([3.0]), w=np.array([[0.0], [2.0]]), b=1.0))
    19.0

    Source: Gergonne, The application of the method of least squares to the interpolation of sequences, 1815.
    """
    if not isinstance(degree, int) or degree < 1:
        raise ValueError(f"a polynomial's degree is {degree!r}, but it must be a whole number from 1; try degree=2")

    def predict(x: Array, w: Array, b: Array) -> Array:
        return b + sum(np.dot(x ** (k + 1), w[k]) for k in range(degree))

    def start(features: int, classes: int) -> Params:
        return {"w": np.zeros((degree, features)), "b": np.zeros(())}

    return Model(f"polynomial({degree})", predict, start, "squared", polynomial_in_units)


def polynomial_in_units(params: Params, center: Array, scale: Array) -> Params:
    """The polynomial's parameters for x that predict what `params` predict for (x - center) / scale.

        ((x - c) / s)ᵏ = Σⱼ C(k, j) xʲ (-c)ᵏ⁻ʲ / sᵏ  for j = 0 … k: the binomial theorem

    Far from zero (center much larger than scale) high powers of x nearly cancel, so that the new parameters
    lose about degree · log10(center / scale) digits; predict from standardised x where that matters.

    Args: params, w (degree, d) and b; center (d,) and scale (d,), in the units of x.

    >>> square = {"w": np.array([[0.0], [1.0]]), "b": 0.0}
    >>> params = polynomial_in_units(square, center=np.array([3.0]), scale=np.array([1.0]))
    >>> print(params["w"].ravel(), params["b"])  # (x - 3)² = x² - 6x + 9
    [-6.  1.] 9.0
    """
    w, b = params["w"], params["b"]
    coefficients = np.zeros((len(w) + 1, len(center)))  # row j belongs to the j-th powers of x
    for k, row in enumerate(w, start=1):
        for j in range(k + 1):
            coefficients[j] += comb(k, j) * (-center) ** (k - j) * row / scale**k
    return {"w": coefficients[1:], "b": b + np.sum(coefficients[0])}


MODELS: dict[str, Model | Callable[..., Model]] = {
    "linear": Model("linear", linear, start_with_one_output, "squared", linear_in_units),
    "polynomial": polynomial,
    "logistic": Model("logistic", logistic, start_with_one_output, "logistic", linear_in_units),
    "softmax": Model("softmax", softmax, start_with_one_output_per_class, "cross_entropy", linear_in_units),
}
