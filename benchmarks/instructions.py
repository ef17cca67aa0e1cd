"""How many instructions two runs take, counted by valgrind: `python -m benchmarks.instructions [--record]`.

A count does not depend on what else the machine does, so a test may compare it with the recorded figure, as long as
LLVM, the processor it writes for, and the releases of Python and NumPy are the same. That processor is valgrind's own,
which knows no AVX-512: one record serves many machines.
"""

import csv
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import environment
from benchmarks.problems import PROBLEMS

RECORD = Path(__file__).parent / "instructions.csv"
ROWS_OF_A_CLOSED_FORM = 20_000
TURNS = 10


def key() -> str:
    """What the counts depend on, said in the process that is counted: there the processor is valgrind's.

    Of Python and NumPy, whose calls and products are counted too, patches change less than the test allows.
    """
    import llvmlite.binding as llvm
    import numpy

    parts = {"LLVM": ".".join(map(str, llvm.llvm_version_info)), "for": llvm.get_host_cpu_name()}
    parts |= {"Python": release(platform.python_version()), "NumPy": release(numpy.__version__)}
    return ", ".join(f"{name} {version}" for name, version in parts.items())


def release(version: str) -> str:
    """A version without its patch."""
    return ".".join(version.split(".")[:2])


def textbook() -> Callable[[], object]:
    """Three epochs of the textbook's loop, 300 steps, compiled before."""
    from benchmarks.rivals.gradloop.descent import descent

    return descent(replace(PROBLEMS["textbook"], repetitions=1))


def closed_form() -> Callable[[], object]:
    """Least squares on 20,000 × 20 numbers, with record and certificate."""
    from benchmarks.rivals.gradloop import closed_form

    return closed_form(replace(PROBLEMS["closed-20"], rows=ROWS_OF_A_CLOSED_FORM))


RUNS: dict[str, Callable[[], Callable[[], object]]] = {"textbook": textbook, "closed_form": closed_form}


def child(name: str) -> None:
    """In the process under valgrind: everything is warm before the counting begins."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    run = RUNS[name]()
    run()

    def counting(switch: str) -> None:
        subprocess.run(["callgrind_control", "-i", switch, str(os.getpid())], check=True, stdout=subprocess.DEVNULL)

    counting("on")
    for _ in range(TURNS):
        run()
    counting("off")
    print(key())


def counted(name: str) -> tuple[int, str]:
    """Instructions of one turn, and what they depend on.

    Raises: RuntimeError with what valgrind says if it did not count.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out"]
        words += [sys.executable, "-m", "benchmarks.instructions", "--child", name]
        root = Path(__file__).parent.parent
        done = subprocess.run(words, capture_output=True, text=True, cwd=root, env=environment(1, root / "src"))
        found = [line for line in done.stderr.splitlines() if "Collected :" in line]
        if done.returncode or not found:
            raise RuntimeError(f"valgrind counted nothing: {done.stderr[-500:]}")
        return int(found[0].rpartition(":")[2]) // TURNS, done.stdout.splitlines()[-1]


def recorded(key: str) -> dict[str, int]:
    """The figures that were recorded for this key; none if there are none."""
    if not RECORD.exists():
        return {}
    with RECORD.open(encoding="utf-8", newline="") as file:
        return {row["run"]: int(row["instructions"]) for row in csv.DictReader(file) if row["key"] == key}


def record(found: dict[str, int], key: str) -> None:
    """Replace the figures for this key, and leave the others."""
    rows = []
    if RECORD.exists():
        with RECORD.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["key"] != key]
    rows += [{"run": name, "instructions": str(count), "key": key} for name, count in found.items()]
    with RECORD.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("run", "instructions", "key"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        return child(sys.argv[2])
    if shutil.which("valgrind") is None:
        sys.exit("Instructions are counted by valgrind, which is not installed.")
    found = {name: counted(name) for name in RUNS}
    for name, (count, known) in found.items():
        print(f"{name:<14}{count:>12,} instructions, {known}")
    if "--record" in sys.argv:
        record({name: count for name, (count, _) in found.items()}, known)


if __name__ == "__main__":
    main()
