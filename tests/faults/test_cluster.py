"""Workers and schedulers that die, stop or lack memory, in every phase of a fit: the same bits, or a sentence."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

import gradloop as gl
from clusters import Struck, write_files
from gradloop import training
from gradloop.cluster import connection, encoding
from gradloop.cluster.connection import connected
from gradloop.cluster.passes import LOOK, ClusterError, Passes, workers_of

CLASSES: dict[str, Any] = {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic"}
NUMBERS: dict[str, Any] = {"target": "y", "leave_out": ["yes", "holed"]}
KINDS: dict[str, dict[str, Any]] = {
    "lbfgs": CLASSES | {"solver": "lbfgs"},
    "newton": CLASSES | {"solver": "newton"},
    "closed form": NUMBERS,
}
PHASES = {  # the solver, the task that is struck, and at which of its passes
    "statistics of the columns": ("newton", "look", 1),
    "rows become numbers": ("newton", "encode", 1),
    "first count": ("newton", "about", 1),
    "a middle pass of L-BFGS": ("lbfgs", "sum", 4),
    "a middle pass of Newton": ("newton", "work", 3),
    "the products of the closed form": ("closed form", "work", 1),
    "the tree of sums": ("lbfgs", "sum-joined", 3),
    "the certificate": ("lbfgs", "after", 1),
}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("distributed")
    with connected("local:2") as client:
        yield client


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_files(tmp_path_factory.mktemp("rows"), files=9)


@pytest.fixture(scope="module")
def undisturbed(two: Any, folder: str) -> Callable[[str], bytes]:
    return cache(lambda kind: bits(gl.fit(folder, cluster=two, **KINDS[kind])))


def bits(fit: gl.Fit) -> bytes:
    """All that must be the same."""
    record = [fit.history[name].tobytes() for name in ("loss", "gradient_norm", "rows")]
    return b"".join([*(values.tobytes() for values in fit.params.values()), *record, fit.certificate.sentence.encode()])


def strike(monkeypatch: pytest.MonkeyPatch, mark: Path, phase: tuple[str, str, int], number: int) -> None:
    """Send a signal to the worker that begins the task of this phase first."""
    _, what, turn = phase
    if what in ("look", "encode"):
        monkeypatch.setattr(encoding, what, Struck(getattr(encoding, what), mark, number))
        return
    passed: set[str] = set()
    usual, certify = Passes.submit, training.certify

    def submit(self: Passes, name: str, place: int, function: Any, *given: Any) -> Any:
        if place == 0:
            passed.add(f"{name} {len(passed)}")
        turns = sum(one.rpartition(" ")[0] == name for one in passed)
        struck = (name == what and turns == turn) or (what == "after" and "certify" in passed)
        return usual(self, name, place, Struck(function, mark, number) if struck else function, *given)

    def late(*given: Any) -> Any:
        passed.add("certify")
        return certify(*given)

    monkeypatch.setattr(Passes, "submit", submit)
    monkeypatch.setattr(training, "certify", late)


@pytest.mark.fault(38)
@pytest.mark.parametrize("phase", PHASES)
def test_a_worker_killed_in_any_phase_changes_no_bit(
    phase: str, two: Any, folder: str, undisturbed: Callable[[str], bytes], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    kind = PHASES[phase][0]
    expected, mark = undisturbed(kind), tmp_path / "struck"
    strike(monkeypatch, mark, PHASES[phase], signal.SIGKILL)
    found = gl.fit(folder, cluster=two, **KINDS[kind])
    assert mark.exists(), "nobody was killed"
    assert bits(found) == expected


@pytest.mark.fault(39)
def test_a_worker_that_stops_is_replaced(
    folder: str, undisturbed: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would stop for ever: silence ends its life, of five seconds here and of 30 in `connection.SILENCE`.

    Its cluster is its own: a busy machine may be silent as long, and other tests should not lose workers by it.
    """
    expected, mark = undisturbed("lbfgs"), tmp_path / "struck"
    monkeypatch.setattr(connection, "SILENCE", "5s")
    with connected("local:2") as client:
        strike(monkeypatch, mark, PHASES["a middle pass of L-BFGS"], signal.SIGSTOP)
        assert bits(gl.fit(folder, cluster=client, **KINDS["lbfgs"])) == expected
    assert mark.exists()


