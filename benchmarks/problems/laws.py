"""Laws of physics fitted to measurements: Planck's spectrum, once and for each of many pixels."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems.problem import Judged, Problem

Floats = NDArray[np.float64]
START = {"scale": 1.0, "temperature": 5000.0}  # the same for all spectra, some of which are of 3000 K, some of 9000 K


def planck(wavelength: Any, scale: Any, temperature: Any) -> Any:
    """Spectral radiance, as `scale` times that of a black body, in 1e13 W/m³/sr; wavelength in µm, temperature in K."""
    return scale * 11.910429723971884 / wavelength**5 / np.expm1(14387.768775039337 / (wavelength * temperature))


@dataclass(frozen=True)
class Spectra(Problem):
    """Scale and temperature of each spectrum, by least squares: rows wavelengths, the same for all of them."""

    spectra: int = 1
    unit: str = "spectrum"

    def judge(self, answer: Any) -> Judged:
        """Of {"scale": (n,), "temperature": (n,)} for the first n spectra: a rival that is slow may do some only."""
        wavelength, measured = data(self)
        scale, temperature = (np.asarray(answer[name], np.float64)[:, None] for name in START)
        return Judged(float(np.mean(np.square(planck(wavelength, scale, temperature) - measured[: len(scale)]))) / 2)

    def smaller(self) -> "Spectra":
        return self if self.spectra == 1 else self.__class__(**{**self.__dict__, "spectra": self.spectra // 10})


@lru_cache(maxsize=1)
def data(problem: Spectra) -> tuple[Floats, Floats]:
    """Wavelengths (rows,) in µm, and measured radiances (spectra, rows)."""
    random = np.random.default_rng(0)
    wavelength = np.linspace(0.3, 3.0, problem.rows)
    scale = random.uniform(0.5, 2.0, (problem.spectra, 1))
    temperature = random.uniform(3000, 9000, (problem.spectra, 1))
    clean = planck(wavelength, scale, temperature)
    return wavelength, clean + 0.01 * clean.max(axis=1, keepdims=True) * random.standard_normal(clean.shape)


LAWS = (
    Spectra("planck", "Planck's law, one spectrum of 100 wavelengths", 100, 1, gap=1e-6),
    Spectra("planck-100000", "Planck's law, 1e5 spectra of 50 wavelengths", 50, 1, rounds=3, spectra=100_000),
)
