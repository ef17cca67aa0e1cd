"""Which solvers work on a cluster, and the sentence for the others, said before anything is begun."""

import pytest

import gradloop as gl
from gradloop.cluster.choice import on_parts, suited
from gradloop.cluster.local_sgd import LocalSGD
from gradloop.errors import OptionError


def test_minibatches_become_local_sgd_with_their_settings() -> None:
    found = on_parts(gl.Minibatch(gl.adam, batch_size=7, epochs=3, shuffle=False))
    assert found == LocalSGD(gl.adam, batch_size=7, epochs=3, shuffle=False)
    assert on_parts(gl.Newton()) == gl.Newton()


def test_laws_are_left_to_another_solver() -> None:
    found, reason = suited(gl.GaussNewton(), ("Solver: Gauss-Newton.",))
    assert isinstance(found, gl.LBFGS) and "law" in reason[0]


def test_what_cannot_is_refused_before_a_cluster_is_looked_for() -> None:
    with pytest.raises(OptionError, match="GaussNewton needs the rows together"):
        gl.fit("nowhere", target="y", cluster="tcp://127.0.0.1:1", solver="gauss_newton")
