"""A fit as the document that its page replays: plain data, small whatever the size of the run, its types in
`page/src/record.ts`. What is left out of it is said in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.explain.data import plain
from gradloop.inference import Fit, tells_classes
from gradloop.page.arithmetic import arithmetic_of
from gradloop.page.landscape import bowl_of, surface_of
from gradloop.page.seen import LAW, Seen, seen, spread_of
from gradloop.page.steps import Taken
from gradloop.plots.objective import mean_loss
from gradloop.plots.rows import along, class_names, target_name
from gradloop.plots.style import thinned
from gradloop.summary import title, turns
from gradloop.text import printable
from gradloop.version import __version__

VERSION = 1  # of the document
NUMBERS = 120_000  # that the points of a page hold together
FEWEST_POINTS = 200
MOST_COLUMNS = 50
MOST_PARAMETERS = 500
MOST_EPOCHS = 1000
MOST_LETTERS = 200  # of a name; files hold cells of megabytes
ROWS_OF_A_BATCH = 200
POINTS_OF_A_LINE = 60
Array = Any


def record_of(fit: Fit, data: Any = None, y: Any = None) -> dict[str, Any]:
    """Everything that the page of a fit shows.

    Args: data, y, as for ``fit.evaluate``: for a fit from a file, which does not hold its rows.

    Raises: OptionError for a fit from a file without data; DataError for data that does not fit the model.
    """
    found = seen(fit, data, y)
    drawn = points_drawn(*found.rows.X.shape)
    document = {
        "version": VERSION,
        "gradloop": __version__,
        **about(found),
        "features": features(found),
        "target": target(found),
        "points": points(found, drawn),
        "parameters": parameters(found),
        "history": history(fit),
        **run(found, drawn),
        "curvature": curvature(found),
        "lines": lines(found),
        "surface": surface(found),
        "arithmetic": arithmetic_of(found),
    }
    found_document: dict[str, Any] = plain(document)
    return found_document


# ---- the fit -------------------------------------------------------------------------------------------------


def about(found: Seen) -> dict[str, Any]:
    """What was done, and how it ended."""
    fit = found.fit
    solver = type(fit.course.solver).__name__ if fit.course is not None else fit.origin.solver
    return {
        "title": title(fit),
        "model": fit.model.name,
        "loss": mean_loss(fit.loss.name),
        "kind": found.kind,
        "solver": solver,
        "penalty": fit.origin.penalty,
        "rows": len(found.rows.y),
        "columns": found.rows.X.shape[1],
        "seed": fit.seed,
        "turns": turns(fit),
        "stop": {"name": fit.stop.name, "sentence": str(fit.stop)},
        "certificate": fit.certificate.__dict__,
        "notes": [*fit.notes],
        "holdout": fit.holdout or {},
    }


def short(name: object) -> str:
    """A name as a page shows it: what does not print as an escape, and only the beginning of a long one."""
    text = printable(name)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def features(found: Seen) -> list[dict[str, Any]]:
    """The columns shown: how training saw them, (x - center) / scale, and how they are standardised."""
    fit, X = found.fit, found.rows.X
    ready = fit.preparation
    width = X.shape[1]
    center = np.zeros(width) if ready is None else ready.center
    scale = np.ones(width) if ready is None else ready.scale
    mean, deviation = (center, scale) if found.is_standardised else (found.middle, spread_of(X))
    return [
        {"name": short(fit.feature_names[i]), "center": center[i], "scale": scale[i], "mean": mean[i],
         "deviation": deviation[i], "middle": found.middle[i]}
        for i in range(min(width, MOST_COLUMNS))
    ]  # fmt: skip


def target(found: Seen) -> dict[str, Any]:
    fit = found.fit
    classes = [*map(short, class_names(fit, found.rows))] if tells_classes(fit.loss) else None
    return {"name": short(target_name(fit)), "classes": classes}


def parameters(found: Seen) -> dict[str, Any]:
    """Every number among the parameters, by its name: in the columns' units, as trained, and how sure it is."""
    fit, names = found.fit, found.names
    trained, units = found.flat(fit.trained_params), found.flat(fit.params)
    sure = fit.statistics if fit.statistics is not None and len(fit.statistics.name) == len(names) else None
    unknown = np.full(len(names), np.nan)
    most = min(len(names), MOST_PARAMETERS)
    columns = {
        "value": units, "trained": trained, "start": unknown if found.start is None else found.start,
        **{name: unknown if sure is None else sure[name] for name in ("standard_error", "lower", "upper", "p_value")},
    }  # fmt: skip
    return {
        "all": len(names),
        "level": sure.level if sure else None,
        "names": [*map(short, names[:most])],
        **{name: column[:most] for name, column in columns.items()},
    }


# ---- the rows ------------------------------------------------------------------------------------------------


