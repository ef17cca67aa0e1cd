"""6. Inference: what a fit is good for: predict, evaluate, summarise, save and load."""

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradloop import metrics, model_file
from gradloop.data.arrays import check_features, check_target
from gradloop.data.like import column_like, columns_like
from gradloop.data.sources import Source, open_source, read_table
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError
from gradloop.evaluation import Evaluation, evaluation
from gradloop.explain.explanation import Explanation, explain
from gradloop.intervals import intervals
from gradloop.losses import Loss
from gradloop.model_names import is_ours
from gradloop.models import Model
from gradloop.notebook import page
from gradloop.problem import predict_rows
from gradloop.result import Result
from gradloop.summary import Summary, summarise
from gradloop.text import number
from gradloop.travel import is_lazy, lazily
from gradloop.whole_file import PathLike

Array = NDArray[Any]


class Fit(Result):
    """A trained model: the result of training, and what it is good for.

    >>> import gradloop as gl
    >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> print(np.round(fit.predict([[3.0], [4.0]]), 3))
    [7. 9.]
    >>> sorted(fit.evaluate([[3.0], [4.0]], [7.0, 9.0]))
    ['MAE', 'R2', 'RMSE']
    """

    plot: ClassVar[Any]  # pictures of the fit: plots, which stands above, puts them here
    page: ClassVar[Any]  # and its page, likewise
    export: ClassVar[Any]  # the fit in another language: so does export

    def predict(self, data: Any) -> Any:
        """The prediction for each row: a number, or the label of the likeliest class.

        Args: data, for a fit to a table: a path, a dict of columns, a data frame, or what else ``fit`` takes as a
        table; columns are matched by name; for a fit to arrays: X of shape (n, d).

        Returns: an array (n,); for a frame of pandas, polars or Arrow a column of the same kind, with pandas' index;
        for a data frame of Dask a column of Dask, which is computed when it is asked for.

        Raises: DataError for data that does not fit the model, or a prediction that is not finite.
        """
        if is_lazy(data):
            return lazily(self, data, "predict")
        y_hat = self._outputs(self._features(data))
        if tells_classes(self.loss):
            codes = _likeliest(self.loss, y_hat)
            y_hat = codes if self.classes is None else np.array(self.classes)[codes]
        return column_like(data, y_hat, "prediction") if y_hat.ndim == 1 else y_hat

    def predict_probability(self, data: Any) -> Any:
        """The probability of each class, of shape (n, classes), in the order of ``classes`` (or 0, 1, ...).

        Returns: an array; for a frame of pandas, polars or Arrow one of the same kind, with a column for each class.

        Raises: OptionError for a model of numbers or scores, which has none; DataError as ``predict``.
        """
        if not gives_probabilities(self.loss):
            raise OptionError(
                f"A {self.model.name} model with the {self.loss.name} loss predicts no probabilities; "
                "fit a logistic or softmax model for them."
            )
        if is_lazy(data):
            return lazily(self, data, "predict_probability")
        found = probabilities(self.loss, self._outputs(self._features(data)))
        return columns_like(data, found, self.classes or range(found.shape[1]))

    def predict_interval(self, data: Any, level: float = 0.95) -> dict[str, Array]:
        """Where new values lie with this probability, (n,) each: "lower" and "upper"; and where their mean does.

            y_hat ± t · sqrt(gᵀ C g + σ²),   for the mean  y_hat ± t · sqrt(gᵀ C g),   g = ∂y_hat/∂params

        C is the covariance of the parameters, σ the standard deviation of a value of weight one, t Student's. The
        ends for the mean are "mean lower" and "mean upper"; robust errors know only these. For a logistic model,
        "lower" and "upper" are those of the probability of the second class.

        Args: data, as for ``predict``; level, between 0 and 1.

        Raises: OptionError where the errors of the parameters are not known: with a penalty, without theory, or
        where columns are combinations of others; DataError as ``predict``.

        >>> import gradloop as gl
        >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.5, 4.5, 7.0]))
        >>> ends = fit.predict_interval([[1.5]])
        >>> print(np.round(ends["mean lower"], 2), np.round(ends["mean upper"], 2))
        [2.98] [5.02]

        Source: Seber and Lee, Linear regression analysis, 2003, chapter 5.
        """
        return intervals(self, self._features(data), level)

    def evaluate(self, data: Any, y: ArrayLike | None = None) -> dict[str, float]:
        """How good predictions are on data with known answers: R2, RMSE and MAE, or accuracy and log loss.

        Args: data, as for ``predict``, with the target as a column; y, the targets (n,), only for a fit to
        arrays. Rows without a target are left out, and with ``missing="drop"`` rows that lack a feature.

        Raises: DataError for data that does not fit the model; OptionError for a y too much or too few.
        """
        if self.preparation is not None and y is None:
            return self.evaluation(_source(data)).measures
        return self.measured(*self.features_and_target(data, y))

    def evaluation(self, source: Source) -> Evaluation:
        """The same with what there is to say of the rows of a table, which may be larger than memory.

        Raises: as ``evaluate``.
        """
        assert self.preparation is not None
        return evaluation(source, self.preparation, self.measured)

    def measured(self, X: Array, y: Array) -> dict[str, float]:
        """The measures on features (n, d) as training saw them and targets (n,)."""
        return measures(self.loss, y, self._outputs(X))

    def features_and_target(self, data: Any, y: ArrayLike | None = None) -> tuple[Array, Array]:
        """The features (n, d) as training saw them, and the targets (n,), of data with known answers.

        Args and Raises: as for ``evaluate``.
        """
        if self.preparation is not None:
            if y is not None:
                raise OptionError("This model was fitted to a table and takes the target from it; leave out y.")
            table, _ = self.preparation.judged(_table(data))
            return self.preparation.features(table), self.preparation.target(table)
        if y is None:
            raise OptionError("This model was fitted to arrays, so both are needed, as in evaluate(X, y).")
        features = self._features(data)
        return features, check_target(y, rows=len(features))

    def summary(self) -> Summary:
        """A page with the coefficients in the data's units, the loss, and why training stopped: print it."""
        return summarise(self)

    def explain(self, step: int = 1, example: int = 1) -> Explanation:
        """One step of the training with all its numbers: print it, or take them with ``to_dict``.

        The rows of the batch; for one example every value and every derivative beside a numeric one; the
        gradient of the batch, the update, and the second derivative. Training is run again up to the step,
        which gives the same bits; the data must be as they were.

        Args: step, from 1, of a fit by gl.Minibatch or gl.GradientDescent; example, which of the batch's, from 1.

        Raises: OptionError for a step or an example that there is not, for a fit by a solver without such
        steps, and for a fit that was loaded, which holds no data.

        >>> import gradloop as gl
        >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
        >>> fit = gl.fit(X, y, solver=gl.Minibatch(gl.sgd(0.1), batch_size=2, epochs=1))
        >>> second = fit.explain(step=2)
        >>> second.batch.places.size, second.agrees
        (1, True)
        """
        return explain(self, step, example)

    def save(self, path: PathLike) -> None:
        """Write the model to a file: all of it or nothing. The file holds numbers and text, never code.

        Raises: ModelFileError when it cannot be written, or the parameters are not finite.
        """
        model_file.save(self, path)

    def __repr__(self) -> str:
        loss = f"loss {number(self.history['loss'][-1])}" if len(self.history) else "no epochs"
        return f"<Fit of a {self.model.name} model to {self.rows} rows: {loss}; {self.stop.name.lower()}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the coefficients, the verdict, and the loss as a curve."""
        return page(self)

    def _features(self, data: Any) -> Array:
        if self.preparation is not None:
            return self.preparation.features(_table(data))
        if isinstance(data, (str, os.PathLike, Table, Mapping, Source)):
            raise DataError("This model was fitted to arrays, which have no column names; give X of shape (n, d).")
        width = len(self.feature_names)
        if np.ndim(data) == 1 and width == 1 and not is_ours(self.model):
            data = np.reshape(data, (-1, 1))  # a law of one quantity takes a plain list of its values
        features = check_features(data)
        if features.shape[1] != width:
            raise DataError(
                f"X has {features.shape[1]} columns, but the model was fitted to {width}; give those {width}."
            )
        return features

    def _outputs(self, features: Array) -> Array:
        y_hat = _one_number_each(self.loss, predict_rows(self.model, self.trained_params, features))
        finite = np.isfinite(y_hat).reshape(len(y_hat), -1).all(axis=1)
        if not finite.all():
            raise DataError(
                f"The prediction for row {int(np.argmin(finite))} is not finite; its values are too far from "
                "those that the model was fitted to, or outside what its function allows: check their units."
            )
        return y_hat


