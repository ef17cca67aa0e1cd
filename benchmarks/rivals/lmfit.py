"""lmfit: laws fitted to measurements, with a Model whose parameters have names.

Fairness. The start is the one that everybody gets; many spectra in a loop, over 200 of them, as its users write it.
"""

from typing import Any

import lmfit
import numpy as np

from benchmarks.problems import laws
from benchmarks.problems.laws import START, Spectra, planck
from benchmarks.rivals import Turn, once

SOME_SPECTRA = 200


def describe() -> str:
    return f"lmfit {lmfit.__version__}"


def spectra(problem: Spectra) -> Turn:
    wavelength, measured = laws.data(problem)
    some, model = measured[:SOME_SPECTRA], lmfit.Model(planck)

    def fit() -> dict[str, Any]:
        found = [model.fit(y, wavelength=wavelength, **START).best_values for y in some]
        return {name: np.array([values[name] for values in found]) for name in START}

    return once(fit, len(some))


SOLVES = {Spectra: spectra}
