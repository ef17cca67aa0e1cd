"""The problems that every rival gets: the same data and the same judge of the answer. One module for each family."""

from benchmarks.problems.cluster import CLUSTERS
from benchmarks.problems.descent import DESCENTS
from benchmarks.problems.files import FILES
from benchmarks.problems.laws import LAWS
from benchmarks.problems.least_squares import LEAST_SQUARES
from benchmarks.problems.likelihood import LIKELIHOODS
from benchmarks.problems.paths import PATHS
from benchmarks.problems.problem import Problem
from benchmarks.problems.processes import PROCESSES
from benchmarks.problems.search import SEARCHES

ALL = (*DESCENTS, *LEAST_SQUARES, *LIKELIHOODS, *PATHS, *SEARCHES, *FILES, *LAWS, *PROCESSES, *CLUSTERS)
PROBLEMS: dict[str, Problem] = {problem.name: problem for problem in ALL}
