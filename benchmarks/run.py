"""Time gradloop and its rivals side by side: `python -m benchmarks.run [--quick] [problem...]`.

Every rival is warmed up in a process of its own, then they take turns for several rounds; the median counts, and the
achieved objective stands beside it. Results of full runs are kept in benchmarks/results.csv.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatch
from time import perf_counter

from benchmarks import results
from benchmarks.measure import Result, measure, missed
from benchmarks.problems import PROBLEMS, Problem
from benchmarks.rivals import names


def say(text: str) -> None:
    """What is being done, in a line of the terminal that the next one overwrites."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def table(problem: Problem, found: list[Result], gaps: dict[str, float]) -> Iterator[str]:
    """The figures as people read them; a rival that missed the goal says so."""
    yield f"{problem.name}: {problem.text}"
    ours = next((result.median for result in found if result.rival == "gradloop" and result.seconds), None)
    heads = ("per " + problem.unit, "fastest", "÷ gradloop", "objective", "error", "peak MB")
    yield f"  {'rival':<18}" + "".join(f"{head:>14}" for head in heads)
    for result in found:
        if not result.seconds:
            if result.remark:
                yield f"  {result.rival:<18}{'–':>14}  {result.remark}"
            continue
        cells = [
            time(result.median),
            time(min(result.seconds)),
            f"{result.median / ours:.2f}" if ours else "–",
            "–" if result.objective is None else f"{result.objective:.7g}",
            "–" if result.error is None else f"{result.error:.1e}",
            "–" if result.peak is None else f"{result.peak:.0f}",
        ]
        late = f"  missed the goal by {gaps[result.rival]:.1e}" if result.rival in gaps else ""
        yield f"  {result.rival:<18}" + "".join(f"{cell:>14}" for cell in cells) + late


def time(seconds: float) -> str:
    """In the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def chosen(patterns: list[str], quick: bool) -> list[Problem]:
    """The problems whose names match; all when nothing is asked for, and for a quick look one of each family."""
    if not patterns and quick:
        firsts = {type(problem): problem for problem in reversed(PROBLEMS.values()) if problem.quick}
        return list(firsts.values())[::-1]
    if not patterns:
        return list(PROBLEMS.values())
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in PROBLEMS):
            sys.exit(f"There is no problem {pattern}; there are {', '.join(PROBLEMS)}.")
    return [problem for name, problem in PROBLEMS.items() if any(fnmatch(name, pattern) for pattern in patterns)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "problems", nargs="*", metavar="problem", help="by name or pattern, as 'epoch-*'; all if none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows and one round; nothing is written")
    parser.add_argument("--rounds", type=int, help="turns for every rival")
    parser.add_argument("--rivals", default=",".join(names()), help="of %(default)s")
    options = parser.parse_args()
    if unknown := set(options.rivals.split(",")) - set(names()):
        sys.exit(f"There is no rival {', '.join(sorted(unknown))}; there are {', '.join(names())}.")
    print(results.machine(), "", sep="\n")
    begun = perf_counter()
    for problem in chosen(options.problems, options.quick):
        rounds = options.rounds or (1 if options.quick else problem.rounds)
        found = measure(problem, options.rivals.split(","), rounds, options.quick, say)
        say("")
        gaps = missed(problem, found)
        elapsed = timedelta(seconds=round(perf_counter() - begun))
        print(*table(problem, found, gaps), f"  {elapsed} since the beginning", "", sep="\n", flush=True)
        if not options.quick:
            results.keep(results.rows(problem, found, gaps), {problem.name})


if __name__ == "__main__":
    main()
