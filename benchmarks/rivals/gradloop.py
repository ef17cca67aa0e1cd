"""gradloop itself."""

from benchmarks.problems import Problem


def describe() -> str:
    return "gradloop"


def run(problem: Problem) -> tuple[list[float], float | None]:
    raise NotImplementedError("not written yet")
