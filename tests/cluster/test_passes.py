"""Passes with real processes: workers are killed, rows are counted, and what died is named."""

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from operator import add

import numpy as np
import pytest

from clusters import cluster_of, dying, made, made_part, passes_on, same, sums, weighing
from gradloop.cluster.connection import connected
from gradloop.cluster.passes import MOST_TAKEN, ClusterError, Passes, gathered


def test_the_tree_does_not_depend_on_the_workers() -> None:
    one, two = (passes_on(cluster_of(many)).total("sum", sums, join=add) for many in (1, 2))
    assert one.tobytes() == two.tobytes()
    np.testing.assert_allclose(one, sum(made(part)[0].sum(axis=0) for part in range(20)), rtol=1e-12)


def test_rows_that_were_lost_are_noticed() -> None:
    passes = passes_on(cluster_of(1))
    passes.rows += 1
    with pytest.raises(ClusterError, match="the workers do not see the same data"):
        passes.total("sum", sums, join=add)


def test_a_part_that_stands_for_another_is_noticed() -> None:
    """All parts have the same number of rows, so that their sum is right."""
    client = cluster_of(1)
    passes = Passes(client, client.map(same, range(20)), patience=30.0)
    assert passes.total("sum", sums, join=add).shape == (2,)
    begun = passes.begun
    passes.begun = lambda *given: (tasks := begun(*given))[:-1] + tasks[:1]  # type: ignore[method-assign]
    for work in (lambda: passes.total("sum", sums, join=add), lambda: passes.each("sum", sums)):
        with pytest.raises(ClusterError, match="counted some rows twice"):
            work()


def test_rows_that_change_between_two_looks_are_noticed() -> None:
    client = cluster_of(1)
    with pytest.raises(ClusterError, match="Part 3 had 99 rows at the first look and has 102 now"):
        Passes(client, client.map(made_part, range(4)), expected=[100, 101, 99, 103])
    with pytest.raises(ClusterError, match="2 rows have a weight of 3.0"):
        Passes(client, [client.submit(weighing, pure=False)])


def test_other_values_in_as_many_rows_are_noticed() -> None:
    """As if a worker had died, and the source of its part had changed before another read it again."""
    client = cluster_of(1)
    passes = Passes(client, client.map(same, range(20)), patience=30.0)
    passes.parts[7] = client.submit(same, 20)
    asked = [
        lambda: passes.total("sum", sums, join=add),
        lambda: passes.each("sum", sums),
        lambda: passes.take(0, np.array([0, 7 * 50 + 3])),
    ]
    for ask in asked:
        with pytest.raises(ClusterError, match=r"was read again and is not what it was .* keep the source unchanged"):
            ask()
    assert passes.take(0, np.array([3, 70])).shape == (2, 2)  # of other parts
    passes.parts[7], passes.parts[8] = passes.parts[8], client.submit(same, 7)
    with pytest.raises(ClusterError, match="was read again"):
        passes.total("sum", sums, join=add)
    passes.parts[1] = client.submit(made_part, 1)
    with pytest.raises(ClusterError, match="was read again"):
        passes.take(1, np.array([60]))


def test_rows_by_number() -> None:
    passes, rows = passes_on(cluster_of(2)), np.array([0, 99, 100, 300, 2000])
    whole = np.concatenate([made(part)[1] for part in range(20)])
    for _ in range(2):
        np.testing.assert_array_equal(passes.take(1, rows), whole[rows])
    np.testing.assert_array_equal(passes.take(0, rows), np.concatenate([made(part)[0] for part in range(20)])[rows])
    assert [one[:4] for one in passes.record if one.what == "rows"] == [("rows", 5, 40, 120)]  # asked for once
    for first in range(MOST_TAKEN + 1):
        passes.take(0, np.array([first]))
    assert len(passes.taken) == MOST_TAKEN and rows.tobytes() not in passes.taken


def test_a_killed_worker_changes_no_bit_and_a_deadly_task_is_named() -> None:
    with connected("local:2") as client:
        passes = passes_on(client)
        before = passes.total("sum", sums, join=add)
        pids = client.run(os.getpid)
        os.kill(next(iter(pids.values())), signal.SIGKILL)
        assert passes.total("sum", sums, join=add).tobytes() == before.tobytes()
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        assert passes.total("sum", sums, join=add).tobytes() == before.tobytes()
        with pytest.raises(ClusterError, match="gradloop-dying-.* was given up"):
            passes.total("dying", dying, join=add)


def test_without_workers_the_run_ends_with_a_sentence() -> None:
    with connected("local:1") as client:
        passes = passes_on(client)
        passes.patience = 1.0
        client.cluster.scale(0)
        with pytest.raises(ClusterError, match="all workers died, and none came for 1 s"):
            passes.total("sum", sums, join=add)


def test_a_killed_scheduler_is_named() -> None:
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-dashboard", "--dashboard-address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as scheduler:
        assert scheduler.stderr is not None
        address = next(found[0] for line in scheduler.stderr if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)))
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
            distributed.Client(address, set_as_default=False) as client,
        ):
            futures = [client.submit(made, 1)]
            scheduler.kill()
            scheduler.wait()
            with pytest.raises(ClusterError, match="the scheduler died|The scheduler of the cluster died"):
                gathered(client, futures, patience=1.0)


def test_passes_of_several_threads_do_not_mix() -> None:
    """An exhaustive search asks from several threads; a task sent with another's would be dropped."""
    passes = passes_on(cluster_of(2))
    before = passes.total("sum", sums, join=add)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: passes.total("sum", sums, join=add).tobytes(), range(24)))
    assert set(found) == {before.tobytes()}
