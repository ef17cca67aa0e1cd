"""gradloop: write data, model, loss and optimizer as plain NumPy functions; training runs as one native function.

>>> import numpy as np, gradloop as gl
>>> X, y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=1000)
>>> fit = gl.fit(X, y, solver=gl.Minibatch(gl.sgd(0.03), batch_size=10, epochs=3))
>>> print(np.round(fit.params["w"], 1), np.round(fit.params["b"], 1))
[ 2.  -3.4] 4.2
"""

from typing import TYPE_CHECKING

from gradloop import callbacks, data, laws, losses, models, optimizers, penalties, schedules
from gradloop.certificate import Certificate
from gradloop.cluster.answers import evaluate, predict
from gradloop.cluster.local_sgd import LocalSGD
from gradloop.data.sources import sql
from gradloop.each import Fits, fit_each
from gradloop.errors import (
    CallbackError,
    DataError,
    GradloopError,
    ModelError,
    ModelFileError,
    OptionError,
    TapeError,
    TracingError,
)
from gradloop.history import History
from gradloop.inference import Fit, load
from gradloop.later import Later, asked_for
from gradloop.losses import huber, quantile
from gradloop.models import Model, polynomial
from gradloop.optimizers import (
    Optimizer,
    adagrad,
    adam,
    adamw,
    averaged_sgd,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)
from gradloop.path import Path, path
from gradloop.penalties import Penalty, elastic_net, l1, l2
from gradloop.progress import Progress
from gradloop.runs import Sweep
from gradloop.show import show
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.coordinate_descent import CoordinateDescent
from gradloop.solvers.exhaustive import Exhaustive
from gradloop.solvers.gauss_newton import GaussNewton
from gradloop.solvers.gradient_descent import GradientDescent
from gradloop.solvers.lbfgs import LBFGS
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.newton import Newton
from gradloop.stop import Stop
from gradloop.sweep import sweep
from gradloop.training import fit
from gradloop.version import __version__

if TYPE_CHECKING:
    from gradloop import export, page, plots

__all__ = [
    "LBFGS",
    "CallbackError",
    "Certificate",
    "ClosedForm",
    "CoordinateDescent",
    "DataError",
    "Exhaustive",
    "Fit",
    "Fits",
    "GaussNewton",
    "GradientDescent",
    "GradloopError",
    "History",
    "LocalSGD",
    "Minibatch",
    "Model",
    "ModelError",
    "ModelFileError",
    "Newton",
    "Optimizer",
    "OptionError",
    "Path",
    "Penalty",
    "Progress",
    "Stop",
    "Sweep",
    "TapeError",
    "TracingError",
    "__version__",
    "adagrad",
    "adam",
    "adamw",
    "averaged_sgd",
    "callbacks",
    "data",
    "eager",
    "elastic_net",
    "evaluate",
    "export",
    "fit",
    "fit_each",
    "huber",
    "l1",
    "l2",
    "laws",
    "load",
    "losses",
    "models",
    "momentum",
    "nesterov",
    "optimizers",
    "page",
    "path",
    "penalties",
    "plots",
    "polynomial",
    "predict",
    "quantile",
    "rmsprop",
    "schedules",
    "sgd",
    "show",
    "sql",
    "sweep",
]


__getattr__ = asked_for("gradloop", {name: f"gradloop.{name}" for name in ("eager", "export", "page", "plots")})
for _class, _name, _module in (
    (Fit, "plot", "gradloop.plots.accessor"),
    (Fit, "page", "gradloop.page.write"),
    (Fit, "export", "gradloop.export.files"),
    (Sweep, "plot", "gradloop.plots.sweeps"),
):
    setattr(_class, _name, Later(_name, _module))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
