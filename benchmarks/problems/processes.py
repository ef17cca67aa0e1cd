"""Processes of their own, timed from outside, from their start to their end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.problems.problem import Problem

TABLE = Path(__file__).parents[2] / "examples" / "diabetes.csv"
TARGET = "progression"


@dataclass(frozen=True)
class Process(Problem):
    """A cold start. what: "import" the library, run the "textbook" loop, or fit a small "table"."""

    unit: str = "process"
    what: Literal["import", "textbook", "table"] = "import"


PROCESSES = (
    Process("cold-import", "import the library", what="import", quick=False),
    Process("cold-textbook", "import it and train on 1000 × 2", what="textbook", quick=False),
    Process("cold-table", "from a shell: fit a CSV of 442 rows and print it", what="table"),
)
