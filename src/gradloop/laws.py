"""Laws of physics and chemistry, as a textbook writes them: functions of one measurement and of parameters with units.

Each is a model for `gradloop.fit`: the arguments named in `start` are the parameters, the others are columns of data.
The formulas hold at every positive argument: nothing overflows, and no digits are lost to cancellation.
"""

from typing import Any

import numpy as np

Array = Any  # a NumPy array, a number, or the tracer that stands for one

# The constants that have defined the units since 2019 are exact. Source: BIPM, The International System of Units, 2019.
PLANCK_CONSTANT = 6.62607015e-34  # h, J s
SPEED_OF_LIGHT = 299_792_458.0  # c, m / s
BOLTZMANN_CONSTANT = 1.380649e-23  # k, J / K
AVOGADRO_CONSTANT = 6.02214076e23  # N, 1 / mol
GAS_CONSTANT = AVOGADRO_CONSTANT * BOLTZMANN_CONSTANT  # R, J / (mol K)


def ohm(current: Array, resistance: Array, offset: Array = 0.0) -> Array:
    """The voltage across a resistor, read on a meter whose zero may be off.

        U = R I + U₀

    Args: current, I in A; resistance, R in Ω; offset, U₀ in V.

    >>> ohm(0.5, resistance=100.0)
    50.0

    Source: Ohm, Die galvanische Kette, mathematisch bearbeitet, 1827.
    """
    return resistance * current + offset


def exponential_decay(time: Array, amplitude: Array, rate: Array, background: Array = 0.0) -> Array:
    """What is left after a time, when the same share is lost in every second.

        y = A exp(-λ t) + B

    Args: time, t in s; amplitude, A in the unit of y; rate, λ in 1/s, the reciprocal of the lifetime (of RC for a
    capacitor); background, B in the unit of y.

    >>> print(exponential_decay(10.0, amplitude=8.0, rate=np.log(2) / 10))
    4.0

    Source: Rutherford and Soddy, The cause and nature of radioactivity, 1902.
    """
    return amplitude * np.exp(-rate * time) + background


def arrhenius(temperature: Array, prefactor: Array, activation_energy: Array) -> Array:
    """The rate of a reaction that has to climb a barrier.

        k = A exp(-E / (R T))

    Args: temperature, T in K; prefactor, A in the unit of k, often 1/s; activation_energy, E in J/mol.

    >>> print(round(arrhenius(300.0, 1e13, 50_000.0) / 1e13 / np.exp(-50_000 / (8.31446261815324 * 300)), 12))
    1.0

    Source: Arrhenius, Über die Reaktionsgeschwindigkeit bei der Inversion von Rohrzucker durch Säuren, 1889.
    """
    return prefactor * np.exp(-activation_energy / (GAS_CONSTANT * temperature))


def michaelis_menten(concentration: Array, largest_rate: Array, half_concentration: Array) -> Array:
    """The rate of a reaction whose enzyme becomes busy.

        v = V s / (K + s)

    Args: concentration, s of the substrate in mol/m³; largest_rate, V in mol/(m³ s); half_concentration, K in mol/m³,
    where v is half of V.

    >>> michaelis_menten(3.0, largest_rate=8.0, half_concentration=3.0)
    4.0

    Source: Michaelis and Menten, Die Kinetik der Invertinwirkung, 1913.
    """
    return largest_rate * concentration / (half_concentration + concentration)


def power_law(x: Array, factor: Array, exponent: Array) -> Array:
    """A quantity that grows by the same share whenever another does.

        y = a xᵇ

    Args: x, a positive number; factor, a in the unit of y where x is 1; exponent, b, a pure number.

    >>> print(power_law(4.0, factor=3.0, exponent=1.5))
    24.0

    Source: Newman, Power laws, Pareto distributions and Zipf's law, 2005.
    """
    return factor * x**exponent


def occupation(x: Array) -> Array:
    """How many photons a mode of light holds on average, when one photon has x = hν / (k T) of the thermal energy.

        n = 1 / (exp(x) - 1),  written as  exp(-x) / (1 - exp(-x)):  neither form of the latter overflows

    Args: x, a positive pure number, from 1e-300 to infinity.

    >>> print(occupation(np.log(2)), occupation(1000.0))
    1.0 0.0

    Source: Bose, Plancks Gesetz und Lichtquantenhypothese, 1924.
    """
    return np.exp(-x) / -np.expm1(-x)


def planck_frequency(frequency: Array, temperature: Array) -> Array:
    """The spectral radiance of a black body, per frequency.

        B = 2 h ν³ / c² · 1 / (exp(hν / (k T)) - 1)

    Args: frequency, ν in Hz; temperature, T in K. The result is in W / (m² sr Hz): 1 MJy/sr is 1e-20 of these.

    >>> print(f"{planck_frequency(160e9, temperature=2.725):.4g}")
    3.837e-18

    Source: Planck, Ueber das Gesetz der Energieverteilung im Normalspectrum, 1901.
    """
    energy = PLANCK_CONSTANT * frequency / (BOLTZMANN_CONSTANT * temperature)
    return 2 * PLANCK_CONSTANT / SPEED_OF_LIGHT**2 * frequency**3 * occupation(energy)


def planck_wavelength(wavelength: Array, temperature: Array) -> Array:
    """The spectral radiance of a black body, per wavelength.

        B = 2 h c² / λ⁵ · 1 / (exp(hc / (λ k T)) - 1)

    Args: wavelength, λ in m; temperature, T in K. The result is in W / (m² sr m): per nm it is 1e-9 of that.

    >>> print(f"{planck_wavelength(500e-9, temperature=5772.0):.4g}")
    2.624e+13

    Source: Planck, Ueber das Gesetz der Energieverteilung im Normalspectrum, 1901.
    """
    energy = PLANCK_CONSTANT * SPEED_OF_LIGHT / (BOLTZMANN_CONSTANT * wavelength * temperature)
    return 2 * PLANCK_CONSTANT * SPEED_OF_LIGHT**2 / wavelength**5 * occupation(energy)


def planck_wavenumber(wavenumber: Array, temperature: Array) -> Array:
    """The spectral radiance of a black body, per wavenumber.

        B = 2 h c² σ³ · 1 / (exp(hcσ / (k T)) - 1)

    Args: wavenumber, σ = 1/λ in 1/m, a hundred times that in 1/cm; temperature, T in K. The result is in
    W / (m² sr (1/m)).

    >>> print(f"{planck_wavenumber(533.0, temperature=2.725):.4g}")
    1.15e-09

    Source: Planck, Ueber das Gesetz der Energieverteilung im Normalspectrum, 1901.
    """
    energy = PLANCK_CONSTANT * SPEED_OF_LIGHT * wavenumber / (BOLTZMANN_CONSTANT * temperature)
    return 2 * PLANCK_CONSTANT * SPEED_OF_LIGHT**2 * wavenumber**3 * occupation(energy)
