"""Passes over rows on a cluster: one task for each part, sums added in a tree that depends on the parts alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import local
from typing import Any
from uuid import uuid4

import numpy as np

from gradloop.cluster import work
from gradloop.core.order import WORD
from gradloop.errors import DataError, GradloopError, OptionError
from gradloop.history import TICK, Pass
from gradloop.text import number, printable

ARMS = 8  # of a node of the tree
NEARLY = 1e-9  # by which a sum of weights may miss the number of rows, as a share: rounding
LOOK = 1.0  # seconds between looks at a cluster from which nothing came
PATIENCE = 60.0  # seconds without any worker, after which a run is given up
MOST_TAKEN = 8  # samples of the rows that are kept here
READING = ("look", "encode", "rows")  # passes whose time goes into reading, or that are over a few rows
CHANGED = (
    "A part of the rows was read again and is not what it was at first; keep the source unchanged while it is used, "
    "and give a seed to what draws numbers at random."
)
Array = Any


class ClusterError(GradloopError, RuntimeError):
    """Workers or the scheduler of a cluster died, and the work could not be done by others: names what died."""


class Passes:
    """The parts of the rows on a cluster, and the passes over them.

    Args: expected, the rows of each part as far as they are known from another pass.
    """

    def __init__(
        self, client: Any, parts: Sequence[Any], patience: float = PATIENCE, expected: Sequence[int] = ()
    ) -> None:
        self.client, self.patience, begun = client, patience, time.perf_counter()
        self.record: list[Pass] = []
        self.taken: dict[bytes, tuple[Array, ...]] = {}  # by the numbers of the rows
        self.unsent = local()  # tasks of each thread: several may make passes at once
        found = self.gathered([self.submit("about", i, work.about, part) for i, part in enumerate(parts)])
        check_parts(found, expected)
        kept = [i for i, one in enumerate(found) if one.rows]
        if not kept:
            raise DataError("There are no rows to train on; give at least one.")
        self.parts, self.about = [parts[i] for i in kept], [found[i] for i in kept]
        self.ends = np.cumsum([one.rows for one in self.about])
        self.rows = int(self.ends[-1])
        self.weight = self.tree_of([one.weight for one in self.about])
        each = [one.tally(place) for place, one in enumerate(self.about)]
        self.marks, self.stamps = (sum(ones) & WORD for ones in zip(*(one[-2:] for one in each), strict=True))
        self.note("encode", (), sum(map(size_of, found)), begun)  # a part is made when it is asked for
        if abs(self.weight - self.rows) > NEARLY * self.rows:
            raise ClusterError(
                f"The {self.rows} rows have a weight of {self.weight!r}, and their weights should have the mean one: "
                "the workers did not see the same data at both looks; keep the source unchanged."
            )

    @staticmethod
    def tree_of(values: Sequence[float]) -> float:
        """The sum of numbers in the order in which the tree adds them."""
        while len(values) > 1:
            groups = [values[i : i + ARMS] for i in range(0, len(values), ARMS)]
            values = [sum(group[1:], group[0]) for group in groups]
        return values[0]

    def submit(self, what: str, place: int, function: Callable[..., Any], *given: Any) -> Any:
        """The key of a task, which is sent when it is gathered: a message for each would take longer than the task."""
        key = f"gradloop-{what}-{place}-{uuid4().hex}"
        vars(self.unsent)[key] = (function, *given)
        return key

    def total(self, what: str, function: Callable[..., Any], *given: Any, join: Callable[[Any, Any], Any]) -> Any:
        """The results of a function on all parts, joined in a tree, with every row counted once."""
        begun = time.perf_counter()
        level = self.begun(what, function, *given)
        moved = len(level)
        while len(level) > ARMS:
            groups = [level[i : i + ARMS] for i in range(0, len(level), ARMS)]
            level = [self.submit(f"{what}-joined", i, work.joined, join, group) for i, group in enumerate(groups)]
            moved += len(level)
        tally = work.joined(join, self.gathered(level))  # the last of the tree here: a round less
        self.check(tally)
        self.note(what, given, moved * size_of(tally.found), begun)
        return tally.found

    def begun(self, what: str, function: Callable[..., Any], *given: Any) -> list[Any]:
        """A task for each part, whose tally bears the part's mark."""
        return [self.submit(what, i, work.marked, i, function, part, *given) for i, part in enumerate(self.parts)]

    def check(self, tally: work.Tally) -> None:
        """Raise ClusterError unless each part was counted once, with the rows and the weight of the first time."""
        if tally.rows != self.rows or tally.weight != self.weight:
            raise ClusterError(
                f"A pass counted {tally.rows} rows of weight {tally.weight!r}, but there are {self.rows} of weight "
                f"{self.weight!r}: the workers do not see the same data at every pass; keep the source unchanged."
            )
        if tally.marks != self.marks:
            raise ClusterError(
                "A pass counted some rows twice and left out as many; this should never happen, please report it."
            )
        if tally.stamps != self.stamps:
            raise ClusterError(CHANGED)

    def note(self, what: str, given: Sequence[Any], moved: int, begun: float) -> None:
        sent = len(self.parts) * sum(map(size_of, given))
        self.record.append(Pass(what, self.rows, sent, moved, time.perf_counter() - begun))

    def each(self, what: str, function: Callable[..., Any], *given: Any) -> list[Any]:
        """The results for all parts, in order."""
        begun = time.perf_counter()
        tallies: list[work.Tally] = self.gathered(self.begun(what, function, *given))
        weight = self.tree_of([tally.weight for tally in tallies])
        self.check(work.joined(nothing, tallies)._replace(weight=weight))
        found = [tally.found for tally in tallies]
        self.note(what, given, sum(map(size_of, found)), begun)
        return found

    def take(self, part: int, rows: Array) -> Array:
        """The rows of these ascending numbers, of features, targets or weights; few are asked for once."""
        key = rows.tobytes()
        found = self.taken.get(key)
        if found is None:
            found = self.fetched(rows)
            while len(self.taken) >= MOST_TAKEN:
                self.taken.pop(next(iter(self.taken)), None)
            self.taken[key] = found
        return found[part].copy()

    def fetched(self, rows: Array) -> tuple[Array, ...]:
        """The same of all of these together: a round takes longer than what it brings."""
        begun, places = time.perf_counter(), np.searchsorted(self.ends, rows, side="right")
        starts = np.concatenate([[0], self.ends[:-1]])
        wanted = [(int(i), rows[places == i] - starts[i]) for i in np.unique(places)]
        tallies: list[work.Tally] = self.gathered(
            [self.submit("rows", i, work.marked, i, work.taken, self.parts[i], some) for i, some in wanted]
        )
        if any(self.about[i].tally(i) != one._replace(found=None) for (i, _), one in zip(wanted, tallies, strict=True)):
            raise ClusterError(CHANGED)
        found = tuple(np.concatenate(values) for values in zip(*(one.found for one in tallies), strict=True))
        self.record.append(Pass("rows", len(rows), rows.nbytes, size_of(found), time.perf_counter() - begun))
        return found

    def gathered(self, keys: list[Any]) -> list[Any]:
        """The results of these tasks, which are sent together with those that they wait for."""
        tasks = dict(vars(self.unsent))
        vars(self.unsent).clear()
        with deaths_told(self.client):
            futures = self.client.get(tasks, keys, sync=False)
        return gathered(self.client, futures, self.patience)

    def told(self) -> str:
        """What the passes have cost, as a sentence."""
        found = [one for one in self.record if one.what not in READING]
        rate = number(sum(one.rows for one in found) / max(sum(one.seconds for one in found), TICK))
        each = number(sum(one.sent_bytes + one.moved_bytes for one in found) / max(len(found), 1) / 1e3)
        return (
            f"Cluster: {len(self.record)} passes over {self.rows} rows in {len(self.parts)} parts on "
            f"{len(workers_of(self.client))} workers; a pass moved {each} kB, and {rate} rows were passed per second."
        )


