"""The way to a cluster: an address, a client, or workers of this machine that only this machine can reach."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from gradloop.cluster.passes import check_option
from gradloop.compiler.program import processors
from gradloop.errors import OptionError
from gradloop.extras import require
from gradloop.text import printable
from gradloop.version import __version__

OLDEST = (2021, 10, 0)  # of distributed: the local cluster of those before listens to the network
SILENCE = "30s"  # after which a worker of the local cluster counts as dead
LOST = "365 days"  # after which it is not replaced any more; a busy machine takes longer than the 15 s that Dask waits
# One thread for a task, and memory that was used once is used again: by Dask's settings the system takes blocks back
# after each operation, and hands out fresh ones page by page, which took half of a pass.
ENVIRONMENT = {
    "OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1,
    "MALLOC_TRIM_THRESHOLD_": 2**27, "MALLOC_MMAP_THRESHOLD_": 2**25,
}  # fmt: skip
CONNECT = 30  # seconds for a scheduler to answer
DASHBOARD = ":dashboard"  # what asks for one ...
PAGES = "127.0.0.1:8787"  # ... and where it is


@contextmanager
def connected(cluster: Any) -> Iterator[Any]:
    """A client of the cluster, whose workers are found to run what we run.

    Args: cluster, the address of a scheduler, a client of distributed, or "local", "local:4" for workers here, with a
    dashboard if it ends in ":dashboard".

    Raises: OptionError for no cluster, one that cannot be reached, and workers of another version.
    """
    check_option(cluster)
    distributed = require("distributed", "Clusters")
    check_age(distributed.__version__)
    if not isinstance(cluster, str):
        check_versions(cluster)
        yield cluster
    elif cluster.partition(":")[0] == "local":
        with local_cluster(cluster) as client:
            yield client
    else:
        with reached(distributed, cluster) as client:
            check_versions(client)
            yield client


def check_age(version: str) -> None:
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST:
        raise OptionError(
            f"distributed {version} lets the network run code on a local cluster; install {'.'.join(map(str, OLDEST))} "
            "or newer."
        )


def reached(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:  # TypeError: there is no certificate
        said = printable(str(error).splitlines()[0] if str(error) else type(error).__name__).rstrip(".")
        raise OptionError(
            f"No cluster answers at {printable(address)} ({said}); check the address, and for tls:// the certificates."
        ) from None


@contextmanager
def local_cluster(asked: str) -> Iterator[Any]:
    """A client of workers of this machine, one process each, which listen on 127.0.0.1 alone.

    Raises: OptionError for a number of workers that is none, and a dashboard that cannot be shown.
    """
    import dask
    from distributed import Client, LocalCluster

    workers, dashboard = workers_of(asked), asked.endswith(DASHBOARD)
    if dashboard and find_spec("bokeh") is None:
        raise OptionError("The dashboard of Dask needs bokeh, which is not installed: pip install bokeh.")
    settings: dict[str, Any] = {
        "distributed.scheduler.worker-ttl": SILENCE,
        "distributed.deploy.lost-worker-timeout": LOST,
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
            dashboard_address=PAGES if dashboard else "127.0.0.1:0", worker_dashboard_address=None, silence_logs=50,
            scheduler_kwargs={"dashboard": dashboard, "http_prefix": "/" if dashboard else ""},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client


def workers_of(asked: str) -> int:
    """How many workers "local", "local:4" or "local:4:dashboard" asks for.

    >>> workers_of("local:4"), workers_of("local:2:dashboard")
    (4, 2)
    """
    asked = asked.removesuffix(DASHBOARD)
    many = asked.partition(":")[2]
    if not asked.startswith("local:") and asked != "local":
        raise OptionError(f"There is no cluster {asked!r}; give an address such as tcp://host:8786, or local:2.")
    if asked == "local":
        return processors()
    if not many.isdecimal() or not int(many):
        raise OptionError(f"cluster is {asked!r}, but the number of workers must be a whole number from 1.")
    return int(many)


def check_alone(cluster: Any, others: Mapping[str, Any]) -> None:
    """Raise OptionError for options that have no meaning beside a cluster."""
    check_option(cluster)
    for name, given in others.items():
        if given is not None:
            raise OptionError(f"{name} is for rows that this machine reads, and a cluster reads these; leave it out.")


def versions() -> dict[str, str]:
    """What must be the same in all processes of a fit."""
    return {"gradloop": __version__, "Python": ".".join(platform.python_version_tuple()[:2]), "NumPy": np.__version__}


def check_versions(client: Any) -> None:
    """Raise OptionError where a worker runs other versions than this process, or there is no worker."""
    ours, theirs = versions(), client.run(versions, on_error="return")
    if not theirs:
        raise OptionError("The cluster has no workers; start one with: dask worker ADDRESS.")
    for address, found in theirs.items():
        if isinstance(found, BaseException):
            raise OptionError(f"The worker {address} cannot load gradloop ({printable(str(found))}); install it there.")
        for name, version in ours.items():
            if found[name] != version:
                raise OptionError(
                    f"The worker {address} has {name} {found[name]} and the client {version}; install the same on both."
                )
