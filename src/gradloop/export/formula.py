"""What is exported of a fit: its columns, and the prediction for one row as a graph without parameters."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from gradloop.core.graph import Graph, constant_node, input_node
from gradloop.core.lift import inline
from gradloop.core.simplify import simplify
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import Tracer
from gradloop.data import words
from gradloop.data.features import Feature
from gradloop.errors import OptionError
from gradloop.graphs import trace_prediction
from gradloop.inference import gives_probabilities, tells_classes
from gradloop.result import Result
from gradloop.text import printable
from gradloop.version import __version__

_EXTREME = 900  # of exponents: between, differences and quotients do not overflow


class Formula(NamedTuple):
    """A fit as columns and one graph.

    ``told`` are sentences about where it came from. ``graph`` takes a row of raw features (d,), in the file's units, to
    the model's output: a number, or one for each class. ``answer`` is what is made of it. ``optional``: cells without a
    value are filled in; ``lenient``: so are texts that training has not seen. What is neither is refused.
    """

    told: tuple[str, ...]
    target: str
    features: tuple[Feature, ...]
    optional: bool
    lenient: bool
    graph: Graph
    answer: Literal["number", "binary", "label"]
    classes: tuple[Any, ...]
    has_probabilities: bool

    @property
    def threshold(self) -> float:
        """Above it, a number speaks for the second of two classes."""
        return 0.5 if self.has_probabilities else 0.0

    def fills(self, feature: Feature) -> bool:
        """Whether a cell of this column may be replaced by what was learned."""
        return self.optional or (feature.kind == "text" and self.lenient and not feature.pooled)

    def refuses_new(self, feature: Feature) -> bool:
        """Whether a text that training has not seen is refused."""
        return not feature.pooled and not self.lenient


def formula_of(fit: Result) -> Formula:
    """The columns and the graph of a fit.

    Raises: OptionError for a model that no other language can say; TracingError as training.
    """
    preparation = fit.preparation
    features = tuple(Feature(name, "number") for name in fit.feature_names)
    if preparation is not None:
        features = preparation.used
    graph = _without_parameters(fit, features)
    answer: Literal["number", "binary", "label"] = "number"
    if tells_classes(fit.loss):
        answer = "label" if fit.loss.target == "label" else "binary"
    size = graph.outputs[0].spec.size
    if answer != "label" and size != 1:
        raise OptionError(
            f"The model {printable(fit.model.name)} predicts {size} numbers for a row; only models of one number, "
            "or of classes, can be exported."
        )
    return Formula(
        told=told_of(fit),
        target="" if preparation is None else preparation.target_name,
        features=features,
        optional=preparation is not None and preparation.missing in ("mean", "indicator"),
        lenient=preparation is not None and preparation.unseen == "other",
        graph=graph,
        answer=answer,
        classes=fit.classes or (tuple(range(2 if answer == "binary" else size)) if answer != "number" else ()),
        has_probabilities=gives_probabilities(fit.loss),
    )


def told_of(fit: Result) -> tuple[str, ...]:
    """Where a model came from and how far from the best it is, in lines that are harmless wherever they stand."""
    target = "" if fit.preparation is None else f" of {words.name(fit.preparation.target_name)}"
    source = f" from {fit.origin.source}" if fit.origin.source else ""
    lines = (
        f"A {fit.model.name} model{target}, {fit.loss.name} loss, written by gradloop {__version__}.",
        f"Fitted to {words.counted(fit.rows, 'row')}{source}.",
        fit.certificate.sentence,
    )
    return tuple(map(printable, lines))


def _without_parameters(fit: Result, features: tuple[Feature, ...]) -> Graph:
    """The prediction from raw features: standardising written before the model, parameters as constants."""
    params = {name: np.asarray(value, np.float64) for name, value in fit.trained_params.items()}
    width = len(fit.feature_names)
    row = Spec((width,), FLOAT64)
    specs = tuple((name, Spec(value.shape, FLOAT64)) for name, value in params.items())
    prediction = trace_prediction(fit.model, row, specs)
    raw = input_node("row", row)
    values = {name: Tracer(constant_node(value, FLOAT64)) for name, value in params.items()}
    (output,) = inline(prediction, {"row": _standardised(Tracer(raw), features)} | values)
    return simplify(Graph(fit.model.name, (raw,), (output.node,)))


def _standardised(row: Tracer, features: tuple[Feature, ...]) -> Any:
    """(row - center) / scale, where no intermediate result overflows."""
    center = np.array([value for feature in features for value in feature.centers])
    scale = np.array([value for feature in features for value in feature.scales])
    if not center.any() and (scale == 1).all():
        return row
    exponents = np.frexp(scale)[1]
    if np.abs(np.frexp(np.stack([center, scale]))[1]).max() < _EXTREME:
        return (row - center) / scale
    down = np.ldexp(1.0, -exponents)
    return (row * down - center * down) / (scale * down)
