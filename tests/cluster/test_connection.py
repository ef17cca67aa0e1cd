"""The way to a cluster: who may reach it, who is on it, and what is no cluster."""

import os
from pathlib import Path
from typing import Any

import pytest

from clusters import cluster_of
from gradloop.cluster.connection import check_age, check_alone, check_versions, connected, versions, workers_of
from gradloop.errors import OptionError

psutil = pytest.importorskip("psutil")  # comes with distributed


@pytest.mark.parametrize("asked", ["local:0", "local:x", "locale", "local:-1"])
def test_numbers_of_workers_that_are_none(asked: str) -> None:
    with pytest.raises(OptionError, match="cluster"):
        workers_of(asked)


def test_local_cluster_listens_to_this_machine_only() -> None:
    cluster_of(2)
    family = [psutil.Process(os.getpid()), *psutil.Process(os.getpid()).children(recursive=True)]
    sockets = [one for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert len(sockets) >= 3  # the scheduler and two workers
    assert {one.laddr.ip for one in sockets} <= {"127.0.0.1", "::1"}


def test_the_dashboard_is_off() -> None:
    scheduler = cluster_of(1).cluster.scheduler
    assert not any("status" in str(rule) for rule in getattr(scheduler.http_server, "_routes", []))
    assert "bokeh" not in scheduler.services


def test_workers_of_another_version_are_named() -> None:
    class Client:
        def run(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {"tcp://far:1": versions() | {"gradloop": "0.0.1"}}

    with pytest.raises(OptionError, match=r"worker tcp://far:1 has gradloop 0\.0\.1"):
        check_versions(Client())


def test_what_is_no_cluster() -> None:
    with pytest.raises(OptionError, match="give an address"), connected(3):
        pass
    with pytest.raises(OptionError, match="memory is for rows that this machine reads"):
        check_alone("local", {"memory": "2GB"})
    with pytest.raises(OptionError, match="lets the network run code"):
        check_age("2021.9.1")


def test_the_shell_fits_on_a_cluster(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from clusters import write_files
    from gradloop.cli.app import app

    folder = write_files(tmp_path)
    given = ["fit", "--target", "y", "--leave-out", "holed", "--leave-out", "yes", "--quiet", "--cluster"]
    found = CliRunner().invoke(app, [*given, "local:1", folder, "-o", str(tmp_path / "model")])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "model").exists()
