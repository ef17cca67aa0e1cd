"""What was measured, as CSV with the machine, the versions and the state of the source: benchmarks/results.csv."""

import csv
import platform
import subprocess
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.measure import ROOT, Result, processors
from benchmarks.problems import Problem

RESULTS = Path(__file__).parent / "results.csv"
COLUMNS = (
    "problem", "rival", "unit", "median", "fastest", "slowest", "timings", "objective", "gap", "error", "peak_mb",
    "remark", "version", "threads", "machine", "commit", "date",
)  # fmt: skip


def rows(problem: Problem, results: Iterable[Result], gaps: dict[str, float]) -> Iterator[dict[str, str]]:
    """One row for each rival that has figures or a reason why not."""
    threads = str(problem.threads or processors())
    for result in results:
        if not result.seconds and not result.remark:
            continue
        figures = [f"{pick(result.seconds):.4g}" for pick in (median, min, max)] if result.seconds else [""] * 3
        late = f"{gaps[result.rival]:.3g}" if result.rival in gaps else ""
        measured = [
            "" if result.objective is None else f"{result.objective:.10g}", late,
            "" if result.error is None else f"{result.error:.2g}", "" if result.peak is None else f"{result.peak:.0f}",
        ]  # fmt: skip
        about = [result.remark, result.about, threads, machine(), commit(), date.today().isoformat()]
        values = [problem.name, result.rival, problem.unit, *figures, str(len(result.seconds)), *measured, *about]
        yield dict(zip(COLUMNS, values, strict=True))


def read(path: Path = RESULTS) -> list[dict[str, str]]:
    """All rows that were kept."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def keep(new: Iterable[dict[str, str]], problems: set[str], path: Path = RESULTS) -> None:
    """Replace the rows of these problems, and leave the others."""
    kept = [row for row in read(path) if row["problem"] not in problems]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *new])


def machine() -> str:
    """Processor, cores, system and Python."""
    return f"{processor()}, {processors()} cores, {platform.system()}, Python {platform.python_version()}"


def processor() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def commit() -> str:
    """The commit of the source, with a + where files differ from it; "" outside of a checkout."""
    try:
        words = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=10", "--dirty=+"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
