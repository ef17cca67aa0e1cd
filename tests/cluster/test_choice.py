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


def test_a_law_of_many_parameters_is_left_to_another_solver() -> None:
    reason = ("Solver: Gauss-Newton.",)
    assert suited(gl.GaussNewton(), reason, 100) == (gl.GaussNewton(), reason)
    found, why = suited(gl.GaussNewton(), reason, 101)
    assert isinstance(found, gl.LBFGS) and "many parameters" in why[0]


def test_what_cannot_is_refused() -> None:
    class Own(gl.Exhaustive.__base__):  # type: ignore[name-defined, misc]
        """A solver of somebody's."""

    with pytest.raises(OptionError, match="Own needs the rows together, .* choose one of ClosedForm"):
        on_parts(Own())
