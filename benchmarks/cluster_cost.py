"""What a pass on a cluster costs: measured with one to four workers here, fitted, and drawn to a thousand.

    python -m benchmarks.cluster_cost            fits benchmarks/cluster_cost.csv, draws docs/cluster_cost.svg and
                                                 writes the section of docs/cluster.md; no figure in it is typed
    python -m benchmarks.cluster_cost 1 2 3 4    measures with so many workers first, a few minutes

    seconds = rows · (a + c · numbers) / processors           the rows, where they are
            + tasks · s + r                                   the scheduler, one task after the other; a round
            + levels · (2 · latency + 8 · bytes / bandwidth)  the tree of sums, eight results at each node
            + parts · sent / bandwidth                        parameters and program, from one place

with numbers = columns for loss and slope, columns² for a matrix; tasks = parts and nodes of the tree. Workers of
one machine have no latency worth the name, so latency and bandwidth are not fitted: they are what a network has.
"""

import csv
import sys
import textwrap
from collections.abc import Iterator
from functools import partial
from math import ceil, log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import ROOT, put

PLACE, PICTURE = ROOT / "benchmarks" / "cluster_cost.csv", ROOT / "docs" / "cluster_cost.svg"
PAGE, SECTION = ROOT / "docs" / "cluster.md", "passes"
ARMS = 8
SIZES = ((100_000, 10, 16), (4_000_000, 10, 16), (1_000_000, 10, 128), (100_000, 40, 16), (1_000_000, 40, 16))
FITS = 3  # of which the quickest pass counts: a busy machine adds to the others
KINDS = {"sum": "loss and slope", "work": "matrix"}


class Run(NamedTuple):
    """The quickest pass of a kind. Processors: of the workers together, no more than the machine has."""

    kind: str
    rows: int
    columns: int
    workers: int
    processors: int
    parts: int
    sent_bytes: int
    moved_bytes: int
    seconds: float


class Model(NamedTuple):
    """Seconds: of a row and of a number in it, by kind; of a task; of a round."""

    row: dict[str, float]
    number: dict[str, float]
    task: float
    round: float


class Network(NamedTuple):
    latency: float  # seconds
    bandwidth: float  # bytes per second


class Parts(NamedTuple):
    """Where the seconds of a pass go."""

    rows: float
    scheduler: float
    network: float


# ---- measured ------------------------------------------------------------------------------------------------


def block(rows: int, columns: int, part: int) -> tuple[Any, Any]:
    random = np.random.default_rng(part)
    X = random.standard_normal((rows, columns))
    return X, (random.random(rows) < 1 / (1 + np.exp(-X[:, 0]))).astype(np.float64)


def measured(client: Any, rows: int, columns: int, parts: int, workers: int) -> Iterator[Run]:
    import dask.array as arrays
    from dask import delayed

    import gradloop as gl
    from gradloop.compiler.program import processors

    each = rows // parts
    made = [delayed(block, nout=2, pure=False)(each, columns, part) for part in range(parts)]
    X = arrays.concatenate([arrays.from_delayed(X, (each, columns), np.float64) for X, _ in made])
    y = arrays.concatenate([arrays.from_delayed(y, (each,), np.float64) for _, y in made])
    X, y = client.persist([X, y])
    fits = [gl.fit(X, y, model="logistic", solver="newton", cluster=client) for _ in range(FITS)]
    for kind in KINDS:
        some = [one for fit in fits for one in fit.history.passes if one.what == kind]
        best = min(some, key=lambda one: one.seconds)
        at_work = min(workers, processors())
        yield Run(kind, each * parts, columns, workers, at_work, parts, best.sent_bytes, best.moved_bytes, best.seconds)


def measure(workers: int) -> None:
    """Measure with so many workers; what was measured with others stays."""
    from gradloop.cluster.connection import connected

    found = [run for run in read() if run.workers != workers]
    with connected(f"local:{workers}") as client:
        for size in SIZES:
            found += measured(client, *size, workers)
    write(sorted(found, key=lambda run: run.workers))


def write(runs: list[Run], path: Path = PLACE) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerows([Run._fields, *((*run[:-1], f"{run.seconds:.6g}") for run in runs)])


