"""Formulas of the textbook that overflow as written, with what they and their slopes really are.

The truth is computed with 60 decimal digits, from formulas that need no care at that precision.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

import numpy as np

DIGITS = 60
FAR = (-1000.0, -800.0, -40.0, -1.0, -1e-12, 0.0, 1e-12, 1.0, 40.0, 800.0, 1000.0)
POSITIVE = (1e-12, 1e-3, 1.0, 40.0, 700.0, 800.0, 1000.0)


class Formula(NamedTuple):
    """A function of one number as a reader would write it, and its value, slope and curvature in decimal digits."""

    name: str
    naive: Callable[[Any], Any]
    truth: tuple[Callable[[Decimal], Decimal], ...]
    points: tuple[float, ...]

    def expected(self, order: int) -> list[float]:
        with localcontext() as context:
            context.prec = DIGITS
            return [float(self.truth[order](Decimal(z))) for z in self.points]


def sigma(z: Decimal) -> Decimal:
    return 1 / (1 + (-z).exp())


def slope_of_sigma(z: Decimal) -> Decimal:
    return sigma(z) * sigma(-z)


def curvature_of_sigma(z: Decimal) -> Decimal:
    return slope_of_sigma(z) * (sigma(-z) - sigma(z))


def softplus(z: Decimal) -> Decimal:
    return (1 + z.exp()).ln()


def negative(function: Callable[[Decimal], Decimal]) -> Callable[[Decimal], Decimal]:
    return lambda z: -function(z)


def softmax_loss(z: Any) -> Any:
    """-log of the first of three probabilities whose scores are 0, z and 0: log(2 + exp(z))"""
    scores = z * np.array([0.0, 1.0, 0.0])
    return -np.log((np.exp(scores) / np.sum(np.exp(scores)))[0])


def shifted_softmax_loss(z: Any) -> Any:
    """The same by a careful reader, who subtracts the largest score."""
    scores = z * np.array([0.0, 1.0, 0.0])
    grown = np.exp(scores - np.max(scores))
    return -np.log(grown[0] / np.sum(grown))


def log_of_two_and_exp() -> tuple[Callable[[Decimal], Decimal], ...]:
    shift = Decimal(2).ln
    return (
        lambda z: (2 + z.exp()).ln(),
        lambda z: sigma(z - shift()),
        lambda z: slope_of_sigma(z - shift()),
    )


def planck() -> tuple[Callable[[Decimal], Decimal], ...]:
    """n = 1 / (exp(x) - 1) and its derivatives"""
    return (
        lambda x: 1 / (x.exp() - 1),
        lambda x: -x.exp() / (x.exp() - 1) ** 2,
        lambda x: x.exp() * (x.exp() + 1) / (x.exp() - 1) ** 3,
    )


SIGMA = (sigma, slope_of_sigma, curvature_of_sigma)
SOFTPLUS = (softplus, sigma, slope_of_sigma)
FORMULAS = [
    Formula("logistic", lambda z: 1 / (1 + np.exp(-z)), SIGMA, FAR),
    Formula("logistic with exp on both sides", lambda z: np.exp(z) / (1 + np.exp(z)), SIGMA, FAR),
    Formula("one minus logistic", lambda z: 1 - 1 / (1 + np.exp(z)), SIGMA, FAR),
    Formula("softplus", lambda z: np.log(1 + np.exp(z)), SOFTPLUS, FAR),
    Formula("softplus by log1p", lambda z: np.log1p(np.exp(z)), SOFTPLUS, FAR),
    Formula("log loss at 0", lambda z: -np.log(1 - 1 / (1 + np.exp(-z))), SOFTPLUS, FAR),
    Formula(
        "log of logistic",
        lambda z: np.log(1 / (1 + np.exp(-z))),
        (lambda z: -softplus(-z), lambda z: sigma(-z), negative(slope_of_sigma)),
        FAR,
    ),
    Formula("log of exp", lambda z: np.log(np.exp(z)), (lambda z: z, lambda z: Decimal(1), lambda z: Decimal(0)), FAR),
    Formula("softmax loss", softmax_loss, log_of_two_and_exp(), FAR),
    Formula("softmax loss, shifted", shifted_softmax_loss, log_of_two_and_exp(), FAR),
    Formula("planck by expm1", lambda x: 1 / np.expm1(x), planck(), POSITIVE),
    Formula("planck by exp", lambda x: 1 / (np.exp(x) - 1), planck(), POSITIVE),
]
