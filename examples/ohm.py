"""A resistance from currents and voltages, with its error bar, although the meter's zero is off."""

import numpy as np

import gradloop as gl
from gradloop import laws
from gradloop.problem import make_problem
from gradloop.solvers.nonlinear.residuals import uncertainty

# Data: a resistor of 4.7 Ω, a voltmeter that is off by 20 mV and noisy by 5 mV
current = np.linspace(0.05, 0.5, 20)  # A
voltage = 4.7 * current + 0.020 + np.random.default_rng(0).normal(scale=0.005, size=20)  # V

# Model U = R I + U₀, and training
start = {"resistance": 1.0, "offset": 0.0}
fit = gl.fit(current, voltage, model=laws.ohm, start=start, solver=gl.GaussNewton())

# The answer and its error bars
problem = make_problem(fit.model, fit.loss, current.reshape(-1, 1), voltage, fit.params)
errors = uncertainty(problem, problem.start).standard_errors
print(f"resistance = {fit.params['resistance']:.3f} ± {errors['resistance']:.3f} Ω")
print(f"offset     = {1000 * fit.params['offset']:.1f} ± {1000 * errors['offset']:.1f} mV")
print(fit.certificate.sentence)
