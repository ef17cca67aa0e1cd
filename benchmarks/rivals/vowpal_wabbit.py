"""Vowpal Wabbit: online learning, one example at a time, from its own cache file.

Fairness. Examples are written in its text format and turned into its binary cache before the clock runs. Epochs are
passes over the cache in the file's order, which it never shuffles, so rows are shuffled once when they are written.
Plain SGD with a constant rate, as the others have: adaptive, normalised and invariant updates are off; its own defaults
reach a like loss in a like time. Its numbers are float32. The loss it reports is progressive; what is judged are the
weights that it ends with.
"""

from typing import Any

import numpy as np
import vowpalwabbit

from benchmarks.problems.descent import Descent, data
from benchmarks.problems.files import folder
from benchmarks.rivals import NotComparableError, Turn, timed

CONSTANT = 11650396  # the hash of the intercept, in all versions
MOST_NUMBERS = 30_000_000  # of a table: writing it as text takes a minute


def describe() -> str:
    return f"Vowpal Wabbit {vowpalwabbit.__version__}"


def descent(problem: Descent) -> Turn:
    if problem.classes or problem.by_hand or problem.unit == "compilation":
        raise NotComparableError("it has no counterpart")
    if problem.rows * problem.features > MOST_NUMBERS:
        raise NotComparableError("its text format would take minutes to write")
    place = folder() / f"{problem.rows}x{problem.features}.vw"
    if not place.exists():
        write(problem, place)
    rate = problem.learning_rate / 10 if problem.batch_size > 1 else problem.learning_rate

    def train() -> Any:
        model = vowpalwabbit.Workspace(
            f"--data {place} --cache --passes {problem.epochs} --holdout_off --sgd -l {rate / 2} --power_t 0 --quiet"
        )
        found = [model.get_weight_from_name(f"x{i}") for i in range(problem.features)]
        constant = model.get_weight(CONSTANT)
        model.finish()
        return {"w": np.array(found), "b": constant}

    def turn() -> tuple[list[float], Any]:
        seconds, answer = timed(train)
        units = problem.units_timed if problem.unit == "step" else problem.epochs
        return [seconds / units], answer

    return turn


def write(problem: Descent, place: Any) -> None:
    X, y = data(problem)
    with open(place, "w") as file:
        for i in np.random.default_rng(0).permutation(problem.rows).tolist():
            columns = " ".join(f"x{j}:{value:.7g}" for j, value in enumerate(X[i].tolist()))
            file.write(f"{y[i]:.7g} | {columns}\n")


SOLVES = {Descent: descent}
