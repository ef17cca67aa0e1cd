"""The whole road in a few seconds: trace, differentiate, compile, fit, judge, save, load, predict, and the shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import gradloop as gl
from gradloop.core.evaluate import evaluate
from gradloop.core.grad import gradient
from gradloop.core.spec import Spec
from gradloop.core.trace import trace

FLOAT = np.dtype(np.float64)


def linreg(x, w, b):
    return np.dot(x, w) + b


def squared(y_hat, y):
    return (y_hat - y) ** 2 / 2


def test_a_function_is_traced_and_differentiated():
    specs = {"x": Spec((2,), FLOAT), "y": Spec((), FLOAT), "w": Spec((2,), FLOAT), "b": Spec((), FLOAT)}
    graph = trace(lambda x, y, w, b: squared(linreg(x, w, b), y), specs)
    values = {"x": np.array([1.0, 2.0]), "y": np.array(1.0), "w": np.array([3.0, -1.0]), "b": np.array(0.5)}
    assert evaluate(graph, values)[0] == 0.125  # error 3 - 2 + 0.5 - 1 = 0.5
    g_w, g_b = evaluate(gradient(graph, ["w", "b"]), values)
    assert g_w.tolist() == [0.5, 1.0] and g_b == 0.5


def test_the_textbook_run_recovers_the_truth_on_both_engines():
    X, y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=200, noise=0.01, seed=1)
    solver = gl.Minibatch(gl.sgd(0.1), batch_size=10, epochs=3)
    start = {"w": np.zeros(2), "b": 0.0}
    fits = [
        gl.fit(X, y, model=linreg, loss=squared, solver=solver, start=start, engine=engine)
        for engine in ("native", "numpy")
    ]
    for fit in fits:
        np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [2, -3.4, 4.2], atol=0.02)
        assert fit.stop is gl.Stop.FINISHED and fit.certificate.kind == "exact gap" and fit.certificate.value < 1e-3
        assert fit.history["loss"][2] < fit.history["loss"][0] / 100
    np.testing.assert_allclose(fits[0].params["w"], fits[1].params["w"], rtol=1e-12)


def test_a_table_is_fitted_saved_loaded_and_predicted(tmp_path):
    random = np.random.default_rng(0)
    area, town = random.uniform(40, 120, 80), random.choice(["Ulm", "Bonn"], 80)
    table = {"area": area, "town": town, "price": 3 * area + 100 - 50 * (town == "Ulm")}
    fit = gl.fit(table, target="price", solver=gl.Minibatch(gl.sgd(0.3), batch_size=8, epochs=60))
    np.testing.assert_allclose([*fit.params["w"], fit.params["b"]], [3, -50, 100], rtol=1e-6)
    assert "town=Ulm" in str(fit.summary())
    fit.save(tmp_path / "model")
    loaded = gl.load(tmp_path / "model")
    assert loaded.predict(table).tobytes() == fit.predict(table).tobytes()
    np.testing.assert_allclose(loaded.predict({"area": [100.0], "town": ["Ulm"]}), [350], rtol=1e-6)
    assert loaded.evaluate(table)["R2"] > 0.999999


def test_the_shell_takes_the_same_road(tmp_path):
    rows = "\n".join(f"{i / 10},{'yes' if i % 7 > 2 or i > 30 else 'no'}" for i in range(60))
    (tmp_path / "exams.csv").write_text(f"hours,passed\n{rows}\n")

    environment = os.environ | {"PYTHONPATH": str(Path(gl.__file__).parents[1])}

    def gradloop(*arguments):
        command = [sys.executable, "-m", "gradloop.cli", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = gradloop("fit", "exams.csv", "--target", "passed", "--model", "logistic", "--epochs", "20", "--json",
                    "-o", "model")  # fmt: skip
    assert json.loads(told)["classes"] == ["no", "yes"]
    predictions = gradloop("predict", "model", "exams.csv").split()
    assert predictions[0] == "prediction" and set(predictions[1:]) <= {"no", "yes"} and len(predictions) == 61
