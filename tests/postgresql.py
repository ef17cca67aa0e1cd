"""A real PostgreSQL server, which tests start on 127.0.0.1 in a folder of its own, and stop."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

driver = pytest.importorskip("adbc_driver_postgresql.dbapi")


def programs():
    """The folder of initdb and postgres, the newest; None where there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    there = found[-1] if found else shutil.which("initdb")
    return Path(there).resolve().parent if there else None


needed = pytest.mark.skipif(programs() is None, reason="needs a PostgreSQL server: Debian's package postgresql")


class Server:
    """A server with a folder and a port of its own."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.who = {}
        if os.geteuid() == 0:  # as whom the server refuses to run
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self.who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        (Path(folder) / "password").write_text("s3cret word")
        os.chmod(Path(folder) / "password", 0o644)
        self._call("initdb", "-A", "scram-sha-256", "-U", "me", f"--pwfile={folder}/password", "-N", "-E", "UTF8")
        self.process = self._start()

    def _command(self, name, *words):
        return [str(programs() / name), "-D", f"{self.folder}/data", *words]

    def _call(self, name, *words):
        subprocess.run(self._command(name, *words), check=True, capture_output=True, cwd="/", **self.who)

    def _start(self):
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB")
        words = [word for setting in settings for word in ("-c", setting)]
        return subprocess.Popen(
            self._command("postgres", "-p", str(self.port), *words),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **self.who,
        )

    def wait(self):
        for _ in range(200):
            try:
                return driver.connect(self.address())
            except driver.OperationalError:
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def address(self, password="s3cret%20word", name="postgres"):
        return f"postgresql://me:{password}@127.0.0.1:{self.port}/{name}"

    def stop(self, how=signal.SIGQUIT):
        self.process.send_signal(how)
        self.process.wait(20)


@contextmanager
def running():
    """A server, and a connection to it, by which it is filled."""
    folder = tempfile.mkdtemp(prefix="gradloop-postgresql-")  # outside pytest's folders, which only we may enter
    server = Server(folder)
    try:
        with server.wait() as connection:
            yield server, connection
    finally:
        if server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder)
