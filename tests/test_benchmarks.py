"""The benchmarks judge others, so they are judged here: the data, the objective, and the table; no times."""

import csv
import sys
from types import ModuleType

import numpy as np
import pytest

from benchmarks import run
from benchmarks.problems import PROBLEMS, Problem, data, objective
from benchmarks.rivals import NotComparableError, numpy_sum

TEXTBOOK = PROBLEMS["textbook"]
SOFTMAX = PROBLEMS["digits"]._replace(rows=500, features=8)


def test_objective_of_the_truth_is_half_the_variance_of_the_noise() -> None:
    w = np.array([2.0, -3.4])
    assert objective(TEXTBOOK, w, 4.2) == pytest.approx(0.01**2 / 2, rel=0.1)


def test_objective_is_half_the_mean_square() -> None:
    _, y = data(TEXTBOOK)
    assert objective(TEXTBOOK, np.zeros(2), 0.0) == pytest.approx(np.mean(y.astype(float) ** 2) / 2)


def test_objective_of_equal_scores_is_the_logarithm_of_the_classes() -> None:
    w, b = np.zeros((8, 10)), np.full(10, 300.0)
    assert objective(SOFTMAX, w, b) == pytest.approx(np.log(10))


def test_steps_count_the_short_batch() -> None:
    assert TEXTBOOK.steps == 100
    assert PROBLEMS["million-100"].steps == 3907


def test_rival_that_is_not_installed_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.rivals.jax_scan", None)
    rivals = {"jax_scan": run.load("jax_scan")}
    assert any("not installed" in line for line in run.table(TEXTBOOK, run.measure(TEXTBOOK, rivals, 1)))


def rival(seconds: float, objective: float | None) -> ModuleType:
    module = ModuleType("rival")
    module.__dict__["run"] = lambda problem: ([seconds], objective)
    return module


def test_table_divides_by_gradloop() -> None:
    results = run.measure(TEXTBOOK, {"gradloop": rival(0.003, 1.5), "slow": rival(0.3, None)}, rounds=3)
    assert [len(result.seconds) for result in results] == [3, 3]
    _, _, ours, slow = run.table(TEXTBOOK, results)
    assert ours.split() == ["gradloop", "10", "µs", "10", "µs", "1.0", "1.5"]
    assert slow.split() == ["slow", "1", "ms", "1", "ms", "100.0", "–"]


def test_rival_without_a_counterpart_gives_its_reason() -> None:
    def refuse(problem: Problem) -> None:
        raise NotComparableError("no softmax here")

    module = ModuleType("rival")
    module.__dict__["run"] = refuse
    assert "no softmax here" in "\n".join(run.table(SOFTMAX, run.measure(SOFTMAX, {"rival": module}, 2)))


def test_program_by_hand_reaches_the_answer() -> None:
    from benchmarks.rivals import gradloop

    seconds, reached = gradloop.run(PROBLEMS["by-hand"]._replace(repetitions=1))
    assert len(seconds) == 1 and reached == pytest.approx(5e-5, rel=0.1)
    with pytest.raises(NotComparableError, match="no tape"):
        numpy_sum.run(PROBLEMS["by-hand"])


def test_floor_reads_the_data_once_for_each_epoch() -> None:
    seconds, reached = numpy_sum.run(SOFTMAX)
    assert (len(seconds), reached) == (SOFTMAX.epochs, None)


def test_the_readme_holds_the_table_of_the_results():
    from benchmarks import table

    with open(table.ROOT / "benchmarks" / "results.csv", newline="", encoding="utf-8") as file:
        made = table.table(list(csv.DictReader(file)))
    text = (table.ROOT / "README.md").read_text("utf-8")
    assert text.partition(table.BEGIN)[2].partition(table.END)[0].strip() == made.strip()
