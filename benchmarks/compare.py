"""Base and head in turn: `python -m benchmarks.compare BASE [problem...]`; BASE is a commit.

Both run the benchmarks of this checkout, each with its own source, in processes that take turns. The exit code is 1
where head is slower by more than 15 % and by more than 0.02 s as well: less is the machine's mood.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.measure import ROOT, SOURCE, Worker
from benchmarks.problems import Problem
from benchmarks.run import chosen, say, time

SHARE, SECONDS = 0.15, 0.02
ROUNDS = 7


def is_slower(base: list[float], head: list[float], units: int = 1) -> bool:
    """Whether head is slower by more than a share and by more than some seconds of a whole turn.

    Args: seconds of one unit each; units, how many of them a turn has.
    """
    more = min(head) - min(base)
    return more > SHARE * min(base) and more * units > SECONDS


def compared(problem: Problem, base: Path, rounds: int, quick: bool) -> bool:
    """Print one line about a problem; whether head is slower."""
    workers = {name: Worker("gradloop", problem, quick, source) for name, source in (("base", base), ("head", SOURCE))}
    try:
        for turn in range(rounds):
            say(f"{problem.name}: round {turn + 1} of {rounds}")
            for worker in workers.values():
                worker.turn()
    finally:
        for worker in workers.values():
            worker.end()
    say("")
    found = {name: worker.result for name, worker in workers.items()}
    missing = [f"{name}: {result.remark}" for name, result in found.items() if not result.seconds]
    if missing:
        print(f"{problem.name:<22}{'; '.join(missing)}", flush=True)
        return False
    seconds = {name: result.seconds for name, result in found.items()}
    slower = is_slower(seconds["base"], seconds["head"], getattr(problem, "units_timed", 1))
    ratio = min(seconds["head"]) / min(seconds["base"])
    figures = "".join(
        f"{name} {time(min(figure))} (median {time(median(figure))})   " for name, figure in seconds.items()
    )
    print(f"{problem.name:<22}{figures}head ÷ base {ratio:.2f}{'   SLOWER' if slower else ''}", flush=True)
    return slower


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("base", help="a commit, a branch or a tag")
    parser.add_argument("problems", nargs="*", metavar="problem", help="by name or pattern; a quick look's if none")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "base"
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", place, options.base], check=True)
        try:
            problems = chosen(options.problems, quick=True)
            slower = [one.name for one in problems if compared(one, place / "src", options.rounds, options.quick)]
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", place], check=True)
    if slower:
        sys.exit(f"Slower than {options.base} by more than 15 % and 0.02 s: {', '.join(slower)}.")


if __name__ == "__main__":
    main()
