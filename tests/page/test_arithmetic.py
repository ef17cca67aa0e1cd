"""The lines of a step are those of fit.explain, and their numbers the run's."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.page.arithmetic import MOST_PARAMETERS, arithmetic_of
from gradloop.page.seen import seen
from page_fits import X, Y, line


def test_the_first_steps_and_the_short_one_are_walked():
    found = seen(line())
    told = arithmetic_of(found)
    assert [step["step"] for step in told] == [1, 2, 6] and [step["rows"] for step in told] == [10, 10, 3]
    for step in told:
        taken = found.course.taken[step["step"] - 1]
        assert step["row"] == taken.rows[0]
        rows = step["updates"]
        assert [row["name"] for row in rows] == ["w[0]", "b"]
        np.testing.assert_allclose([row["after"] for row in rows], taken.after, rtol=1e-12)
        np.testing.assert_allclose([row["gradient"] for row in rows], taken.gradient, rtol=1e-12)
        for row in rows:
            assert row["after"] == pytest.approx(row["before"] - row["rate"] * row["gradient"], rel=1e-12)


def test_lines_read_as_in_the_book_and_agree_with_numeric_derivatives():
    step = arithmetic_of(seen(line()))[0]
    row = step["row"]
    by_name = {line["name"]: line for line in step["forward"]}
    assert float(by_name["loss"]["value"]) == pytest.approx(Y[row] ** 2 / 2, rel=1e-5)
    assert by_name[step["y_hat"]]["expression"] == "v1 + b"
    slopes = {line["name"]: line for line in step["backward"]}
    assert float(slopes["d loss / d w"]["value"]) == pytest.approx(-Y[row] * X[row, 0], rel=1e-5)
    assert all(line["agrees"] for line in step["backward"])


def test_what_has_no_steps_or_too_many_numbers_has_no_lines():
    assert arithmetic_of(seen(line("closed_form"))) == []
    wide = np.random.default_rng(0).normal(size=(100, MOST_PARAMETERS))
    assert arithmetic_of(seen(gl.fit(wide, wide[:, 0], solver=gl.Minibatch(gl.sgd(0.01), epochs=1)))) == []


def test_a_run_that_left_the_numbers_is_walked_as_far_as_they_go():
    fit = line(gl.Minibatch(gl.sgd(1e150), batch_size=10, epochs=3))
    assert all(np.isfinite(row["after"]) for step in arithmetic_of(seen(fit)) for row in step["updates"])
