"""The tables of README and docs, made from results.csv: `python -m benchmarks.table`. No figure in them is typed."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.problems import PROBLEMS
from benchmarks.results import read

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "README.zh.md")
SHOWN = {
    "textbook": "one step of the textbook, 1000 × 2, batch 10",
    "by-hand": "the same step by hand, with a tape",
    "million-20": "an epoch, 1e6 × 20, shuffled, batch 64",
    "million-100": "an epoch, 1e6 × 100, shuffled, batch 256",
    "closed-100": "least squares, 1e6 × 100",
    "logistic-50": "logistic regression to 1e-10, 1e6 × 50",
    "softmax-20": "softmax regression to 1e-8, 2e5 × 20",
    "path-100": "elastic net, 100 penalties, 1e5 × 100",
    "grid-401": "exhaustive search, 80601 candidates × 1000",
    "planck": "Planck's law, one spectrum",
    "planck-100000": "Planck's law, each of 1e5 spectra",
    "parquet-4m": "Parquet to coefficients, 4e6 × 20",
    "csv-4m": "CSV to coefficients, 4e6 × 20",
    "cold-table": "a shell command on a small CSV",
}  # the problem, and how the README calls it
NAMES = {
    "duckdb": "DuckDB", "jax": "JAX", "normal_equations": "normal equations", "numpy_scipy": "NumPy/SciPy",
    "pytorch": "PyTorch", "pytorch_compiled": "PyTorch, compiled", "scikit_learn": "scikit-learn",
    "scikit_learn_intel": "scikit-learn, Intel extension", "vowpal_wabbit": "Vowpal Wabbit",
}  # fmt: skip
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
NO_RIVALS = ("gradloop", "floor")
MOST_RIVALS = 3
Rows = Iterable[Mapping[str, str]]
ABOUT = """Made by `make bench` from `benchmarks/results.csv`; no figure is typed. Every rival runs in a process of its
own and has its turn in every round; while it waits it is stopped, and a short turn is repeated for a twentieth of a
second. Medians are shown. An answer counts if its objective is within the problem's gap of
the best.

![For each problem the times of the others as multiples of gradloop's.](ratios.svg)

![Seconds of a closed form against rows.](rows.svg)

![Seconds of a closed form against columns.](features.svg)"""


def readable(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> readable(9.2e-8), readable(0.0093), readable(3.27)
    ('92 ns', '9.3 ms', '3.3 s')
    """
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    value = seconds / size
    return f"{value:.2g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def times(ratio: float) -> str:
    """How many times ours a rival's time is.

    >>> times(1234.5), times(3.25), times(0.456)
    ('1234 ×', '3.2 ×', '0.46 ×')
    """
    return f"{ratio:.0f} ×" if ratio >= 10 else f"{ratio:.2g} ×"


def counts(row: Mapping[str, str]) -> bool:
    """Whether a rival has a time, and an answer that is good enough for it to count."""
    return bool(row["median"]) and not row["gap"]


def rivals_of(rows: Rows) -> list[Mapping[str, str]]:
    """The rivals whose times count, fastest first."""
    found = [row for row in rows if counts(row) and row["rival"] not in NO_RIVALS]
    return sorted(found, key=lambda row: float(row["median"]))


def table(rows: list[dict[str, str]]) -> str:
    """A row for each problem: our time, and those of the fastest rivals as multiples of it."""
    lines = ["| | gradloop | the fastest others, as multiples of it |", "|---|---|---|"]
    used = []
    for name, text in SHOWN.items():
        of_problem = [row for row in rows if row["problem"] == name]
        ours = next((row for row in of_problem if row["rival"] == "gradloop" and row["median"]), None)
        if ours is None:
            continue
        used.append(ours)
        mine = float(ours["median"])
        others = [
            f"{NAMES.get(row['rival'], row['rival'])} {times(float(row['median']) / mine)}"
            for row in rivals_of(of_problem)[:MOST_RIVALS]
        ]
        lines.append(f"| {text} | {readable(mine)} | {', '.join(others) or '–'} |")
    about = sorted({f"{row['machine']}; {row['date']}" for row in used})
    last = f"{'; '.join(about)}; medians. Everything measured: [docs/benchmarks](docs/benchmarks/README.md)."
    return "\n".join([*lines, "", last])


def whole(rows: list[dict[str, str]]) -> str:
    """Every figure: a table for each problem."""
    parts = ["# Benchmarks", "", ABOUT, ""]
    for problem in PROBLEMS.values():
        of_problem = [row for row in rows if row["problem"] == problem.name]
        if not of_problem:
            continue
        first = of_problem[0]
        parts += [f"## {problem.name}", "", f"{problem.text}; {first['threads']} processors; {first['date']}.", ""]
        parts += [f"| rival | per {problem.unit} | fastest | objective | error | peak MB | version |", "|---" * 7 + "|"]
        parts += [row_of(row) for row in of_problem]
        parts.append("")
    return "\n".join(parts)


def row_of(row: Mapping[str, str]) -> str:
    """One rival at one problem."""
    name = NAMES.get(row["rival"], row["rival"])
    if not row["median"]:
        return f"| {name} | – | – | – | – | – | {row['remark'].replace('|', '/')} |"
    late = f" (missed the goal by {row['gap']})" if row["gap"] else ""
    figures = [readable(float(row["median"])), readable(float(row["fastest"])), (row["objective"] or "–") + late]
    return "| " + " | ".join([name, *figures, row["error"] or "–", row["peak_mb"] or "–", row["version"]]) + " |"


def put(page: Path, name: str, made: str) -> None:
    """Replace what stands in a page between the marks of this name."""
    page.write_text(replaced(page.read_text("utf-8"), name, made), "utf-8")


def replaced(text: str, name: str, made: str) -> str:
    """A text with this between the marks of this name.

    >>> print(replaced("a <!-- x: generated -->old<!-- /x --> b", "x", "new"))
    a <!-- x: generated -->
    new
    <!-- /x --> b
    """
    begin, end = f"<!-- {name}: generated -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    assert found and ended, f"there is no place {begin} … {end}"
    return f"{before}{begin}\n{made}\n{end}{after}"


def main() -> None:
    rows = read()
    for name in PAGES:
        put(ROOT / name, "benchmarks", table(rows))
    (ROOT / "docs" / "benchmarks" / "README.md").write_text(whole(rows), "utf-8")


if __name__ == "__main__":
    main()
