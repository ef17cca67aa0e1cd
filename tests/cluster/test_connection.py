"""The way to a cluster: who may reach it, who is on it, and what is no cluster."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import gradloop as gl
from clusters import cluster_of, write_files
from gradloop.cluster.connection import check_age, check_alone, check_versions, connected, versions, workers_of
from gradloop.errors import OptionError

psutil = pytest.importorskip("psutil")  # comes with distributed


@pytest.mark.parametrize("asked", ["local:0", "local:x", "locale", "local:-1", "local:2:dash"])
def test_numbers_of_workers_that_are_none(asked: str) -> None:
    with pytest.raises(OptionError, match="cluster"):
        workers_of(asked)


@pytest.mark.fault(45)
def test_local_cluster_listens_to_this_machine_only() -> None:
    cluster_of(2)
    family = [psutil.Process(os.getpid()), *psutil.Process(os.getpid()).children(recursive=True)]
    sockets = [one for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert len(sockets) >= 3  # the scheduler and two workers
    assert {one.laddr.ip for one in sockets} <= {"127.0.0.1", "::1"}


def test_a_dead_worker_comes_back_however_long_it_takes() -> None:
    """Dask gives up one that has not come back by a time, which is set here to none at all."""
    dask = pytest.importorskip("dask")
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "0s"}), connected("local:1") as client:
        before = set(client.run(os.getpid).values())
        os.kill(*before, signal.SIGKILL)
        end = time.monotonic() + 60
        while not (after := set(client.run(os.getpid, on_error="ignore").values())) - before:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert len(after) == 1


@pytest.mark.fault(45)
def test_the_dashboard_is_off() -> None:
    scheduler = cluster_of(1).cluster.scheduler
    assert not any("status" in str(rule) for rule in getattr(scheduler.http_server, "_routes", []))
    assert "bokeh" not in scheduler.services


@pytest.mark.fault(39)
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


def test_the_shell_fits_predicts_and_judges_on_a_cluster(tmp_path: Path) -> None:
    import json

    from typer.testing import CliRunner

    from gradloop.cli.app import app

    (tmp_path / "rows").mkdir()
    folder, model, out = write_files(tmp_path / "rows", files=2), str(tmp_path / "model"), tmp_path / "out"

    def run(*given: str) -> Any:
        return CliRunner().invoke(app, [*given, "--cluster", "local:1"])

    asked = ["--target", "y", "--leave-out", "holed", "--leave-out", "yes", "--quiet"]
    solver = ["--solver", "minibatch", "--learning-rate", "0.05", "--epochs", "3"]
    found = run("fit", folder, *asked, *solver, "-o", model)
    assert found.exit_code == 0, found.output
    found = run("predict", model, folder, "-o", str(out), "--form", "csv", "--keep", "a")
    assert found.exit_code == 0, found.output
    assert [path.name for path in sorted(out.iterdir())] == ["part-00000.csv", "part-00001.csv"]
    assert "does not use" in found.stderr
    found = run("evaluate", model, folder, "--json")
    assert json.loads(found.stdout)["RMSE"] == pytest.approx(gl.load(model).evaluate(folder)["RMSE"], rel=1e-12)
    assert json.loads(found.stdout)["rows"] == 3000


def test_the_shell_refuses_what_means_nothing(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from gradloop.cli.app import app

    model = tmp_path / "model"
    gl.fit({"x": [1.0, 2.0], "y": [1.0, 2.0]}, target="y").save(model)
    for given, said in (
        (["predict", str(model), "rows", "--form", "csv"], "--form is for --cluster"),
        (["evaluate", str(model), "rows", "--cloudpickle"], "--cloudpickle is for --cluster"),
        (["predict", str(model), "rows", "--cluster", "local:1"], "need a folder"),
        (["evaluate", str(model), "-", "--cluster", "local:1"], "With --cluster give DATA"),
    ):
        found = CliRunner().invoke(app, given)
        assert found.exit_code == 2 and said in found.stderr


def test_a_dashboard_is_there_for_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.request import urlopen

    assert workers_of("local:3:dashboard") == 3
    with monkeypatch.context() as patched:
        patched.setattr("gradloop.cluster.connection.find_spec", lambda name: None)
        with pytest.raises(OptionError, match="pip install bokeh"), connected("local:1:dashboard"):
            pass
    pytest.importorskip("bokeh")
    monkeypatch.setattr("gradloop.cluster.connection.PAGES", "127.0.0.1:0")
    with connected("local:1:dashboard") as client:
        assert client.dashboard_link.startswith("http://127.0.0.1:")
        with urlopen(client.dashboard_link) as page:
            assert page.status == 200


def certificate(folder: Path) -> tuple[str, str]:
    """Files of a certificate for this machine, and of its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    paths = str(folder / "cert.pem"), str(folder / "key.pem")
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    name = "subjectAltName=IP:127.0.0.1"
    subprocess.run(
        ["openssl", *asked.split(), "-addext", name, "-out", paths[0], "-keyout", paths[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return paths


@pytest.mark.fault(45)
def test_a_cluster_behind_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    monkeypatch.setattr("gradloop.cluster.connection.CONNECT", 2)
    cert, key = certificate(tmp_path)
    files: dict[str, Any] = {"tls_ca_file": cert} | {
        f"tls_{who}_{what}": path
        for who in ("client", "scheduler", "worker") for what, path in (("cert", cert), ("key", key))
    }  # fmt: skip
    security = distributed.Security(require_encryption=True, **files)
    (tmp_path / "rows").mkdir()
    folder, asked = write_files(tmp_path / "rows", files=2), {"target": "y", "leave_out": ["holed", "yes"]}
    wanted = gl.fit(folder, cluster=cluster_of(1), **asked).params["w"].tobytes()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, host="127.0.0.1", protocol="tls://", security=security,
        dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        assert cluster.scheduler_address.startswith("tls://127.0.0.1:")
        with distributed.Client(cluster.scheduler_address, security=security, set_as_default=False) as client:
            assert gl.fit(folder, cluster=client, **asked).params["w"].tobytes() == wanted
        tls = {"ca-file": cert, "client.cert": cert, "client.key": key}
        with dask.config.set({f"distributed.comm.tls.{name}": path for name, path in tls.items()}):
            assert gl.fit(folder, cluster=cluster.scheduler_address, **asked).params["w"].tobytes() == wanted
        for address in (cluster.scheduler_address, cluster.scheduler_address.replace("tls://", "tcp://")):
            with pytest.raises(
                OptionError, match=r"No cluster answers at .* check the address, and for tls:// the certificates"
            ):
                gl.fit(folder, cluster=address, **asked)


@pytest.mark.fault(45)
def test_what_is_read_and_what_is_run_are_new_enough() -> None:
    import pyarrow

    assert tuple(map(int, pyarrow.__version__.split(".")[:3])) >= (14, 0, 1)
    check_age(pytest.importorskip("distributed").__version__)
