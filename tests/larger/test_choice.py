"""What can be done with rows on disk: the rest is a sentence before any work."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from streamed import write


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"solver": "gauss_newton"}, "GaussNewton needs them together; choose one of ClosedForm.*, or give it more"),
    ],
)
def test_what_needs_all_rows_is_refused(tmp_path, settings, said):
    path = write(tmp_path)
    with pytest.raises(OptionError, match=said):
        gl.fit(path, target="price", leave_out=["sold"], memory="17MB", cache=tmp_path / "c", **settings)


@pytest.mark.parametrize("settings", [{"memory": "1GB"}, {"cache": "here"}])
def test_what_is_in_memory_takes_no_such_option(settings):
    with pytest.raises(OptionError, match="in memory already; leave it out"):
        gl.fit({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 4.0]}, target="y", **settings)
    with pytest.raises(OptionError, match="in memory already; leave it out"):
        gl.fit([[1.0], [2.0], [3.0]], [1.0, 2.0, 4.0], **settings)


def test_a_law_is_searched_by_another_solver(tmp_path):
    path = write(tmp_path, rows=9000)

    def law(area, rooms, a, b, c):
        return a * area + b * rooms + c

    start = {"a": 0.0, "b": 0.0, "c": 0.0}
    whole = gl.fit(path, target="price", model=law, start=start)
    parts = gl.fit(path, target="price", model=law, start=start, cache=tmp_path / "c")
    for name in start:
        assert parts.params[name] == pytest.approx(whole.params[name], rel=1e-8)
    assert "from a file" in parts.notes[-1] and parts.examples is None


def test_gauss_newton_is_not_chosen(tmp_path):
    path = write(tmp_path, rows=5000)

    def law(rooms, a, b):
        return a * np.exp(b * rooms)

    fit = gl.fit(path, target="price", model=law, start={"a": 3.0, "b": 0.0}, cache=tmp_path / "c")
    assert any("L-BFGS, because the rows are not in memory together" in note for note in fit.notes)
    whole = gl.fit(path, target="price", model=law, start={"a": 3.0, "b": 0.0})
    assert fit.params["b"] == pytest.approx(whole.params["b"], rel=1e-4)


def test_an_exhaustive_search_is_passes_over_the_rows(tmp_path):
    path = write(tmp_path)
    given = {"target": "price", "leave_out": ["sold", "weight", "town", "garden", "age"]}
    solver = gl.Exhaustive({"w": [[0.0, 0.2, 0.4], [0.0, 0.1, 0.2, 0.3]], "b": [3.2, 3.3, 3.4]}, refine=2)
    whole, parts = (gl.fit(path, **given, solver=solver, **more) for more in ({}, {"memory": "17MB"}))
    assert parts.stop is whole.stop and "from a file" in parts.notes[-1]
    for name, value in whole.params.items():
        np.testing.assert_allclose(parts.params[name], value, rtol=1e-12)
