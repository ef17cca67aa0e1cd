"""The page says everything in the order of a step, and says when it leaves something out."""

import re

import numpy as np

import gradloop as gl
from gradloop.explain.numeric import Checked, checked
from gradloop.explain.page import check_row, short, shown, verdict

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(33, 2))
Y = X @ [2.0, -3.4] + 4.2


def page(X=X, y=Y, step=1, example=1, batch_size=10, optimizer=None, **options):
    fit = gl.fit(X, y, solver=gl.Minibatch(optimizer or gl.sgd(0.03), batch_size, 2), **options)
    return str(fit.explain(step, example))


def test_the_parts_come_in_the_order_of_a_step():
    text = page(step=4)
    titles = re.findall(r"(?:^|\n\n)(\d) (\w+)", text)
    assert titles == [
        ("1", "step"), ("2", "rows"), ("3", "forward"), ("4", "backward"), ("5", "gradient"), ("6", "update"),
        ("7", "second"),
    ]  # fmt: skip
    assert "step 4 of 8: epoch 1, batch 4 of 4; sgd, learning rate 0.03" in text
    assert "3 rows: places 31 to 33 in the order of seed 0 and epoch 1" in text
    assert "may be short: means are taken over its 3 rows" in text
    assert "y_hat = v2 = v1 + b" in text and "the rule for b, which is called w here" in text
    assert re.search(r"All \d+ checks agree", text)
    assert max(map(len, text.splitlines())) < 130


def test_long_tables_say_that_they_are_cut():
    wide = RANDOM.normal(size=(33, 20))
    text = page(X=wide, batch_size="all")
    assert "These are the first 10 of 33 rows." in text and "These are the first 8 of 20 features." in text
    assert "… 20 entries of w" in text and "20 numbers" in text
    assert "These are the first" not in page()


def test_long_arrays_say_how_long_they_are():
    assert shown(np.arange(8.0)) == "[0, 1, 2, 3, 4, 5, 6, 7]"
    assert shown(np.arange(9.0)) == "[0, 1, 2, 3, …] 9 numbers"
    assert shown(np.zeros((3, 4))) == "[0, 0, 0, 0, …] 12 numbers (3 × 4)"
    assert shown(np.array([[1.5]])) == "1.5" and shown(-0.0) == "0" and shown(np.array(True)) == "True"
    assert short(np.arange(9.0)) == "[0, 1, 2, 3, …]"


def test_a_check_that_fails_is_marked():
    right, wrong = checked("a", np.array(1.0), np.array(1.0)), checked("b", np.array(1.0), np.array(2.0))
    assert check_row(right) == ("a", "1", "1", "0")
    assert check_row(wrong, "  ") == ("  b", "1", "2", "5.0e-01 !")
    assert check_row(Checked("c", np.zeros(2), np.array([0.0, np.nan]), 0.0))[3] == "0 (1 checked)"
    assert verdict([right, wrong]).startswith("1 of 2 checks do not agree (marked !): b.")
    assert verdict([right]) == "All 1 checks agree; the largest deviation is 0.0e+00."


def test_classes_and_a_merged_prediction_are_explained():
    table = {"hours": X[:, 0], "passed": np.where(X[:, 1] > 0, "yes", "n\x1bo")}
    text = page(X=table, y=None, target="passed", model="logistic")
    assert "y: 0 = n\\x1bo, 1 = yes" in text and "\x1b" not in text
    assert "The features are as training sees them: standardised." in text
    assert "has no line of its own" in text


def test_an_average_that_would_be_the_answer_is_told():
    assert "w that would be returned now = " in page(optimizer=gl.averaged_sgd(0.03), step=3)
    assert "would be returned" not in page()


def test_columns_with_hostile_names_do_not_reach_the_terminal():
    assert "\x1b" not in page(X={"a\x1b[2J": X[:, 0], "y": Y}, y=None, target="y")