def check_parts(found: Sequence[work.About], expected: Sequence[int]) -> None:
    """Raise ClusterError for a part with other rows than it had before."""
    for i, (one, rows) in enumerate(zip(found, expected, strict=bool(expected))):
        if one.rows != rows:
            raise ClusterError(
                f"Part {i + 1} had {rows} rows at the first look and has {one.rows} now; keep the source unchanged."
            )


def nothing(*_: Any) -> None:
    """What is joined where only rows are counted."""


def gathered(client: Any, futures: list[Any], patience: float = PATIENCE) -> list[Any]:
    """The results, once all are there; whatever died is named."""
    from asyncio import run_coroutine_threadsafe  # loaded by a cluster in any case, and by nothing else here
    from concurrent.futures import wait

    with deaths_told(client):
        waiting = Waiting(client, patience)
        coming = run_coroutine_threadsafe(client.gather(futures, asynchronous=True), client.loop.asyncio_loop)
        try:
            while not coming.done():
                if not wait([coming], timeout=LOOK).done:
                    waiting.look()
            return list(coming.result())
        finally:
            coming.cancel()


class Waiting:
    """Patience with a cluster: as long as it has a worker that takes work, its scheduler answers, or not for long."""

    def __init__(self, client: Any, patience: float) -> None:
        self.client, self.patience, self.seen = client, patience, time.monotonic()

    def look(self) -> None:
        """Raise ClusterError if for too long there was nobody to do the work."""
        workers = workers_of(self.client)
        if any(worker["status"] == "running" for worker in workers.values()):
            self.seen = time.monotonic()
        elif time.monotonic() - self.seen > self.patience:
            raise ClusterError(
                f"The cluster cannot go on: {self.what_died(workers)} for {self.patience:g} s; start a cluster again, "
                "and resume from the checkpoint if there is one."
            )

    def what_died(self, workers: Mapping[str, Any]) -> str:
        if workers:
            return f"the workers {', '.join(map(printable, workers))} lack memory and have taken no work"
        return (
            "all workers died, and none came"
            if self.client.status == "running"
            else "the scheduler died, and none came"
        )


def workers_of(client: Any) -> Mapping[str, Any]:
    """What the scheduler knows of its workers, by address; nothing if it does not answer."""
    if client.status != "running":
        return {}
    with suppress(OSError):
        return dict(client.scheduler_info(n_workers=-1)["workers"])
    return {}


@contextmanager
def deaths_told(client: Any) -> Iterator[None]:
    """What distributed raises, as one sentence."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ClusterError(
            f"The task {error.task} was given up, because the workers that tried it died, the last of them "
            f"{printable(error.last_worker.address)}: they may lack memory; make parts smaller or workers larger."
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ClusterError(
            f"The scheduler of the cluster died ({client.scheduler and client.scheduler.address}); start a cluster "
            "again, and resume from the checkpoint if there is one."
        ) from error


def size_of(what: Any) -> int:
    """About the bytes of what travels."""
    if isinstance(what, bytes | bytearray):
        return len(what)
    if isinstance(what, np.ndarray):
        return int(what.nbytes)
    if isinstance(what, tuple | list):
        return sum(map(size_of, what))
    if hasattr(what, "__dict__"):
        return sum(map(size_of, vars(what).values()))
    return 8


def check_option(cluster: Any) -> None:
    if not isinstance(cluster, str) and not hasattr(cluster, "submit"):
        raise OptionError(f'cluster is {cluster!r}; give an address such as "tcp://host:8786", "local", or a client.')