def load(path: PathLike, model: Callable[..., Any] | Model | None = None, trust: bool = False) -> Fit:
    """The model that ``Fit.save`` wrote.

    Args: path, the file; model, the function it was fitted with, for a model that was a user's own function:
    the file stores only its name and where it can be imported from, because a file that could bring code could bring
    any code; trust, True to import that function, which runs the code of its module.

    Raises: ModelFileError for a file that is cut, altered, hostile or newer than this gradloop, and for a
    function that is not the one the model was fitted with.
    """
    return Fit(**model_file.load(path, model, trust))


def tells_classes(loss: Loss) -> bool:
    """Whether the target is a class, not a quantity."""
    return loss.target in ("binary", "label")


def gives_probabilities(loss: Loss) -> bool:
    """Whether the model's output is a probability of each class; with the hinge loss it is a score."""
    return tells_classes(loss) and loss.name in ("logistic", "cross_entropy")


def probabilities(loss: Loss, y_hat: Array) -> Array:
    """The probability of each class (n, classes), from the outputs of a model that predicts probabilities."""
    return np.stack([1 - y_hat, y_hat], axis=1) if loss.target == "binary" else y_hat


def measures(loss: Loss, y: Array, y_hat: Array) -> dict[str, float]:
    """The measures that suit the loss, of outputs y_hat, (n,) or (n, classes), against targets y (n,)."""
    y_hat = _one_number_each(loss, y_hat)
    if not tells_classes(loss):
        return {
            "R2": metrics.r_squared(y, y_hat),
            "RMSE": metrics.root_mean_squared_error(y, y_hat),
            "MAE": metrics.mean_absolute_error(y, y_hat),
        }
    labels = _labels(y, 2 if loss.target == "binary" else y_hat.shape[-1])
    found = {"accuracy": metrics.accuracy(labels, _likeliest(loss, y_hat))}
    if gives_probabilities(loss):
        found["log_loss"] = metrics.log_loss(labels, probabilities(loss, y_hat))
    return found