def read(path: Path = PLACE) -> list[Run]:
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Run(line["kind"], *(int(line[name]) for name in Run._fields[1:-1]), float(line["seconds"]))
            for line in csv.DictReader(file)
        ]


# ---- fitted --------------------------------------------------------------------------------------------------


def tasks(parts: float) -> float:
    """Parts, and nodes of the tree above them."""
    found = parts = ceil(parts)
    while parts > ARMS:  # the last of them are joined by the client
        parts = ceil(parts / ARMS)
        found += parts
    return found


def numbers(kind: str, columns: int) -> int:
    return columns if kind == "sum" else columns**2


def terms(run: Run) -> list[float]:
    each = run.rows / run.processors
    work = [[each, each * numbers(kind, run.columns)] if kind == run.kind else [0.0, 0.0] for kind in KINDS]
    return [*work[0], *work[1], tasks(run.parts), 1.0]


def fitted(runs: list[Run]) -> Model:
    """The costs that miss the runs least, in squares of shares; none is below zero."""
    from scipy.optimize import nnls

    seconds = np.array([run.seconds for run in runs])
    A: NDArray[Any] = np.array([terms(run) for run in runs]) / seconds[:, None]
    scale = np.linalg.norm(A, axis=0)
    found = nnls(A / scale, np.ones(len(runs)))[0] / scale
    return Model(
        dict(zip(KINDS, found[[0, 2]].tolist(), strict=True)), dict(zip(KINDS, found[[1, 3]].tolist(), strict=True)),
        *found[4:].tolist(),
    )  # fmt: skip


def parts_of(model: Model, net: Network, kind: str, rows: float, columns: int, workers: int, parts: float) -> Parts:
    """Where the time of a pass goes on workers of one processor each."""
    work = rows * (model.row[kind] + model.number[kind] * numbers(kind, columns)) / min(workers, parts)
    moved, levels = 8.0 * numbers(kind, columns + 1), ceil(log(max(parts, 2), ARMS))
    travel = levels * (2 * net.latency + ARMS * moved / net.bandwidth) + parts * SENT / net.bandwidth
    return Parts(work, tasks(parts) * model.task + model.round, travel)


SENT = 3e3  # bytes to each part: the program's graph and the parameters
NETWORK = Network(0.5e-3, 1.25e9)  # of a usual data centre: half a millisecond, ten gigabits
ROWS_IN_PART, COLUMNS = 1e7, 20


# ---- drawn ---------------------------------------------------------------------------------------------------


def draw(model: Model, runs: list[Run], path: Path = PICTURE) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullLocator

    plt.rcParams["svg.hashsalt"] = "gradloop"
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for kind, mark in zip(KINDS, "os", strict=True):
        some = [run for run in runs if run.kind == kind]
        told = [float(np.dot(terms(run), flat(model))) for run in some]
        left.loglog([1e3 * run.seconds for run in some], 1e3 * np.array(told), mark, alpha=0.7, label=KINDS[kind])
    ends = [1e3 * min(run.seconds for run in runs) / 1.5, 1e3 * max(run.seconds for run in runs) * 1.5]
    left.plot(ends, ends, ":", color="gray")
    left.set(xlabel="milliseconds of a pass, measured", ylabel="by the model", title="1 to 4 workers, 2 processors")
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    left.legend()
    workers = np.unique(np.geomspace(1, 1000, 40).astype(int))
    for rows, color in ((1e8, "C0"), (1e10, "C1"), (1e12, "C2")):
        found = [at(model, rows, many) for many in workers.tolist()]
        right.loglog(workers, [sum(one) for one in found], color=color, label=f"{two(rows)} rows")
        right.loglog(workers, [one.scheduler for one in found], ":", color=color)
        right.loglog(workers, [one.network for one in found], "-.", color=color, alpha=0.5)
    right.set(
        xlabel="workers of one processor", ylabel="seconds of a pass", title="Slope of 20 columns, parts of 1e7 rows"
    )
    right.plot([], [], ":", color="gray", label="of it the scheduler")
    right.plot([], [], "-.", color="gray", label="of it the network")
    right.set_ylim(1e-3, 3e5)
    right.legend(fontsize=8, ncols=2, loc="upper right")
    figure.savefig(path, metadata={"Date": None})


def flat(model: Model) -> list[float]:
    return [*(value for kind in KINDS for value in (model.row[kind], model.number[kind])), model.task, model.round]


