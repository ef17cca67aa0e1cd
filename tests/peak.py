"""The most memory that a program took, by a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A child's ru_maxrss is at least that of the process it was forked from; VmHWM begins anew with the program.
TOLD = r"""
import atexit, re
def peak():
    return int(re.search(r"VmHWM:\s*(\d+) kB", open("/proc/self/status").read())[1]) / 1024
"""
AT_THE_END = "atexit.register(lambda: open('peak', 'w').write(str(peak())))\n"


def peak_of(program, *words, **options):
    """Megabytes that a Python program took, run in this folder, in whose text `peak()` tells them."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell the memory of a process")
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path])}
    command = [sys.executable, "-c", TOLD + AT_THE_END + program, *words]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=paths, **options)
    assert done.returncode == 0, done.stderr
    return float(Path("peak").read_text())
