"""The table of both READMEs, made from results.csv: `python -m benchmarks.table`. No figure in it is typed."""

import csv
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- benchmarks: generated -->", "<!-- /benchmarks -->"
RIVALS = {"gradloop": "gradloop", "jax_scan": "JAX", "scikit_learn_sgd": "scikit-learn", "pytorch_eager": "PyTorch"}
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def readable(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> readable(9.2e-8), readable(0.0093), readable(3.27)
    ('92 ns', '9.3 ms', '3.3 s')
    """
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    value = seconds / size
    return f"{value:.2g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def beside(seconds: float, ours: float) -> str:
    """A rival's time, and how many times ours it is."""
    ratio = seconds / ours
    return f"{readable(seconds)} ({ratio:.0f} ×)" if ratio >= 10 else f"{readable(seconds)} ({ratio:.1f} ×)"


def table(rows: list[dict[str, str]]) -> str:
    """A row for each problem, the median of each rival, and the rivals' ratios to gradloop."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["median"] and row["rival"] in RIVALS:
            found.setdefault(f"{row['problem']}, per {row['unit']}", {})[row["rival"]] = float(row["median"])
    lines = ["| problem | " + " | ".join(RIVALS.values()) + " |", "|---" * (len(RIVALS) + 1) + "|"]
    for problem, times in found.items():
        ours = times["gradloop"]
        cells = [readable(ours)]
        for rival in list(RIVALS)[1:]:
            cells.append(beside(times[rival], ours) if rival in times else "–")
        lines.append(f"| {problem} | " + " | ".join(cells) + " |")
    first = rows[0]
    return "\n".join(
        [*lines, "", f"{first['machine']}; {first['date']}; medians; objectives in `benchmarks/results.csv`."]
    )


def main() -> None:
    with open(ROOT / "benchmarks" / "results.csv", newline="", encoding="utf-8") as file:
        made = table(list(csv.DictReader(file)))
    for readme in (ROOT / "README.md", ROOT / "README.zh.md"):
        before, _, rest = readme.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        readme.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