@pytest.mark.fault(38)
def test_all_workers_killed_at_once(
    two: Any, folder: str, undisturbed: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed("lbfgs")
    at_pass(monkeypatch, 5, lambda: [os.kill(pid, signal.SIGKILL) for pid in two.run(os.getpid).values()])
    assert bits(gl.fit(folder, cluster=two, **KINDS["lbfgs"])) == expected


@pytest.mark.fault(38)
def test_a_file_that_changed_before_it_was_read_again_is_an_error(
    two: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has as many rows as before, so that no count shows it."""
    import numpy as np
    from pyarrow import parquet, table

    folder = write_files(tmp_path, files=4)
    path = tmp_path / "02.parquet"
    before = parquet.read_table(path).to_pydict()

    def change() -> None:
        parquet.write_table(table(before | {"a": np.asarray(before["a"])[::-1]}), path)
        for pid in two.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)

    at_pass(monkeypatch, 5, change)
    with pytest.raises(ClusterError, match=r"was read again and is not what it was .* keep the source unchanged"):
        gl.fit(folder, cluster=two, **KINDS["lbfgs"])


def at_pass(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], Any]) -> None:
    """Act when so many passes over the rows have begun."""
    usual, begun = Passes.begun, []

    def counted(self: Passes, *given: Any) -> Any:
        tasks = usual(self, *given)
        begun.append(tasks)
        if len(begun) == number:
            act()
        return tasks

    monkeypatch.setattr(Passes, "begun", counted)


@contextmanager
def started(command: str, *options: str) -> Iterator[tuple[str, Any]]:
    """A scheduler or a worker of the command line, until the end: the scheduler's address, and the process."""
    words = [sys.executable, "-m", f"distributed.cli.dask_{command}", *options, "--host", "127.0.0.1", "--no-dashboard"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = re.compile(r"(?:Scheduler at|Registered to): +(tcp://[\d.:]+)")
        try:
            yield next(found[1] for line in process.stderr if (found := told.search(line))), process
        finally:
            process.kill()


@pytest.mark.fault(38)
def test_the_scheduler_killed_and_the_run_resumed_on_another_cluster(
    two: Any, folder: str, undisturbed: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    expected, kept = undisturbed("lbfgs"), {"checkpoint": tmp_path / "state", "every": 0}
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        started("scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0") as (address, scheduler),
        started("worker", address, "--nthreads", "1", "--no-nanny"),
        monkeypatch.context() as patch,
    ):
        at_pass(patch, 9, scheduler.kill)
        with pytest.raises(ClusterError, match="scheduler.* died.*resume from the checkpoint"):
            gl.fit(folder, cluster=address, **KINDS["lbfgs"], **kept)
    resumed = gl.fit(folder, cluster=two, **KINDS["lbfgs"], **kept, resume=True)
    assert bits(resumed) == expected


@contextmanager
def small(memory: str, folder: Path, workers: int = 1, **settings: Any) -> Iterator[Any]:
    """A client of workers that are killed when they take more memory, and not tried again.

    Args: settings, of Dask, about the memory of workers.
    """
    import dask
    from distributed import Client, LocalCluster

    about_memory = {f"distributed.worker.memory.{name}": value for name, value in settings.items()}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0, **about_memory}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50,
            worker_dashboard_address=None, scheduler_kwargs={"dashboard": False, "http_prefix": ""},
            memory_limit=memory, local_directory=folder,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client


@pytest.mark.fault(38)
def test_a_part_too_large_for_a_worker_is_named(tmp_path: Path) -> None:
    from dask.array import full

    sentence = "was given up, because the workers that tried it died.*may lack memory"
    with small("600MB", tmp_path) as client, pytest.raises(ClusterError, match=sentence):
        gl.fit(full((10**7, 20), 1.0, chunks=(10**7, 20)), full(10**7, 1.0, chunks=10**7), cluster=client)


def burden(dask_worker: Any, megabytes: int) -> None:
    """Fill so much memory of a worker, in place of what filled it before."""
    dask_worker.burden = b"." * (megabytes * 10**6)


def burdened(client: Any, megabytes: int, status: str) -> None:
    """Burden all workers, and wait until the scheduler knows of it."""
    client.run(burden, megabytes=megabytes)
    while {worker["status"] for worker in workers_of(client).values()} != {status}:
        time.sleep(0.05)


@pytest.mark.fault(38)
def test_workers_that_all_lack_memory_are_waited_for_and_then_named(
    folder: str, undisturbed: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are alive, and take no work: from 60 % of their memory on they are paused."""
    expected = undisturbed("lbfgs")
    with small("1GB", tmp_path, workers=2, pause=0.6, target=False, spill=False) as client:
        with monkeypatch.context() as patch:
            relieved = Timer(3 * LOOK, burdened, (client, 0, "running"))
            at_pass(patch, 3, lambda: (burdened(client, 600, "paused"), relieved.start()))
            assert bits(gl.fit(folder, cluster=client, **KINDS["lbfgs"])) == expected
            relieved.join()
        at_pass(monkeypatch, 3, lambda: burdened(client, 600, "paused"))
        monkeypatch.setattr(Passes.__init__, "__defaults__", (2.0, ()))
        with pytest.raises(ClusterError, match=r"cannot go on: the workers .* lack memory .* for 2 s") as found:
            gl.fit(folder, cluster=client, **KINDS["lbfgs"])
        assert all(address in str(found.value) for address in workers_of(client))
