"""What a record of a run keeps of each epoch, by name: the same in TensorBoard and in MLflow."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradloop.callbacks.protocol import Outline
from gradloop.progress import Progress


def scalars(progress: Progress) -> dict[str, float]:
    """The numbers of an epoch; those that are not finite, or that a solver does not have, are left out.

    >>> scalars(Progress(1, 2, loss=0.5, rows_per_second=100.0, seconds=0.1))
    {'loss': 0.5, 'rows_per_second': 100.0}
    """
    found = {
        "loss": progress.loss, "holdout_loss": progress.holdout, "learning_rate": progress.learning_rate,
        "gradient_norm": progress.gradient_norm, "rows_per_second": progress.rows_per_second,
    }  # fmt: skip
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def described(outline: Outline) -> Iterator[tuple[str, str]]:
    """What the run is made of, as names and texts."""
    yield from (("model", outline.model), ("loss", outline.loss), ("penalty", outline.penalty))
    yield from (("solver", outline.solver), ("seed", str(outline.seed)), ("rows", str(outline.rows)))
    yield from (("rows_held_out", str(outline.held)), ("features", str(len(outline.features))))
    yield ("parameters", str(outline.parameters))
    for name, value in outline.settings.items():
        yield f"solver_{name}", str(getattr(value, "name", value))
