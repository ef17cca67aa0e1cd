"""gradloop itself, as its users call it: `gl.fit` with its record, certificate and standard errors.

Minibatch problems time what the others are timed for, see descent.py.
"""

import sys
from typing import Any

import numpy as np

import gradloop as gl
from benchmarks.cold import code, run, words
from benchmarks.problems import laws, least_squares, likelihood, paths, search
from benchmarks.problems.cluster import Cluster
from benchmarks.problems.descent import Descent
from benchmarks.problems.files import TARGET, FileToModel, FileToPredictions, folder
from benchmarks.problems.laws import START, Spectra, planck
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood, Passes
from benchmarks.problems.paths import Path
from benchmarks.problems.processes import Process
from benchmarks.problems.search import Search, Surface
from benchmarks.rivals import Turn, once
from benchmarks.rivals.gradloop.cluster import on_cluster
from benchmarks.rivals.gradloop.descent import descent
from gradloop.plots import objective


def describe() -> str:
    return f"gradloop {gl.__version__}"


def params(fit: Any) -> dict[str, Any]:
    return dict(fit.params)


def closed_form(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)
    return once(lambda: params(gl.fit(X, y, solver="closed_form")))


def newton(problem: Likelihood) -> Turn:
    X, y = likelihood.data(problem)
    model = "logistic" if problem.classes == 2 else "softmax"
    return once(lambda: params(gl.fit(X, y, model=model, solver=gl.Newton(tolerance=problem.gap or 1e-12))))


def passes(problem: Passes) -> Turn:
    X, y = likelihood.data(problem)
    steps = gl.GradientDescent(learning_rate=problem.learning_rate, momentum=False, iterations=problem.steps)

    def turn() -> tuple[list[float], Any]:
        fit = gl.fit(X, y, model="logistic", solver=steps)
        return np.diff(fit.history["seconds"]).tolist(), params(fit)

    return turn


def path(problem: Path) -> Turn:
    X, y = paths.data(problem)
    return once(
        lambda: gl.path(X, y, ratio=problem.ratio, count=problem.strengths, smallest=1e-3, tolerance=1e-7).params
    )


def exhaustive(problem: Search) -> Turn:
    x, y = search.data(problem)
    w, b = problem.candidates
    X, solver = x[:, None], gl.Exhaustive({"w": [w], "b": b})

    def best() -> dict[str, Any]:
        found = gl.fit(X, y, solver=solver).params
        return {"w": found["w"][0], "b": found["b"]}

    return once(best)


def surface(problem: Surface) -> Turn:
    x, y = search.data(problem)
    w, b = problem.candidates
    return once(lambda: objective.of_data(x[:, None], y, None, "linear", None, None).losses({0: w, 1: b}, np.zeros(2)))


def file_to_model(problem: FileToModel) -> Turn:
    options: dict[str, Any] = {"memory": problem.memory} if problem.memory else {}
    if problem.passes:
        options["solver"] = gl.LBFGS(tolerance=1e-9)
    if problem.cached:
        options["cache"] = folder() / "cache-of-gradloop"

    def fit() -> dict[str, Any]:
        return params(gl.fit(str(problem.path), target=TARGET, **options))

    return once(fit)


def file_to_predictions(problem: FileToPredictions) -> Turn:
    import pyarrow.parquet

    X = np.random.default_rng(0).standard_normal((2 * problem.features, problem.features))
    given = {f"x{i}": X[:, i] for i in range(problem.features)}
    given[TARGET] = X @ problem.params["w"] + problem.params["b"]  # a model whose coefficients are the given ones
    model, place = folder() / "model.gradloop", folder() / "predictions-of-gradloop.parquet"
    gl.fit(given, target=TARGET).save(model)

    command = [sys.executable, "-m", "gradloop.cli", "predict", str(model), str(problem.path), "-o", str(place)]

    def turn() -> tuple[list[float], Any]:
        seconds, _ = once(lambda: run([*command, "--quiet"]))()
        return seconds, pyarrow.parquet.read_table(place).column("prediction").to_numpy()

    return turn


def spectra(problem: Spectra) -> Turn:
    wavelength, measured = laws.data(problem)
    if problem.spectra > 1:
        return once(lambda: gl.fit_each(wavelength, measured, model=planck, start=START).params, problem.spectra)

    def fit() -> dict[str, Any]:
        found = gl.fit({"wavelength": wavelength, "y": measured[0]}, target="y", model=planck, start=START)
        return {name: np.array([found.params[name]]) for name in START}

    return once(fit)


SOLVES = {
    Descent: descent,
    LeastSquares: closed_form,
    Likelihood: newton,
    Passes: passes,
    Path: path,
    Search: exhaustive,
    Surface: surface,
    FileToModel: file_to_model,
    FileToPredictions: file_to_predictions,
    Spectra: spectra,
    Cluster: on_cluster,
    Process: lambda problem: words(
        problem,
        {
            "import": code("import gradloop"),
            "textbook": code(
                "import numpy as np, gradloop as gl",
                "X, y = gl.data.synthetic_data([2, -3.4], 4.2, 1000, 0.01, 0)",
                "gl.fit(X, y, solver=gl.Minibatch(gl.sgd(0.03), batch_size=10, epochs=3))",
            ),
            "table": [sys.executable, "-m", "gradloop.cli", "fit", "{table}", "--target", "{target}"],
        },
    ),
}
