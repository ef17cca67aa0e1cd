"""One module per rival, each written as its own users would write it well.

A rival is a module with two functions:

    run(problem) -> (seconds, objective)
        seconds: one figure for each timing, of problem.units_timed steps, epochs or compilations;
        objective: problems.objective of the parameters found, or None where nothing is trained.
        May be called many times; what is warm (compiled functions, arrays in the rival's own form) it keeps.
        Raises NotComparableError with a sentence where the problem has no counterpart.
    describe() -> str
        version and threads
"""


class NotComparableError(Exception):
    """The rival has no counterpart to this problem; the text says why."""
