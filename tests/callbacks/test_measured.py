"""The numbers of an epoch, by name."""

from gradloop.callbacks.measured import described, scalars
from gradloop.callbacks.protocol import Outline
from gradloop.optimizers import sgd
from gradloop.progress import Progress


def test_numbers_that_are_not_there_are_left_out():
    nan, inf = float("nan"), float("inf")
    assert scalars(Progress(1, 2, inf, 5.0, 1.0, nan, 0.25)) == {"gradient_norm": 0.25, "rows_per_second": 5.0}


def test_the_settings_of_a_solver_are_texts():
    outline = Outline(
        "linear", "squared", "none", "Minibatch", {"optimizer": sgd(0.1), "epochs": 3}, 1, 8, 2, ("x",), 2
    )
    told = dict(described(outline))
    assert told["solver_optimizer"] == "sgd" and told["solver_epochs"] == "3" and told["rows_held_out"] == "2"
