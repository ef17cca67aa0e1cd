"""Which of the polluted CSV files are read as something else without a word: `python tests/polluted.py`.

Each file of the corpus is a clean table made dirty in one way (Vitagliano and others, Pollock: a data loading
benchmark, VLDB 2023), and lies beside what should be read from it. A reader may give the clean table, or refuse the
file or a column with a sentence; what it may not do is to give another table and say nothing.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from gradloop.data import Table, read_csv
from gradloop.errors import GradloopError

CORPUS = Path(__file__).parent.parent.parent / "shared" / "data" / "bad" / "csv_pollock"


def outcome(dirty: Path, clean: Path) -> str:
    """What happens to a file: "the clean table", "refused", or "silently different"."""
    try:
        found = read_csv(dirty)
    except GradloopError:
        return "refused"
    with open(clean, newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    names = [name.strip() for name in names]
    if list(found.names) != names or found.rows != len(rows):
        return "silently different"
    usable = [place for place, name in enumerate(names) if name not in found.problems]
    same = all(
        said(found, names[place], row) == spelled(cells[place]) for row, cells in enumerate(rows) for place in usable
    )
    return "the clean table" if same else "silently different"


def said(table: Table, name: str, row: int) -> str:
    """A cell as a table holds it; nothing where it has no value."""
    missing = table.missing.get(name)
    return "" if missing is not None and missing[row] else spelled(str(table.columns[name][row]))


def spelled(text: str) -> str:
    """Numbers by their value, so that 1.0 is 1."""
    try:
        return repr(float(text))
    except ValueError:
        return text.strip()


def outcomes() -> dict[str, str]:
    """What happens to each file of the corpus."""
    return {dirty.name: outcome(dirty, CORPUS / "clean" / dirty.name) for dirty in sorted((CORPUS / "csv").iterdir())}


if __name__ == "__main__":
    found = outcomes()
    for name, what in found.items():
        if what == "silently different":
            print(f"{what}: {name}")
    print(", ".join(f"{count} {what}" for what, count in Counter(found.values()).items()))
    sys.exit(Counter(found.values())["silently different"] >= 10)
