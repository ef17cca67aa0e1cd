"""Passes with real processes: workers are killed, rows are counted, and what died is named."""

import os
import signal
from operator import add

import numpy as np
import pytest

from clusters import cluster_of, dying, made, passes_on, sums
from gradloop.cluster.connection import connected
from gradloop.cluster.passes import ClusterError


def test_the_tree_does_not_depend_on_the_workers() -> None:
    one, two = (passes_on(cluster_of(many)).total("sum", sums, join=add) for many in (1, 2))
    assert one.tobytes() == two.tobytes()
    np.testing.assert_allclose(one, sum(made(part)[0].sum(axis=0) for part in range(20)), rtol=1e-12)


def test_rows_that_were_lost_are_noticed() -> None:
    passes = passes_on(cluster_of(1))
    passes.rows += 1
    with pytest.raises(ClusterError, match="the workers do not see the same data"):
        passes.total("sum", sums, join=add)


def test_rows_by_number() -> None:
    passes, rows = passes_on(cluster_of(2)), np.array([0, 99, 100, 300, 2000])
    whole = np.concatenate([made(part)[1] for part in range(20)])
    np.testing.assert_array_equal(passes.take(1, rows), whole[rows])


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
