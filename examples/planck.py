"""The temperature of a black body from its spectrum, with its error bar.

python examples/planck.py                                   # a spectrum of its own
python examples/planck.py firas_monopole_spec_v1.txt 300    # the sky as COBE/FIRAS saw it; begin at 300 K
"""

import sys

import numpy as np

import gradloop as gl
from gradloop import laws
from gradloop.problem import make_problem
from gradloop.solvers.nonlinear.residuals import uncertainty


def brightness(wavenumber, temperature):
    """Planck's law for wavenumbers in 1/cm, in MJy/sr."""
    return laws.planck_frequency(100 * laws.SPEED_OF_LIGHT * wavenumber, temperature) * 1e20


def in_errors(wavenumber, error, temperature):
    """The same, counted in measurement errors: so every row weighs what it is worth."""
    return brightness(wavenumber, temperature) / error


# Data: wavenumbers, spectrum, measurement errors
if len(sys.argv) > 1:
    wavenumber, spectrum, _, error, _ = np.loadtxt(sys.argv[1]).T
    error = error / 1000  # the file has it in kJy/sr
else:
    wavenumber, error = np.linspace(2, 22, 43), np.full(43, 0.02)
    spectrum = brightness(wavenumber, 2.725) + np.random.default_rng(0).normal(scale=error)

# Training: from any start
X, y = np.stack([wavenumber, error], axis=1), spectrum / error
start = {"temperature": float(sys.argv[2]) if len(sys.argv) > 2 else 10.0}
fit = gl.fit(X, y, model=in_errors, start=start, solver=gl.GaussNewton())

# The answer and its error bar
problem = make_problem(fit.model, fit.loss, X, y, fit.params)
errors = uncertainty(problem, problem.start)
print(f"temperature = {fit.params['temperature']:.5f} ± {errors.standard_errors['temperature']:.5f} K")
print(f"residuals   = {errors.deviation:.2f} measurement errors, {errors.degrees_of_freedom} degrees of freedom")
print(fit.stop)
