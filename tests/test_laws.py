"""Laws against their limits, against each other, and traced against NumPy."""

import numpy as np
import pytest

from gradloop import laws
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.spec import Spec
from gradloop.core.trace import trace

H, C, K = laws.PLANCK_CONSTANT, laws.SPEED_OF_LIGHT, laws.BOLTZMANN_CONSTANT
NUMBER = Spec((), np.dtype(float))


def test_the_constants_are_those_that_define_the_units():
    scipy = pytest.importorskip("scipy.constants")
    assert (scipy.h, scipy.c, scipy.k, scipy.N_A) == (H, C, K, laws.AVOGADRO_CONSTANT)
    assert pytest.approx(8.31446261815324, rel=1e-15) == laws.GAS_CONSTANT


def test_ohm():
    current = np.array([0.0, 1.0, 2.0])
    assert laws.ohm(current, 3.0, 0.5).tolist() == [0.5, 3.5, 6.5]
    assert laws.ohm(current, 3.0).tolist() == [0.0, 3.0, 6.0]


def test_exponential_decay_halves_in_equal_times():
    left = laws.exponential_decay(np.array([0.0, 5.0, 10.0]), 8.0, np.log(2) / 5, background=1.0)
    assert left == pytest.approx([9.0, 5.0, 3.0])


def test_arrhenius_is_a_straight_line_in_the_reciprocal_temperature():
    temperature = np.array([300.0, 400.0])
    log_rate = np.log(laws.arrhenius(temperature, 1e13, 50_000.0))
    slope = (log_rate[1] - log_rate[0]) / (1 / 400 - 1 / 300)
    assert slope == pytest.approx(-50_000 / 8.31446261815324, rel=1e-12)


def test_michaelis_menten_begins_straight_and_saturates():
    assert laws.michaelis_menten(1e-9, 8.0, 4.0) == pytest.approx(2e-9)
    assert laws.michaelis_menten(1e12, 8.0, 4.0) == pytest.approx(8.0)
    assert laws.michaelis_menten(4.0, 8.0, 4.0) == 4.0


def test_power_law_is_a_straight_line_between_logarithms():
    x = np.array([1.0, 10.0, 100.0])
    assert np.diff(np.log10(laws.power_law(x, 2.0, -1.7))) == pytest.approx([-1.7, -1.7])


def test_occupation_keeps_its_digits_at_both_ends():
    assert laws.occupation(1e-12) == pytest.approx(1e12 - 0.5, rel=1e-15)  # 1/x - 1/2 + x/12
    assert laws.occupation(1e-300) == pytest.approx(1e300, rel=1e-15)
    assert laws.occupation(700.0) == pytest.approx(np.exp(-700.0), rel=1e-15)
    assert laws.occupation(np.array([1e4, np.inf])).tolist() == [0.0, 0.0]


def test_planck_at_low_frequency_is_rayleigh_jeans():
    frequency, temperature = 1e3, 5000.0
    classical = 2 * frequency**2 * K * temperature / C**2
    assert laws.planck_frequency(frequency, temperature) == pytest.approx(classical, rel=1e-10)


def test_planck_at_high_frequency_is_wien():
    frequency, temperature = 1e15, 300.0
    wien = 2 * H * frequency**3 / C**2 * np.exp(-H * frequency / (K * temperature))
    assert laws.planck_frequency(frequency, temperature) == pytest.approx(wien, rel=1e-12)


def test_the_three_forms_of_planck_are_one_law():
    """The energy in an interval is the same, however it is measured: B_ν dν = B_λ dλ = B_σ dσ."""
    wavelength = np.geomspace(1e-8, 1e2, 200)
    for temperature in (0.5, 2.725, 300.0, 5772.0, 1e7):
        per_wavelength = laws.planck_wavelength(wavelength, temperature) * wavelength
        per_frequency = laws.planck_frequency(C / wavelength, temperature) * C / wavelength
        per_wavenumber = laws.planck_wavenumber(1 / wavelength, temperature) / wavelength
        np.testing.assert_allclose(per_wavelength, per_frequency, rtol=1e-11, atol=1e-280)
        np.testing.assert_allclose(per_wavenumber, per_frequency, rtol=1e-11, atol=1e-280)


def test_the_radiance_of_all_frequencies_is_stefan_and_boltzmanns():
    temperature = 300.0
    grid = np.linspace(1e-6, 100, 200_001) * K * temperature / H
    total = np.pi * np.trapezoid(laws.planck_frequency(grid, temperature), grid)
    sigma = 2 * np.pi**5 * K**4 / (15 * H**3 * C**2)
    assert total == pytest.approx(sigma * temperature**4, rel=1e-6)


@pytest.mark.parametrize("x", [1e-9, 1e-3, 1.0, 30.0, 600.0, 700.0, 1e4, 1e9])
def test_the_derivative_by_temperature_is_right_at_every_argument(x):
    """dB/dT = B/T · x / (1 - exp(-x)): nothing of it overflows, from radio waves to gamma rays."""
    temperature = 2.725
    frequency = x * K * temperature / H
    graph = trace(laws.planck_frequency, {"frequency": NUMBER, "temperature": NUMBER})
    values = {"frequency": np.array(frequency), "temperature": np.array(temperature)}
    slope = float(evaluate(gradient(graph, ["temperature"]), values)[0])
    radiance = 2 * H * frequency**3 / C**2 * np.exp(-x) / -np.expm1(-x)
    assert slope == pytest.approx(radiance / temperature * x / -np.expm1(-x), rel=1e-12)


@pytest.mark.parametrize(
    ("law", "arguments"),
    [
        (laws.ohm, (0.3, 4.7, 0.1)),
        (laws.exponential_decay, (2.0, 3.0, 0.4, 0.1)),
        (laws.arrhenius, (310.0, 1e10, 4e4)),
        (laws.michaelis_menten, (0.3, 2.0, 0.7)),
        (laws.power_law, (3.0, 2.0, 0.75)),
        (laws.planck_frequency, (1.6e11, 2.725)),
        (laws.planck_wavelength, (5e-7, 5772.0)),
        (laws.planck_wavenumber, (533.0, 2.725)),
    ],
)
def test_every_law_can_be_traced(law, arguments):
    names = law.__code__.co_varnames[: len(arguments)]
    graph = trace(law, dict.fromkeys(names, NUMBER))
    values = {name: np.array(value) for name, value in zip(names, arguments, strict=True)}
    assert float(evaluate(graph, values)[0]) == pytest.approx(law(*arguments), rel=1e-14)