def points_drawn(rows: int, width: int) -> Array:
    """Which rows a page shows, a pure function of their number: all, or some by lot."""
    chosen, _ = thinned(rows)
    most = max(FEWEST_POINTS, NUMBERS // (1 + min(width, MOST_COLUMNS)))
    return chosen if len(chosen) <= most else chosen[np.linspace(0, len(chosen) - 1, most).astype(int)]


def points(found: Seen, drawn: Array) -> dict[str, Any]:
    """Rows in the units of the file, one list for each column, rounded to what a picture shows."""
    X, y, weights = found.columns(drawn)[:, :MOST_COLUMNS], found.rows.y[drawn], found.rows.weights
    heavy = None if weights is None else rounded(weights[drawn])
    return {"all": len(found.rows.y), "rows": drawn, "x": [*map(rounded, X.T)], "y": rounded(y), "weights": heavy}


def rounded(values: Array) -> list[float]:
    """With nine significant digits, which halves the size of a page."""
    return [float(f"{value:.9g}") for value in np.asarray(values, np.float64).ravel().tolist()]


# ---- the run -------------------------------------------------------------------------------------------------


def history(fit: Fit) -> dict[str, Any]:
    """The record of the epochs, thinned."""
    count = len(fit.history)
    kept = np.unique(np.linspace(0, max(count - 1, 0), min(count, MOST_EPOCHS)).round().astype(int))
    columns = ("epoch", "loss", "gradient_norm", "learning_rate", "rows")
    return {"all": count, **{name: fit.history[name][kept] for name in columns}}


def run(found: Seen, drawn: Array) -> dict[str, Any]:
    """The steps that are shown, and the path: where the parameters were before each and after the last of them."""
    most = min(found.problem.start.size, MOST_PARAMETERS)
    path = [*map(list, found.path[:, :most])]
    course = found.course
    if course is None:
        return {"path": path, "steps": None}
    places = {int(row): place for place, row in enumerate(drawn)}
    steps = [step(taken, places, most) for taken in course.taken]
    return {
        "path": path,
        "steps": {"all": course.steps, "batches": course.batches, "batch_size": course.batch_size, "taken": steps},
    }


def step(taken: Taken, places: dict[int, int], most: int) -> dict[str, Any]:
    """A step: its rows by their places among the points shown."""
    known = None if taken.rows is None else [places[row] for row in taken.rows.tolist() if row in places]
    return {
        "number": taken.number, "epoch": taken.epoch, "batch": taken.batch, "learning_rate": taken.rate,
        "rows": None if taken.rows is None else len(taken.rows), "points": known and known[:ROWS_OF_A_BATCH],
        "before": taken.before[:most], "after": taken.after[:most], "at": taken.ahead[:most],
        "gradient": taken.gradient[:most], "full_gradient": taken.whole[:most],
        "batch_loss": taken.batch_loss, "loss": taken.loss,
    }  # fmt: skip


# ---- the landscape -------------------------------------------------------------------------------------------


def curvature(found: Seen) -> dict[str, Any]:
    """The largest stable rate, 2 / λmax of these data, for columns in their own units and for standardised ones."""
    problem, alike, ready = found.problem, found.standardised, found.fit.preparation
    zero = np.zeros(problem.start.size)
    trained = bowl_of(problem, zero if found.start is None else found.start)._asdict()
    known = {"quadratic": problem.is_quadratic}
    if found.is_standardised and ready is not None:
        raw = bowl_of(problem.in_units(ready.scale, ready.center), zero)._asdict()
        return {**known, "trained": "standardised", "raw": raw, "standardised": trained}
    other = None if alike is None else bowl_of(alike, zero)._asdict()
    return {**known, "trained": "raw", "raw": trained, "standardised": other}


def lines(found: Seen) -> dict[str, Any] | None:
    """What a law of one quantity predicts at each place of the path; of other models a page knows the formula."""
    X, problem = found.rows.X, found.problem
    if found.kind != LAW or X.shape[1] != 1 or problem.prediction.outputs[0].spec.size != 1:
        return None
    grid = along(X[:, 0], POINTS_OF_A_LINE)
    with np.errstate(all="ignore"):
        given = np.ascontiguousarray(grid[:, None], X.dtype)
        values = [problem.predict(flat.astype(problem.start.dtype), given) for flat in found.path]
    return {"x": rounded(grid), "y": [*map(rounded, values)]}


def surface(found: Seen) -> dict[str, Any] | None:
    heights = surface_of(found.objective, found.path)
    if heights is None:
        return None
    names = [short(found.names[place]) for place in heights.places]
    losses = [*map(rounded, heights.losses)]
    return {
        "parameters": heights.places, "names": names, "across": rounded(heights.across), "up": rounded(heights.up),
        "losses": losses, "rows": heights.rows,
    }  # fmt: skip
