"""fit.plot: the pictures of a fit, with its own record and data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradloop.inference import Fit
from gradloop.plots import classes, landscape, measurements, quantities, training
from gradloop.plots.objective import mean_loss
from gradloop.plots.rows import (
    check_numbers,
    class_probabilities,
    classes_of_target,
    outputs,
    rows_of,
    target_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Features = Sequence[str | int]


class Pictures:
    """The pictures of a fit: each method draws one and returns matplotlib's axes.

    A fit made in this process knows its data; one from a file is given them, as for ``fit.evaluate``: a table, or X
    and y. Every method takes ``axes=`` to draw on.

    >>> import numpy as np, gradloop as gl
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> fit = gl.fit(X, np.array([1.0, 3.0, 5.0, 7.5]))
    >>> fit.plot.residuals().get_xlabel()
    'predicted y'
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    def __repr__(self) -> str:
        return f"<pictures of {self._fit!r}: {', '.join(name for name in dir(self) if not name.startswith('_'))}>"

    def data(self, data: Any = None, y: Any = None, *, features: Features = (), axes: Axes | None = None) -> Axes:
        """The data and the fitted line or law with its error band, or the surface over two features.

        features: one or two to look at, where there are more; the others are held at their means, and every point is
        moved to where it would be there.
        """
        return measurements.of_fit(self._fit, data, y, as_names(features), axes)

    def loss(self, *, against: training.Against = "epoch", axes: Axes | None = None) -> Axes:
        """The loss of all rows after each epoch; against "epoch", "rows" touched or "seconds"."""
        return training.loss(self._fit, against=against, name=mean_loss(self._fit.loss.name), axes=axes)

    def loss_curve(
        self, parameter: str, values: Any = None, data: Any = None, y: Any = None, *, axes: Axes | None = None
    ) -> Axes:
        """The loss against one parameter, the others at the values found; None: values around the one found."""
        return landscape.curve_of_fit(self._fit, parameter, values, data, y, axes)

    def loss_surface(
        self, parameters: Sequence[str] = (), data: Any = None, y: Any = None, *, axes: Axes | None = None
    ) -> Axes:
        """The loss over two parameters as lines of equal height, with the path that training walked."""
        return landscape.surface_of_fit(self._fit, parameters, data, y, axes)

    def residuals(self, data: Any = None, y: Any = None, *, axes: Axes | None = None) -> Axes:
        """What the predictions miss, against the predictions."""
        check_numbers(self._fit, "residuals")
        rows = rows_of(self._fit, data, y, "fit.plot.residuals")
        return quantities.residuals(rows.y, outputs(self._fit, rows.X), name=target_name(self._fit), axes=axes)

    def predicted(self, data: Any = None, y: Any = None, *, axes: Axes | None = None) -> Axes:
        """The predictions against the true values."""
        check_numbers(self._fit, "predicted")
        rows = rows_of(self._fit, data, y, "fit.plot.predicted")
        return quantities.predicted(rows.y, outputs(self._fit, rows.X), name=target_name(self._fit), axes=axes)

    def coefficients(self, *, per: quantities.Per | None = None, axes: Axes | None = None) -> Axes:
        """The coefficients with their intervals: per standard "deviation" of the column, so that they can be compared,
        or per "unit"; None: per deviation for tables, per unit for arrays and laws."""
        return quantities.coefficients_of_fit(self._fit, per, axes)

    def boundaries(self, data: Any = None, y: Any = None, *, features: Features = (), axes: Axes | None = None) -> Axes:
        """Classes in the plane of two features, with the lines on which the likeliest class changes."""
        return classes.boundaries_of_fit(self._fit, as_names(features), data, y, axes)

    def roc(self, data: Any = None, y: Any = None, *, axes: Axes | None = None) -> Axes:
        """The share of a class that is found against the share of others taken for it, at every threshold."""
        classes.check_classes(self._fit, "roc")
        rows = rows_of(self._fit, data, y, "fit.plot.roc")
        scores = (
            outputs(self._fit, rows.X) if self._fit.loss.name == "hinge" else class_probabilities(self._fit, rows.X)
        )
        return classes.roc(rows.y, scores, classes=classes_of_target(self._fit, rows), axes=axes)

    def calibration(self, data: Any = None, y: Any = None, *, of: Any = None, axes: Axes | None = None) -> Axes:
        """How often a class happened against how probable it was said to be; of: which one, of more than two."""
        classes.check_classes(self._fit, "calibration")
        return classes.calibration_of_fit(self._fit, of, data, y, axes)


def as_names(features: Features) -> tuple[str | int, ...]:
    """One feature or several."""
    return (features,) if isinstance(features, (str, int)) else tuple(features)


Fit.plot = property(Pictures)  # the arrow points down: inference knows of no picture
