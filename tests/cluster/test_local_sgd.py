"""Local SGD: one part is minibatch SGD, several are averaged, to the same bits, until the certificate ends it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from clusters import cluster_of, write_files
from gradloop.cluster.encoding import examples_of
from gradloop.cluster.local_sgd import LocalSGD
from gradloop.cluster.passes import Passes
from gradloop.cluster.work import stamped
from gradloop.errors import OptionError
from gradloop.larger.problem import problem_of
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.problem import Problem, make_problem

START = {"w": np.zeros(2), "b": 0.0}
ASKED: dict[str, Any] = {"target": "y", "leave_out": ["yes", "holed"]}


class Here(Passes):
    """Passes that this process makes."""

    def submit(self, what: str, place: int, function: Any, *given: Any) -> Any:
        return function(*given)

    def gathered(self, futures: list[Any]) -> list[Any]:
        return list(futures)


def rows(many: int, seed: int, slope: float = 2.0) -> Any:
    random = np.random.default_rng(seed)
    X = random.normal(size=(many, 2))
    return X, X @ [1.0, slope] + 3 + random.normal(size=many)


def problem_on(*parts: Any) -> Problem:
    examples = examples_of(
        Here(None, list(map(stamped, parts))), MODELS["linear"], LOSSES["squared"], START, ("a", "b"), None, ()
    )
    return problem_of(examples, None, "native", 2**30)


def alone(part: Any, optimizer: Any, epochs: int) -> Any:
    problem = make_problem(MODELS["linear"], LOSSES["squared"], *part, START)
    return gl.Minibatch(optimizer, batch_size=10, epochs=epochs).solve(problem, 7).params


@pytest.mark.parametrize("optimizer", [gl.sgd(0.02), gl.adam(0.05), gl.momentum(gl.schedules.cosine(0.02, 40))])
def test_one_part_is_minibatch_sgd(optimizer: Any) -> None:
    part = rows(95, 0)
    found = LocalSGD(optimizer, batch_size=10, epochs=2, local_epochs=2, tolerance=1e-15).solve(problem_on(part), 7)
    np.testing.assert_allclose(found.params, alone(part, optimizer, 4), rtol=1e-12)


def test_parts_are_averaged_weighted_by_their_rows() -> None:
    parts = rows(90, 1), rows(30, 2, slope=-1.0)
    found = LocalSGD(gl.sgd(0.02), batch_size=10, epochs=1).solve(problem_on(*parts), 7)
    wanted = np.average([alone(part, gl.sgd(0.02), 1) for part in parts], axis=0, weights=[90, 30])
    np.testing.assert_allclose(found.params, wanted, rtol=1e-12)


def test_all_parts_go_by_one_clock() -> None:
    rate = gl.schedules.cosine(0.02, 18)
    parts = rows(90, 1), rows(30, 2)
    found = LocalSGD(gl.sgd(rate), batch_size=10, epochs=2, tolerance=1e-15).solve(problem_on(*parts), 7)
    assert found.history["rows"].tolist() == [120, 240]
    np.testing.assert_allclose(found.history["learning_rate"], [rate(9.0), rate(18.0)])


def test_the_certificate_decides_when_to_stop() -> None:
    problem = problem_on(*(rows(200, seed) for seed in range(3)))
    found = LocalSGD(epochs=100, tolerance=1e-3).solve(problem)
    best = gl.ClosedForm().solve(problem).params
    assert found.stop is gl.Stop.CONVERGED and len(found.history) < 100
    loss, least = problem.objective(found.params)[0], problem.objective(best)[0]
    assert 0 <= loss - least <= 1e-3 * loss
    before = LocalSGD(epochs=100, tolerance=1e-9).solve(problem)
    assert before.stop is gl.Stop.FINISHED and len(before.history) == 100


def test_a_rate_that_diverges_is_told() -> None:
    found = LocalSGD(gl.sgd(1e6), epochs=30).solve(problem_on(rows(200, 0), rows(100, 1)))
    assert found.stop is gl.Stop.DIVERGED and np.isfinite(found.params).all()
    assert any("too large" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["linear", "logistic", "weights"])
def test_any_number_of_workers_gives_the_same_bits(kind: str, tmp_path: Path) -> None:
    given = {
        "linear": ASKED,
        "logistic": {"target": "yes", "leave_out": ["y", "holed"], "model": "logistic"},
        "weights": ASKED | {"weights": "c", "penalty": gl.l1(0.01)},
    }[kind]
    folder, solver = write_files(tmp_path), gl.Minibatch(gl.momentum(0.01), epochs=4)
    found = [gl.fit(folder, cluster=cluster_of(many), solver=solver, **given) for many in (1, 2, 4)]
    assert len({one.params["w"].tobytes() for one in found}) == 1
    assert found[0].origin.solver == "LocalSGD"
    assert "note: Local SGD: in each round every part" in str(found[0].summary())


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    path, client = write_files(tmp_path / "rows", files=3), cluster_of(2)
    rule = gl.adam(0.01)
    whole = gl.fit(path, cluster=client, solver=gl.Minibatch(rule, epochs=6), **ASKED)
    kept = {"checkpoint": tmp_path / "state", "cluster": client, **ASKED}
    gl.fit(path, solver=gl.Minibatch(rule, epochs=2), **kept)
    on = gl.fit(path, solver=gl.Minibatch(rule, epochs=6), resume=True, **kept)
    assert on.params["w"].tobytes() == whole.params["w"].tobytes()


def test_what_is_refused() -> None:
    with pytest.raises(OptionError, match="which is gradient descent"):
        LocalSGD(batch_size="all")
    with pytest.raises(OptionError, match="local_epochs is 0"):
        LocalSGD(local_epochs=0)
    with pytest.raises(OptionError, match="without one choose gl.Minibatch"):
        gl.fit(*rows(50, 0), solver=LocalSGD())
    with pytest.raises(OptionError, match="the largest part has 90 rows; choose at most 90"):
        LocalSGD(batch_size=91).solve(problem_on(rows(90, 0), rows(40, 0)))
