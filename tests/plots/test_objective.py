import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import objective

X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
Y = np.array([1.0, 3.0, 2.0])


def of(model="linear", **more):
    return objective.of_data(X, Y, None, model, None, more.get("start"))


def test_parameters_of_arrays_are_called_as_in_the_model():
    given = of()
    assert given.labels == ("w[0]", "w[1]", "b") and given.place("w[1]") == 1 and given.place("b") == 2
    one = objective.of_data(X[:, :1], Y, None, "linear", None, None)
    assert one.labels == ("w", "b") and one.place("w") == 0


def test_weights_of_a_table_are_called_after_its_columns():
    given = objective.of_data({"a": X[:, 0], "b": X[:, 1], "y": Y}, None, "y", "linear", None, None)
    assert given.labels[0] == "w of a (standardised)"
    assert [given.place(name) for name in ("a", "w[1]", "w of a (standardised)")] == [0, 1, 0]
    single = objective.of_data({"a": X[:, 1], "y": Y}, None, "y", "linear", None, None)
    assert single.place("w") == 0


@pytest.mark.parametrize("name", ["q", "w", "w[2]", ""])
def test_what_is_no_parameter_is_refused(name):
    with pytest.raises(OptionError, match="choose one of 'w\\[0\\]', 'w\\[1\\]', 'b'"):
        of().place(name)


def test_losses_on_a_grid_are_the_mean_of_the_squares():
    given = of()
    first, second = np.array([0.0, 1.0, 3.0]), np.array([-1.0, 0.5])
    found = given.losses({0: first, 2: second}, np.array([9.0, 2.0, 9.0]))
    for i, w in enumerate(first):
        for j, b in enumerate(second):
            assert found[i, j] == pytest.approx(np.mean((X @ [w, 2.0] + b - Y) ** 2) / 2)


def test_a_penalty_belongs_to_the_objective():
    fit = gl.fit(X, Y, penalty=gl.l2(0.5))
    given = objective.of_fit(fit, None, None, "")
    assert given.loss_name == "mean squared loss + l2" or given.loss_name.startswith("mean squared loss + ")
    flat = np.array([1.0, 2.0, 0.0])
    found = given.losses({0: np.array([1.0, 2.0])}, flat)
    assert found[0] == pytest.approx(np.mean((X @ [1.0, 2.0] - Y) ** 2) / 2 + 0.5 * 5 / 2)
