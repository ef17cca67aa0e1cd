"""scikit-learn with the solver that its documentation names for the case; tolerances reach the goal.

Fairness. Arrays are float64 and C-ordered, as they come. LogisticRegression with newton-cholesky, for two classes the
fastest with many rows and few columns, and with lbfgs for more, because a softmax without penalty has a singular
curvature; C is so large that the penalty is nothing. The path is enet_path with its Gram matrix. Files are read with
polars, the fastest reader whose columns become an array without detours. Predictions for a file are a script with
the model in a pickle, as gradloop's are a command: imports count for both. Both read the columns of the model and write
one, in Parquet: the script through memory, with the zstd that is polars' choice; gradloop in pieces, with the snappy
that is pyarrow's, and forced to the disk before the file takes its name.
"""

import pickle
from typing import Any

import numpy as np
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression, enet_path

from benchmarks.cold import code, run, words
from benchmarks.problems import least_squares, likelihood, paths
from benchmarks.problems.descent import Descent
from benchmarks.problems.files import TARGET, FileToModel, FileToPredictions, folder
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood
from benchmarks.problems.paths import Path
from benchmarks.problems.processes import Process
from benchmarks.rivals import NotComparableError, Turn, once
from benchmarks.rivals.scikit_learn.descent import descent


def describe() -> str:
    return f"scikit-learn {sklearn.__version__}"


def params(model: Any) -> dict[str, Any]:
    return {"w": model.coef_, "b": model.intercept_}


def linear_regression(problem: LeastSquares) -> Turn:
    X, y = least_squares.data(problem)
    return once(lambda: params(LinearRegression().fit(X, y)))


def logistic_regression(problem: Likelihood) -> Turn:
    X, y = likelihood.data(problem)

    def fit() -> dict[str, Any]:
        solver = "newton-cholesky" if problem.classes == 2 else "lbfgs"
        model = LogisticRegression(C=1e14, solver=solver, tol=1e-7, max_iter=1000).fit(X, y)
        if problem.classes == 2:
            return {"w": model.coef_[0], "b": model.intercept_[0]}
        return {"w": model.coef_.T, "b": model.intercept_}

    return once(fit)


def path(problem: Path) -> Turn:
    X, y = paths.data(problem)
    strengths = paths.strengths(problem)

    def fit() -> dict[str, Any]:
        mean = y.mean()
        _, w, _ = enet_path(X, y - mean, l1_ratio=problem.ratio, alphas=strengths, precompute=True, tol=1e-7)
        return {"w": w.T, "b": np.full(len(strengths), mean)}

    return once(fit)


def file_to_model(problem: FileToModel) -> Turn:
    if problem.memory:
        raise NotComparableError("LinearRegression needs all rows in memory")
    import polars as pl

    read = pl.read_csv if problem.kind == "csv" else pl.read_parquet

    def fit() -> dict[str, Any]:
        table = read(problem.path)
        return params(LinearRegression().fit(table.drop(TARGET).to_numpy(), table[TARGET].to_numpy()))

    return once(fit)


def file_to_predictions(problem: FileToPredictions) -> Turn:
    import polars as pl

    model, names = LinearRegression(), [f"x{i}" for i in range(problem.features)]
    model.coef_, model.intercept_ = problem.params["w"], problem.params["b"]
    stored, place = folder() / "model-of-scikit-learn.pickle", folder() / "predictions-of-scikit-learn.parquet"
    stored.write_bytes(pickle.dumps(model))
    script = code(
        "import pickle, polars as pl",
        f"with open({str(stored)!r}, 'rb') as file: model = pickle.load(file)",
        f"X = pl.read_parquet({str(problem.path)!r}, columns={names}).to_numpy()",
        f"pl.DataFrame({{'prediction': model.predict(X)}}).write_parquet({str(place)!r})",
    )

    def turn() -> tuple[list[float], Any]:
        seconds, _ = once(lambda: run(script))()
        return seconds, pl.read_parquet(place)["prediction"].to_numpy()

    return turn


TABLE = (
    "import pandas as pd",
    "from sklearn.linear_model import LinearRegression",
    "table = pd.read_csv('{table}')",
    "X, y = table.drop(columns='{target}'), table['{target}']",
    "model = LinearRegression().fit(X, y)",
    "print(dict(zip(X.columns, model.coef_)), model.intercept_, model.score(X, y))",
)
TEXTBOOK = (
    "import numpy as np",
    "from sklearn.linear_model import SGDRegressor",
    "X = np.random.default_rng(0).standard_normal((1000, 2))",
    "y = X @ [2, -3.4] + 4.2",
    "SGDRegressor(penalty=None, learning_rate='constant', eta0=0.003, max_iter=3, tol=None).fit(X, y)",
)
COMMANDS = {"import": code("import sklearn.linear_model"), "textbook": code(*TEXTBOOK), "table": code(*TABLE)}
SOLVES = {
    Descent: descent,
    LeastSquares: linear_regression,
    Likelihood: logistic_regression,
    Path: path,
    FileToModel: file_to_model,
    FileToPredictions: file_to_predictions,
    Process: lambda problem: words(problem, COMMANDS),
}
