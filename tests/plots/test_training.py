from dataclasses import replace

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.history import History, Row
from gradloop.plots import training

FALLING = History.from_rows([Row(e, 10.0 ** (2 - e), 1.0, 0.1, 10 * e, e / 4) for e in (1, 2, 3, 4)])
X, Y = np.array([[-1.0], [1.0]]), np.array([-2.0, 2.0])  # loss (w - 2)² / 2 + b² / 2: curvature 1


def test_the_loss_stands_at_its_epoch():
    axes = training.loss(fits.make(), name="mean squared loss")
    assert axes.lines[0].get_xydata().tolist() == [[1, 4], [2, 1]]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("epoch", "mean squared loss", "linear")
    assert [text.get_text() for text in axes.texts] == ["1"] and axes.get_ylim()[0] == 0


@pytest.mark.parametrize(("against", "last"), [("epoch", 4), ("rows", 40), ("seconds", 1.0)])
def test_several_runs_against_what_they_took(against, last):
    axes = training.loss({"$a$": FALLING, "b": fits.HISTORY}, against=against)
    assert axes.lines[0].get_xdata()[-1] == last and axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.texts] == [r"\$a\$ 0.01", "b 1"]
    assert axes.lines[0].get_linestyle() != axes.lines[1].get_linestyle()


def test_a_solver_without_a_rate_counts_iterations():
    record = replace(FALLING, learning_rate=np.full(4, np.nan))
    assert training.loss(record).get_xlabel() == "iteration"


def test_runs_without_a_record_are_refused():
    for record in (History.from_rows([]), History.from_rows([Row(1, 4.0, 2.0, 0.1, 10, 0.5)])):
        with pytest.raises(OptionError, match="fewer than two values"):
            training.loss(record)
    with pytest.raises(OptionError, match="epoch, rows, seconds"):
        training.loss(FALLING, against="hours")


def test_losses_after_each_rate_are_those_of_the_formula():
    rates = [0.5, 1.5, 2.5]
    axes = training.learning_rates(X, Y, rates, after=(1, 3))
    for line, steps in zip(axes.lines[:2], (1, 3), strict=True):
        expected = [2 * (1 - rate) ** (2 * steps) for rate in rates]  # w - 2 shrinks by 1 - rate in every step
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9)
        assert line.get_xdata().tolist() == rates
    start, bound = axes.lines[2], axes.lines[3]
    assert start.get_ydata()[0] == 2 and bound.get_xdata()[0] == pytest.approx(2, rel=1e-3)
    assert "2/λmax = 2" in axes.texts[0].get_text()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["after 1 step", "after 3 steps"]


def test_a_run_that_diverges_leaves_the_picture_at_the_top():
    axes = training.learning_rates(X, Y, [0.1, 1e6], after=(5,))
    assert axes.lines[0].get_ydata()[1] > axes.get_ylim()[1]


def test_without_rates_some_on_both_sides_of_the_bound_are_tried():
    axes = training.learning_rates(X, Y)
    rates = axes.lines[0].get_xdata()
    assert rates[0] < 0.02 and rates[-1] > 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rates": [0.1, -1]}, "positive numbers"),
        ({"rates": []}, "positive numbers"),
        ({"after": (0,)}, "whole numbers of steps"),
        ({"after": ()}, "whole numbers of steps"),
        ({"loss": "absolute"}, "not curved"),
    ],
)
def test_wrong_options_are_sentences(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        training.learning_rates(X, Y, **options)


def test_the_least_loss_is_within_the_picture():
    fit = gl.fit(X, Y, solver=gl.GradientDescent(0.5, momentum=False))
    axes = training.loss(fit)
    assert axes.get_ylim()[0] <= axes.lines[0].get_ydata().min()
