"""Least squares in one pass: the answer of many, and None where it would not be."""

import numpy as np
import pyarrow
import pytest

import gradloop as gl
from gradloop.data.missing import Rules
from gradloop.data.sources import open_source
from gradloop.larger import one_pass as module
from gradloop.larger.least_squares import Request, few_rows
from gradloop.larger.one_pass import one_pass
from streamed import columns

ROWS = 9000
NAMES = ["area", "age", "rooms", "garden"]


def fitted(table, penalty=None, names=NAMES):
    asked = Request("price", (), "linear", None, penalty, None, Rules(), "native", 0)
    return one_pass(open_source(table), "price", names, Rules(), few_rows(asked, len(names)))


def given(**more):
    table = columns(ROWS) | more
    return pyarrow.table({name: table[name] for name in (*NAMES, "price")})


def in_memory(table, **settings):
    data = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    return gl.fit(data, target="price", **settings)


@pytest.mark.parametrize("penalty", [None, gl.l2(0.3)])
def test_the_answer_is_that_of_all_rows_together(penalty):
    table = given()
    whole, found = in_memory(table, penalty=penalty), fitted(table, penalty)
    for name in ("w", "b"):
        np.testing.assert_allclose(found.params[name], whole.params[name], rtol=1e-10)
        np.testing.assert_allclose(found.trained[name], whole.trained_params[name], rtol=1e-10)
    assert found.history["loss"][-1] == pytest.approx(whole.history["loss"][-1], rel=1e-12)
    assert found.rows == ROWS and found.preparation.feature_names == whole.feature_names
    assert found.preparation.notes == whole.preparation.notes and "read once" in found.notes[0]
    assert found.certificate.kind == "rounding bound" and 0 <= found.certificate.value <= 1e-15
    assert (found.statistics is None) == (penalty is not None)
    if whole.statistics is not None:
        for column in ("estimate", "standard_error", "p_value"):
            np.testing.assert_allclose(found.statistics[column], whole.statistics[column], rtol=1e-9, atol=1e-300)
        assert found.statistics.r_squared == pytest.approx(whole.statistics.r_squared, rel=1e-12)


def test_how_rows_are_cut_into_batches_hardly_shows():
    table = given()
    one = fitted(table)
    other = fitted(pyarrow.Table.from_batches(table.to_batches(max_chunksize=700)))
    np.testing.assert_allclose(one.params["w"], other.params["w"], rtol=1e-11)


def test_a_close_fit_is_read_twice():
    table = given()
    exact = table.set_column(4, "price", pyarrow.array(3 * table["area"].to_numpy() + 2))
    found = fitted(exact)
    assert "read twice" in found.notes[0]
    np.testing.assert_allclose(found.params["w"], [3, 0, 0, 0], atol=1e-12)
    assert found.history["loss"][-1] < 1e-24


def test_an_offset_costs_no_digits():
    moved = given(age=columns(ROWS)["age"] + 2.0**30)
    whole, found = in_memory(moved), fitted(moved)
    np.testing.assert_allclose(found.params["w"], whole.params["w"], rtol=1e-9)
    np.testing.assert_allclose(found.trained["b"], whole.trained_params["b"], rtol=1e-13)


@pytest.mark.parametrize(
    "more",
    [
        {"age": np.full(ROWS, 7.0)},  # constant
        {"age": columns(ROWS)["area"] * 2},  # a multiple of another
        {"age": columns(ROWS)["area"] * (1 + 1e-9 * np.arange(ROWS))},  # nearly
        {"age": np.where(np.arange(ROWS) == 8000, np.nan, 1.0)},
        {"age": np.where(np.arange(ROWS) == 8000, np.inf, columns(ROWS)["age"])},
        {"age": columns(ROWS)["age"] * 1e200},
    ],
)
def test_what_is_left_to_others(more):
    assert fitted(given(**more)) is None


def test_first_rows_that_lie_elsewhere(monkeypatch):
    monkeypatch.setattr(module, "ROWS_FOR_UNITS", 10)
    random = np.random.default_rng(0)
    table = given(age=np.where(np.arange(ROWS) < 10, 0.0, 1e5 + random.normal(size=ROWS)))
    np.testing.assert_allclose(fitted(table).params["w"], in_memory(table).params["w"], rtol=1e-9)
    monkeypatch.setattr(module, "FAR", 1.0)  # of which the squared mean here is many times a squared deviation
    assert fitted(table) is None


def test_broken_sums_are_seen(monkeypatch):
    """The bound, and not luck, decides: with products that are less exact the road is not taken."""
    monkeypatch.setattr(module, "lost_share", lambda system, sums: 1e-7)
    assert fitted(given()) is None
