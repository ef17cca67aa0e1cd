"""A run as MLflow keeps it: parameters, metrics by epoch, and how it ended."""

from __future__ import annotations

import time
from typing import Any

from gradloop.callbacks.measured import described, scalars
from gradloop.callbacks.protocol import Callback, Outline
from gradloop.extras import require
from gradloop.progress import Progress
from gradloop.stop import Stop

TOGETHER = 200  # metrics in one request; a server takes 1000 at most
LONGEST = 500  # characters of a parameter's value
PAUSE = 1.0  # seconds between two requests


class MLflow(Callback):
    """Logs model, solver and settings as parameters, the numbers of each epoch as metrics, and the end as tags.

    The state of the run in the store is FINISHED, KILLED where training was interrupted, or FAILED where it ended with
    an error. The package is the extra `mlflow`.

    Args:
        experiment: the name of the experiment; it is made where it is not there
        store: where runs are kept, such as "sqlite:///runs.db" or the address of a server; None: as MLflow is set up
        name: of the run; None: MLflow finds one

    Raises: OptionError where mlflow is not installed; CallbackError where the store cannot be written.

    >>> MLflow("houses").experiment
    'houses'
    """

    def __init__(self, experiment: str = "gradloop", store: str | None = None, name: str | None = None) -> None:
        require("mlflow", "Runs for MLflow")
        self.experiment, self.store, self.name = experiment, store, name
        self.client: Any = None
        self.run_id: str | None = None

    def on_start(self, outline: Outline) -> None:
        entities = require("mlflow.entities", "Runs for MLflow")
        self.client = require("mlflow.tracking", "Runs for MLflow").MlflowClient(tracking_uri=self.store)
        found = self.client.get_experiment_by_name(self.experiment)
        place = self.client.create_experiment(self.experiment) if found is None else found.experiment_id
        self.run_id = self.client.create_run(place, run_name=self.name).info.run_id
        known = [entities.Param(name, text[:LONGEST]) for name, text in described(outline)]
        self.client.log_batch(self.run_id, params=known)
        self.waiting: list[Any] = []
        self.sent = time.monotonic()

    def on_epoch(self, progress: Progress) -> None:
        metric, now = require("mlflow.entities", "Runs for MLflow").Metric, round(1000 * time.time())
        self.waiting += [metric(name, value, now, progress.epoch) for name, value in scalars(progress).items()]
        if len(self.waiting) >= TOGETHER or time.monotonic() - self.sent >= PAUSE:
            self.send()

    def send(self) -> None:
        """A request takes milliseconds, so that many epochs share one."""
        if self.waiting:
            self.client.log_batch(self.run_id, metrics=self.waiting)
        self.waiting, self.sent = [], time.monotonic()

    def on_stop(self, fit: Any) -> None:
        if self.run_id is None:
            return
        self.send()
        state = "FAILED" if fit is None else "KILLED" if fit.stop is Stop.INTERRUPTED else "FINISHED"
        if fit is not None:
            self.client.set_tag(self.run_id, "stop", str(fit.stop))
            self.client.set_tag(self.run_id, "certificate", str(fit.certificate))
        self.client.set_terminated(self.run_id, state)
