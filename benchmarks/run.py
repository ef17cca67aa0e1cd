"""Time gradloop and its rivals side by side: `python -m benchmarks.run [--quick] [problem...]`.

Every rival is warmed up, then they take turns for several rounds, so that a slow minute of the machine
meets them all; the median is shown. A cold process is timed from outside. Results of full runs are kept in
benchmarks/results.csv.
"""

import argparse
import csv
import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter
from types import ModuleType
from typing import NamedTuple

from benchmarks.problems import PROBLEMS, Problem, quick
from benchmarks.rivals import NotComparableError

RIVALS = ["gradloop", "numpy_sum", "pytorch_eager", "jax_scan", "scikit_learn_sgd"]
ROUNDS = 5
RESULTS = Path(__file__).parent / "results.csv"


class Result(NamedTuple):
    """What one rival did on one problem: seconds for one unit of it, or a remark why there are none."""

    rival: str
    seconds: list[float]
    objective: float | None
    remark: str = ""


def load(name: str) -> ModuleType | str:
    """A rival, or why it is not there."""
    try:
        return importlib.import_module(f"benchmarks.rivals.{name}")
    except ModuleNotFoundError as error:
        return f"not installed ({error.name})"


def measure(problem: Problem, rivals: dict[str, ModuleType | str], rounds: int) -> list[Result]:
    """Rounds in which every rival has its turn; one whose first turn fails has no other."""
    missing = {name: "" if isinstance(rival, ModuleType) else rival for name, rival in rivals.items()}
    results = {name: Result(name, [], None, remark) for name, remark in missing.items()}
    for turn in range(rounds):
        for name, rival in rivals.items():
            if isinstance(rival, ModuleType) and not results[name].remark:
                say(f"{problem.name}: round {turn + 1} of {rounds}, {name}")
                results[name] = extended(results[name], problem, rival)
    say("")
    return list(results.values())


def say(text: str) -> None:
    """What is being done, in a line of the terminal that the next one overwrites."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def extended(result: Result, problem: Problem, rival: ModuleType) -> Result:
    try:
        seconds, objective = cold(problem, result.rival) if problem.measure == "process" else rival.run(problem)
    except (NotComparableError, NotImplementedError) as error:
        return result._replace(remark=str(error))
    per_unit = [value / problem.units_timed for value in seconds]
    return result._replace(seconds=result.seconds + per_unit, objective=objective)


def cold(problem: Problem, name: str) -> tuple[list[float], float | None]:
    """A process of its own, from the interpreter's start to its end, that runs the problem once."""
    code = (
        "import sys; from benchmarks.run import load; from benchmarks.problems import PROBLEMS\n"
        "try: print(load(sys.argv[1]).run(PROBLEMS[sys.argv[2]])[1])\n"
        "except NotImplementedError as error: sys.exit(f'not implemented: {error}')"
    )
    begin = perf_counter()
    done = subprocess.run([sys.executable, "-c", code, name, problem.name], capture_output=True, text=True)
    seconds = perf_counter() - begin
    if done.stderr.startswith("not implemented: "):
        raise NotImplementedError(done.stderr.strip().removeprefix("not implemented: "))
    if done.returncode:
        raise RuntimeError(f"{name} failed in a process of its own:\n{done.stderr}")
    answer = done.stdout.strip()
    return [seconds], None if answer == "None" else float(answer)


def table(problem: Problem, results: list[Result]) -> Iterator[str]:
    yield f"{problem.name}: {problem.text}"
    ours = next((median(result.seconds) for result in results if result.rival == "gradloop" and result.seconds), None)
    yield f"  {'rival':<18}{'per ' + problem.measure:>14}{'fastest':>12}{'÷ gradloop':>12}{'objective':>14}"
    for rival, seconds, objective, remark in results:
        if not seconds:
            yield f"  {rival:<18}{'–':>14}  {remark}"
            continue
        ratio = f"{median(seconds) / ours:.1f}" if ours else "–"
        reached = "–" if objective is None else f"{objective:.6g}"
        yield f"  {rival:<18}{time(median(seconds)):>14}{time(min(seconds)):>12}{ratio:>12}{reached:>14}"


def time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def processor() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    python = f"Python {platform.python_version()}"
    return f"{processor()}, {cores} cores, {platform.system()}, {python}, OMP_NUM_THREADS {threads}"


COLUMNS = [
    "problem",
    "rival",
    "unit",
    "median",
    "fastest",
    "slowest",
    "timings",
    "objective",
    "version",
    "machine",
    "date",
]


def rows(problem: Problem, results: Iterable[Result], rivals: dict[str, ModuleType | str]) -> Iterator[list[object]]:
    for rival, seconds, objective, _ in results:
        module = rivals[rival]
        if seconds and isinstance(module, ModuleType):
            figures = [f"{pick(seconds):.4g}" for pick in (median, min, max)]
            reached = "" if objective is None else f"{objective:.6g}"
            about = [module.describe(), machine(), date.today().isoformat()]
            yield [problem.name, rival, problem.measure, *figures, len(seconds), reached, *about]


def keep(new: list[list[object]], problems: set[str]) -> None:
    """Replace the rows of these problems in results.csv and leave the others."""
    old: list[list[str]] = []
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8", newline="") as file:
            old = [row for row in list(csv.reader(file))[1:] if row[0] not in problems]
    with RESULTS.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *old, *new])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "problems", nargs="*", metavar="problem", help=f"of {', '.join(PROBLEMS)}; all when none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and one round; nothing is written")
    parser.add_argument("--rounds", type=int, help=f"turns for every rival ({ROUNDS})")
    options = parser.parse_args()
    if unknown := set(options.problems) - PROBLEMS.keys():
        parser.error(f"there is no problem {', '.join(sorted(unknown))}; there are {', '.join(PROBLEMS)}")
    rivals = {name: load(name) for name in RIVALS}
    print(
        machine(),
        *(rival.describe() for rival in rivals.values() if isinstance(rival, ModuleType)),
        "",
        sep="\n",
    )
    kept: list[list[object]] = []
    for name in options.problems or PROBLEMS:
        problem = quick(PROBLEMS[name]) if options.quick else PROBLEMS[name]
        results = measure(problem, rivals, options.rounds or (1 if options.quick else ROUNDS))
        print(*table(problem, results), "", sep="\n", flush=True)
        kept += rows(problem, results, rivals)
    if not options.quick:
        keep(kept, set(options.problems or PROBLEMS))


if __name__ == "__main__":
    main()
