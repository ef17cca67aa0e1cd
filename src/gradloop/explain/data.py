"""An explanation as plain data: dicts, lists, text and Python numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain_data(found: Any) -> dict[str, Any]:
    """Everything that an explanation says."""
    step, batch, gradients, second = found.step, found.batch, found.gradients, found.second
    return {
        "step": {
            "number": step.number, "steps": step.steps, "epoch": step.epoch, "batch": step.batch,
            "batches": step.batches, "order": step.order, "rows": len(step.rows), "optimizer": step.optimizer.name,
            "learning_rate": step.learning_rate, "remark": step.remark,
        },
        "batch": {
            "unit": batch.unit, "places": plain(batch.places), "feature_names": list(batch.feature_names),
            "standardised": batch.standardised, "classes": plain(batch.classes), "X": plain(batch.X),
            "y": plain(batch.y), "weights": plain(batch.weights), "y_hat": plain(batch.y_hat),
            "loss": plain(batch.loss),
        },
        "example": found.example,
        "walk": walk_data(found.walk),
        "gradients": {
            "loss": plain(gradients.loss), "penalty": plain(gradients.penalty), "values": plain(gradients.values),
            "checks": [check_data(check) for check in gradients.checks], "rows_checked": gradients.rows,
        },
        "updates": [update_data(update) for update in found.updates],
        "second": {
            "entry": second.entry,
            "walk": walk_data(second.walk), "labels": list(second.labels), "check": check_data(second.check),
        },
        "agrees": found.agrees,
    }  # fmt: skip


def walk_data(walk: Any) -> dict[str, Any]:
    places = [
        {
            "name": place.name,
            "expression": place.expression,
            "value": plain(place.value),
            "slope": None if place.slope is None else check_data(place.slope),
            "local": [check_data(check) for check in place.local],
        }
        for place in walk.places
    ]
    return {"result": walk.result, "y_hat": walk.y_hat, "places": places}


def update_data(update: Any) -> dict[str, Any]:
    return {
        "name": update.name,
        "before": plain(update.before),
        "gradient": plain(update.gradient),
        "rule": walk_data(update.rule),
        "after": check_data(update.after),
        "state": [{"before": plain(before), "after": check_data(after)} for before, after in update.state],
        "answer": plain(update.answer),
    }


def check_data(check: Any) -> dict[str, Any]:
    return {
        "name": check.name,
        "value": plain(check.value),
        "numeric": plain(check.numeric),
        "deviation": plain(check.deviation),
        "agrees": bool(check.agrees),
    }


def plain(value: Any) -> Any:
    """A value as lists and Python numbers; what is not finite becomes None.

    >>> plain({"w": np.array([1.0, np.nan])})
    {'w': [1.0, None]}
    """
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
