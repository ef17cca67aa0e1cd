"""A program that trains in child processes and kills them: python killing.py FOLDER KILLS SEED.

Its children are forked from a process that has everything loaded and compiled, so that a life takes milliseconds.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import gradloop as gl
from gradloop import tensor_file

ROWS = np.random.default_rng(0)
X = ROWS.normal(size=(600, 3))
Y = X @ [1.0, -2.0, 0.5] + ROWS.normal(size=600)
RUNS = {
    "minibatch": lambda: gl.Minibatch(gl.adam(0.01), batch_size=8, epochs=150),
    "derived rate": lambda: gl.Minibatch(gl.momentum, batch_size=7, epochs=100),
    "gradient descent": lambda: gl.GradientDescent(1e-3, momentum=False, iterations=150),
    "search": lambda: gl.Exhaustive({"w": [np.linspace(-3, 3, 12)] * 3, "b": np.linspace(-1, 1, 200)}, refine=1),
}


def answer(solver, **checkpoint):
    """All that must be the same: parameters, history but for the time, and its snapshots; as bytes."""
    fit = gl.fit(X, Y, solver=solver, seed=5, **checkpoint)
    columns = [fit.history[name] for name in ("epoch", "loss", "gradient_norm", "learning_rate", "rows")]
    snapshots = [values for _, params in fit.history.params for values in params.values()]
    return b"".join(np.asarray(values).tobytes() for values in (*fit.params.values(), *columns, *snapshots))


def live(solver, folder):
    """A child's life: go on with the run; the answer, if it comes to one, appears whole."""
    found = answer(solver, checkpoint=folder / "run", every=0, resume=True)
    (folder / "answer.new").write_bytes(found)
    os.replace(folder / "answer.new", folder / "answer")


def fork(solver, folder):
    child = os.fork()
    if child:
        return child
    try:
        live(solver, folder)
        os._exit(0)
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
        os._exit(1)


def killed_often(make, folder, kills, chance):
    """Kill until so many are dead, then let the last run end; returns the deaths and the runs that came to an end."""
    undisturbed, dead, finished = answer(make()), 0, 0
    while True:
        child = fork(make(), folder)
        last = dead == kills
        if not last:
            time.sleep(chance.uniform(0, 0.06))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        check_files(folder)
        if os.WIFSIGNALED(status):
            dead += 1
            continue
        assert os.WEXITSTATUS(status) == 0
        assert (folder / "answer").read_bytes() == undisturbed, "other bits"
        finished += 1
        for name in os.listdir(folder):
            (folder / name).unlink()
        if last:
            return dead, finished


def check_files(folder):
    """Whatever was killed, what bears the names of a checkpoint is whole."""
    for path in folder.glob("run*"):
        tensor_file.read(path)
    assert len(list(folder.glob("*.tmp"))) <= 2, "what was left behind piles up"


def main(folder, kills, seed):
    chance = random.Random(seed)
    for name, make in RUNS.items():
        place = Path(folder) / name
        place.mkdir()
        print(name, *killed_often(make, place, int(kills) // len(RUNS), chance), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
