"""Pictures: data, training, surfaces of the loss, residuals, classes. They need matplotlib, loaded with the first one.

Every function takes the numbers it draws and ``axes=`` to draw on, and returns matplotlib's axes, so that you can go
on. ``fit.plot`` calls them with what a fit knows. Background and size: ``with gl.plots.paper(dark=True, size=(5, 3))``.
A file: ``with gl.plots.canvas("loss.svg") as axes:``.
"""

from gradloop.plots.accessor import Pictures
from gradloop.plots.classes import boundaries, calibration, roc
from gradloop.plots.comparison import methods
from gradloop.plots.landscape import loss_curve, surface
from gradloop.plots.measurements import Line, data
from gradloop.plots.measurements import surface as data_surface
from gradloop.plots.quantities import coefficients, predicted, residuals
from gradloop.plots.style import canvas, paper
from gradloop.plots.sweeps import sweep
from gradloop.plots.training import learning_rates, loss

__all__ = [
    "Line",
    "Pictures",
    "boundaries",
    "calibration",
    "canvas",
    "coefficients",
    "data",
    "data_surface",
    "learning_rates",
    "loss",
    "loss_curve",
    "methods",
    "paper",
    "predicted",
    "residuals",
    "roc",
    "surface",
    "sweep",
]
