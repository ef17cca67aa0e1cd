"""Runs in a store of MLflow, read back by its own client."""

import numpy as np
import pytest

import gradloop as gl

X = np.random.default_rng(0).normal(size=(50, 2))
Y = X @ [1.0, -2.0] + 0.5
SOLVER = gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=5)


@pytest.fixture
def store(tmp_path):
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    return f"sqlite:///{tmp_path}/runs.db"


def runs(store, experiment="houses"):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=store)
    return client, client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


@pytest.mark.filterwarnings("ignore")  # what the store's own libraries say
def test_parameters_metrics_and_the_end(store):
    fit = gl.fit(X, Y, solver=SOLVER, seed=4, callbacks=[gl.callbacks.MLflow("houses", store, "first")])
    client, (run,) = runs(store)
    assert run.info.status == "FINISHED" and run.info.run_name == "first"
    assert run.data.params["solver"] == "Minibatch" and run.data.params["seed"] == "4"
    told = client.get_metric_history(run.info.run_id, "loss")
    assert [each.step for each in told] == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal([each.value for each in told], fit.history["loss"])
    assert run.data.tags["stop"] == str(fit.stop)


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_fails_says_so(store):
    def broken(progress):
        raise RuntimeError

    with pytest.raises(gl.CallbackError, match="broken failed"):
        gl.fit(X, Y, solver=SOLVER, callbacks=[gl.callbacks.MLflow("houses", store), broken])
    _, (run,) = runs(store)
    assert run.info.status == "FAILED"