def _one_number_each(loss: Loss, y_hat: Array) -> Array:
    """Outputs that a user's function returned as arrays of one number, as numbers."""
    return y_hat if loss.target == "label" or y_hat.size != len(y_hat) else y_hat.reshape(len(y_hat))


def _likeliest(loss: Loss, y_hat: Array) -> NDArray[np.int64]:
    """The class each output speaks for."""
    if loss.target == "label":
        return np.asarray(np.argmax(y_hat, axis=1), dtype=np.int64)
    return (y_hat > (0.5 if gives_probabilities(loss) else 0.0)).astype(np.int64)


def _labels(y: Array, classes: int) -> NDArray[np.int64]:
    """The targets as class numbers, once it is sure that they are."""
    labels = np.asarray(y).astype(np.int64)
    strange = (labels != y) | (labels < 0) | (labels >= classes)
    if strange.any():
        row = int(np.argmax(strange))
        raise DataError(f"The target in row {row} is {y[row]}; this model knows the classes 0 to {classes - 1}.")
    return labels


def _table(data: Any) -> Table:
    return read_table(_source(data))


def _source(data: Any) -> Source:
    if is_lazy(data):
        raise OptionError("Rows of Dask are judged where they are: give them to gl.evaluate(model, data, cluster=…).")
    source = open_source(data)
    if source is None:
        raise DataError(
            "This model was fitted to a table and finds its columns by name; "
            "give a CSV file, a dict of columns or a data frame."
        )
    return source