def missed(model: Model, runs: list[Run]) -> list[float]:
    """By which share of its time the model misses each run."""
    return [abs(float(np.dot(terms(run), flat(model))) / run.seconds - 1) for run in runs]


def at(model: Model, rows: float, workers: int, rows_in_part: float = ROWS_IN_PART) -> Parts:
    """Where the time goes of a pass for the slope, as in the picture."""
    return parts_of(model, NETWORK, "sum", rows, COLUMNS, workers, rows / rows_in_part)


def saturated(model: Model, rows: float, rows_in_part: float = ROWS_IN_PART) -> int:
    """The number of workers beyond which the scheduler takes longer than the rows."""
    one = at(model, rows, 1, rows_in_part)
    return ceil(one.rows / one.scheduler)


# ---- written -------------------------------------------------------------------------------------------------

MANY, LARGER = 1e12, 10  # rows of which the page speaks; how many times larger parts are the cure
SHOWN = (
    "![Measured seconds of a pass against the model's, and the model drawn to 1000 workers and 1e12 rows]"
    f"({PICTURE.name})"
)
fill = partial(textwrap.fill, width=120, break_long_words=False, break_on_hyphens=False)


def two(value: float) -> str:
    """A figure of two digits.

    >>> two(0.2523), two(144.6), two(1e12)
    ('0.25', '140', '1e12')
    """
    rounded = f"{value:.2g}"
    return f"{float(rounded):g}" if value < 1e4 else rounded.replace("e+0", "e").replace("e+", "e")


def section(model: Model, runs: list[Run]) -> str:
    """What docs/cluster.md says of the time of a pass."""
    most, at_work = max(run.workers for run in runs), max(run.processors for run in runs)
    share = [100 * one for one in missed(model, runs)]
    intro = (
        f"{len(runs)} runs with 1 to {most} workers on {at_work} processors (`benchmarks/cluster_cost.csv`, "
        "`python -m benchmarks.cluster_cost`) give"
    )
    costs = ((name, two(1e9 * model.row[kind]), two(1e9 * model.number[kind])) for kind, name in KINDS.items())
    table = ["| | a, nanoseconds | c, nanoseconds |", "|---|---|---|", *(f"| {' | '.join(cost)} |" for cost in costs)]
    rest = (
        f"and s = {two(1e3 * model.task)} ms for a task, r = {two(1e3 * model.round)} ms for a round. A run is "
        f"typically missed by {two(np.median(share))} %, the worst by {two(max(share))} %. Latency and bandwidth are "
        "those of a network, half a millisecond and ten gigabits a second in the picture."
    )
    return "\n\n".join([fill(intro), "\n".join(table), fill(rest), SHOWN, fill(saturation(model))])


def saturation(model: Model) -> str:
    """What saturates first, and what helps."""
    hundred, thousand = at(model, MANY, 100), at(model, MANY, 1000)
    part, larger = COLUMNS * 8 * ROWS_IN_PART / 1e9, LARGER * ROWS_IN_PART
    return (
        f"**What saturates first is the scheduler**, which is one process: {two(MANY)} rows in parts of "
        f"{two(ROWS_IN_PART)} are {two(MANY / ROWS_IN_PART)} parts, {two(hundred.scheduler)} s of a pass however many "
        f"workers there are, and from about {two(saturated(model, MANY))} workers the scheduler takes longer than the "
        f"rows (a hundred workers: {two(hundred.rows)} s for the rows of {two(sum(hundred))} s; a thousand: "
        f"{two(thousand.rows)} s of {two(sum(thousand))} s). The network takes {two(thousand.network)} s. The cure is "
        f"larger parts: with parts of {two(larger)} rows it happens at about {two(saturated(model, MANY, larger))} "
        f"workers, as long as a worker has room for a part: {two(LARGER * part)} GB of {COLUMNS} columns in place of "
        f"{two(part)} GB."
    )


def main() -> None:
    for workers in filter(str.isdecimal, sys.argv[1:]):
        measure(int(workers))
    runs = read()
    model = fitted(runs)
    draw(model, runs)
    made = section(model, runs)
    put(PAGE, SECTION, made)
    print(made)


if __name__ == "__main__":
    main()
