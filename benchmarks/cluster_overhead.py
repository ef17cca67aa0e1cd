"""What a cluster costs beside threads: the same rows on workers, then in one process, both in memory.

    python -m benchmarks.cluster_overhead            writes the section of docs/cluster.md; no figure in it is typed
    python -m benchmarks.cluster_overhead 50e6       measures with so many rows first

Seconds are those of the clock and those of processors, of client, scheduler and workers together. The cluster is
closed before the rows are made here, so that they are in memory once.
"""

import csv
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cluster_cost import PAGE, fill, two
from benchmarks.measure import processors
from benchmarks.table import ROOT, put

PLACE, SECTION = ROOT / "benchmarks" / "cluster_overhead.csv", "overhead"
COLUMNS, PARTS, WORKERS, FITS = 10, 20, 2, 4
ASKED: dict[str, dict[str, Any]] = {
    "linear": {"model": "linear", "solver": "closed_form"},
    "logistic": {"model": "logistic", "solver": "newton"},
}
NAMES = {"linear": "least squares", "logistic": "logistic regression, Newton's method"}
WHERE = ("cluster", "threads")
NEARLY = 1e-6  # to which the parameters of both must agree: rows are float32


class Fit(NamedTuple):
    """One fit, the first of its process or a later one."""

    model: str
    where: str
    rows: int
    turn: int  # from 1
    processors: int
    clock: float  # seconds
    processor: float


# ---- measured ------------------------------------------------------------------------------------------------


def block(model: str, rows: int, part: int) -> tuple[Any, Any]:
    random = np.random.default_rng(part)
    X = random.standard_normal((rows, COLUMNS), dtype=np.float32)
    scores = X @ np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    if model == "linear":
        return X, scores + random.standard_normal(rows, dtype=np.float32)
    return X, (random.random(rows) < 1 / (1 + np.exp(-scores))).astype(np.float32)


def processor_seconds() -> float:
    """Of this process and its children: workers are children, and the scheduler is a thread here."""
    import psutil

    this = psutil.Process()
    return float(sum(sum(one.cpu_times()[:2]) for one in (this, *this.children(recursive=True))))


def timed(fit: Callable[[], Any], **about: Any) -> tuple[list[Fit], Any]:
    """The times of some fits, one after the other, and the parameters of the last."""
    found, params = [], None
    for turn in range(1, FITS + 1):
        used, begun = processor_seconds(), time.perf_counter()
        params = fit().params
        clock = time.perf_counter() - begun
        found.append(
            Fit(**about, turn=turn, processors=processors(), clock=clock, processor=processor_seconds() - used)
        )
    return found, params


def on_workers(model: str, rows: int) -> tuple[list[Fit], Any]:
    """The parts are made by the workers, and stay there."""
    import dask.array as arrays
    from dask import delayed
    from distributed import wait

    import gradloop as gl
    from gradloop.cluster.connection import connected

    each = rows // PARTS
    with connected(f"local:{WORKERS}") as client:
        made = [delayed(block, nout=2, pure=False)(model, each, part) for part in range(PARTS)]
        X = arrays.concatenate([arrays.from_delayed(X, (each, COLUMNS), np.float32) for X, _ in made])
        y = arrays.concatenate([arrays.from_delayed(y, (each,), np.float32) for _, y in made])
        X, y = client.persist([X, y])
        with client.as_current():
            wait([X, y])
        fit = lambda: gl.fit(X, y, cluster=client, **ASKED[model])  # noqa: E731
        return timed(fit, model=model, where="cluster", rows=each * PARTS)


def here(model: str, rows: int) -> tuple[list[Fit], Any]:
    import gradloop as gl

    each = rows // PARTS
    X, y = np.empty((each * PARTS, COLUMNS), np.float32), np.empty(each * PARTS, np.float32)
    for part in range(PARTS):
        place = slice(part * each, (part + 1) * each)
        X[place], y[place] = block(model, each, part)
    return timed(lambda: gl.fit(X, y, **ASKED[model]), model=model, where="threads", rows=len(X))


def measure(rows: int, path: Path = PLACE) -> None:
    """Measure both ways, each model, and keep nothing if their answers differ."""
    found: list[Fit] = []
    for model in ASKED:
        (ours, params), (theirs, expected) = on_workers(model, rows), here(model, rows)
        for name, values in params.items():
            np.testing.assert_allclose(values, expected[name], rtol=NEARLY, atol=NEARLY)
        found += [*ours, *theirs]
    write(found, path)


def write(fits: Iterable[Fit], path: Path = PLACE) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerows([Fit._fields, *((*fit[:-2], f"{fit.clock:.4g}", f"{fit.processor:.4g}") for fit in fits)])


def read(path: Path = PLACE) -> list[Fit]:
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Fit(model, where, int(rows), int(turn), int(at_work), float(clock), float(processor))
            for model, where, rows, turn, at_work, clock, processor in list(csv.reader(file))[1:]
        ]


# ---- written -------------------------------------------------------------------------------------------------


def section(fits: list[Fit]) -> str:
    """What docs/cluster.md says of it."""
    rows, most = {fit.rows for fit in fits}, max(fit.turn for fit in fits)
    intro = (
        f"{two(max(rows))} rows of {COLUMNS} columns in float32, in memory, {PARTS} parts; {WORKERS} workers against "
        f"{fits[0].processors} threads of one process, on {fits[0].processors} processors "
        "(`benchmarks/cluster_overhead.csv`, `python -m benchmarks.cluster_overhead 50e6`). Seconds of the best of up "
        f"to {most} fits, in brackets of the first; those of processors are of client, scheduler and workers together."
    )
    head = ["| | cluster | threads | times as much |", "|---|---|---|---|"]
    lines = [
        line(f"{NAMES[model]}, {what}", [fit for fit in fits if fit.model == model], field)
        for model in ASKED
        for field, what in (("clock", "by the clock"), ("processor", "of processors"))
    ]
    return fill(intro) + "\n\n" + "\n".join([*head, *lines])


def line(name: str, fits: list[Fit], field: str) -> str:
    """One line of the table: best and first of both, and how many times the threads' best ours is."""
    some = [[getattr(fit, field) for fit in sorted(fits, key=turn_of) if fit.where == where] for where in WHERE]
    cells = [f"{two(min(times))} ({two(times[0])})" for times in some]
    return f"| {name} | {' | '.join(cells)} | {two(min(some[0]) / min(some[1]))} |"


def turn_of(fit: Fit) -> int:
    return fit.turn


def main() -> None:
    for rows in sys.argv[1:2]:
        measure(int(float(rows)))
    made = section(read())
    put(PAGE, SECTION, made)
    print(made)


if __name__ == "__main__":
    main()
