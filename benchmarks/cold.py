"""Cold processes of any rival, timed from outside."""

import subprocess
import sys
from collections.abc import Mapping

from benchmarks.problems.processes import TABLE, TARGET, Process
from benchmarks.rivals import NotComparableError, Turn, once


def code(*lines: str) -> list[str]:
    """The words that run these lines of Python."""
    return [sys.executable, "-c", "\n".join(lines)]


def words(problem: Process, commands: Mapping[str, list[str]]) -> Turn:
    """A turn runs the command for what is asked; {table} and {target} stand for the file and its column."""
    if problem.what not in commands:
        raise NotComparableError("it has no counterpart")
    command = [word.replace("{table}", str(TABLE)).replace("{target}", TARGET) for word in commands[problem.what]]

    return once(lambda: run(command))


def run(command: list[str]) -> None:
    """Run a command to its end, which must be a good one."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
