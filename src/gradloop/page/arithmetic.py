"""The arithmetic of a few steps, line by line as `fit.explain` walks them, for one example of the batch each."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.explain.explanation import Explanation, Update, entry_labels
from gradloop.explain.page import shown
from gradloop.explain.walk import Walk
from gradloop.page.seen import Seen
from gradloop.page.steps import Course

MOST_LINES = 60
MOST_PARAMETERS = 64  # beyond which the lines are too long to be read
MOST_ROWS = 100_000  # of a batch: every one is walked
FEW_STEPS = 3
EARLY = 1_000_000  # rows that training may see before a step that is walked
Array = Any
Record = dict[str, Any]


def arithmetic_of(found: Seen) -> list[Record]:
    """The first step, the second, and the end of the first epoch, whose batch may be short."""
    course = found.course
    if course is None or found.problem.start.size > MOST_PARAMETERS or course.batch_size > MOST_ROWS:
        return []
    return [told(found.fit.explain(number)) for number in walked_steps(course)]


def walked_steps(course: Course) -> list[int]:
    """Steps that are shown, are early enough, and whose parameters are finite."""
    early = [
        step.number
        for step in course.taken
        if step.number * course.batch_size <= EARLY and np.isfinite([*step.after, *step.gradient]).all()
    ]
    wanted = {1, 2, course.batches} & set(early)
    return sorted(wanted)[:FEW_STEPS]


def told(found: Explanation) -> Record:
    """A step as lines: forward, backward, the update."""
    batch = found.batch
    return {
        "step": found.step.number,
        "row": batch.places[found.example - 1],
        "unit": batch.unit,
        "rows": len(found.step.rows),
        "y_hat": found.walk.y_hat,
        "forward": forward(found.walk),
        "backward": backward(found.walk),
        "updates": [line for update in found.updates for line in moved(update, found.step.learning_rate)],
        "rule": found.step.optimizer.name,
    }


def forward(walk: Walk) -> list[Record]:
    """Every value in the order of computing."""
    places = walk.places[:MOST_LINES]
    return [{"name": place.name, "expression": place.expression, "value": shown(place.value)} for place in places]


def backward(walk: Walk) -> list[Record]:
    """From the loss to the parameters: the derivative with respect to each value, beside a numeric one."""
    slopes = [place.slope for place in reversed(walk.places[-MOST_LINES:]) if place.slope is not None]
    return [
        {"name": slope.name, "value": shown(slope.value), "numeric": shown(slope.numeric), "agrees": bool(slope.agrees)}
        for slope in slopes
    ]


def moved(update: Update, rate: float) -> list[Record]:
    """What became of each entry of a parameter."""
    labels = entry_labels(update.name, update.before.shape)
    columns = (update.before, update.gradient, update.after.value)
    rows = zip(labels, *(np.ravel(column).tolist() for column in columns), strict=True)
    return [
        {"name": label, "before": before, "gradient": slope, "rate": rate, "after": after}
        for label, before, slope, after in rows
    ]
