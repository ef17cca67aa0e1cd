"""The coefficients of a model as JSON, with what another program needs to use them."""

import json
from typing import Any

from gradloop.explain.data import plain
from gradloop.result import Result
from gradloop.version import __version__


def to_json(fit: Result) -> str:
    """A fit's coefficients as the text of a JSON object.

    The keys: gradloop, the version; model, loss, target, classes, rows; origin, what it was made from and how;
    certificate, how far from the best. ``params`` belong to ``features`` in their own units; ``trained_params`` to
    (features - center) / scale, and predict the same to more digits. ``preparation`` tells how cells become features,
    ``statistics`` how sure the params are; what is null is not known.

    >>> import numpy as np
    >>> import gradloop as gl
    >>> fit = gl.fit(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), solver=gl.ClosedForm())
    >>> found = json.loads(to_json(fit))
    >>> found["model"], found["features"], round(found["params"]["b"], 9)
    ('linear', ['x[0]'], 1.0)
    """
    preparation = fit.preparation
    statistics, certificate = fit.statistics, fit.certificate
    found: dict[str, Any] = {
        "gradloop": __version__,
        "model": fit.model.name,
        "loss": fit.loss.name,
        "target": None if preparation is None else preparation.target_name,
        "classes": fit.classes,
        "rows": fit.rows,
        "origin": fit.origin._asdict(),
        "certificate": {"kind": certificate.kind, "value": certificate.value, "sentence": certificate.sentence},
        "features": fit.feature_names,
        "params": fit.params,
        "trained_params": fit.trained_params,
        "center": None if preparation is None else preparation.center,
        "scale": None if preparation is None else preparation.scale,
        "preparation": None if preparation is None else preparation.to_dict(),
        "statistics": None if statistics is None else statistics.to_dict(),
    }
    return json.dumps(plain(found), allow_nan=False, indent=2)
