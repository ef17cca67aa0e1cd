"""Every stage between the functions and the machine code can be looked at."""

import pytest

import gradloop as gl
from gradloop.errors import GradloopError, OptionError
from gradloop.models import MODELS
from gradloop.show import STAGES, show

OPENINGS = {
    "graph": " loss(row: float64[2], y: ",
    "gradient": "gradient of ",
    "loop": "for epoch in epochs:",
    "llvm": "define i64 @run(",
    "assembly": "\t.type\trun,@function",
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_of_every_model_can_be_read(stage, model):
    text = show(stage, model, classes=3)
    assert OPENINGS[stage] in text
    assert "\t\t\t" not in text and len(text.splitlines()) > 5


def test_the_loop_is_the_pseudo_code_of_the_book():
    lines = show("loop", optimizer=gl.momentum(0.1)).splitlines()
    assert [line.split("#")[0].rstrip() for line in lines[:9]] == [
        "for epoch in epochs:",
        "    for batch in batches of the epoch:",
        "        g_w, g_b = 0",
        "        for i in rows of the batch, in the order of (seed, epoch):",
        "            g_w, g_b += gradient(row[i], y[i], w, b)",
        "        t = t + 1",
        "        w = update_w(w, g_w / rows in the batch, t)",
        "        b = update_b(b, g_b / rows in the batch, t)",
        "",
    ]
    text = "\n".join(lines)
    assert "gradient of squared loss(row: " in text
    assert "update_w(w: float64[2], g: float64[2], t: " in text and "update_b(w: float64[], " in text


def test_sizes_decide_the_shapes():
    text = show("graph", "softmax", features=5, classes=4)
    assert "w: float64[5, 4], b: float64[4]" in text
    assert "w: float64[3, 7]" in show("graph", gl.polynomial(3), features=7)


def test_losses_and_optimizers_may_be_chosen():
    assert "abs(" in show("graph", loss="absolute")
    assert "huber" in show("graph", loss=gl.huber(2.0))
    assert show("loop", optimizer=gl.sgd) == show("loop", optimizer=gl.sgd(0.5))  # a rate is data, not code
    assert show("loop", optimizer=gl.adam) != show("loop", optimizer=gl.sgd)
    assert "logistic" in show("graph", "logistic")  # the stable form in place of 1 / (1 + exp(-z))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"stage": "binary"}, "no stage 'binary'; choose one of graph, gradient, loop, llvm, assembly"),
        ({"stage": "graph", "model": "tree"}, "no model 'tree'"),
        ({"stage": "graph", "loss": "anger"}, "no loss 'anger'"),
        ({"stage": "graph", "loss": "zero_one"}, "measure only"),
        ({"stage": "graph", "features": 0}, "features is 0, .* whole number from 1"),
        ({"stage": "graph", "features": -3}, "features is -3"),
        ({"stage": "graph", "features": 2.0}, "features is 2.0"),
        ({"stage": "graph", "model": "softmax", "classes": 1}, "classes is 1, but there are at least 2"),
        ({"stage": "graph", "model": "softmax", "classes": -2}, "classes is -2"),
        ({"stage": "loop", "optimizer": lambda rate: rate}, "not an Optimizer"),
    ],
)
def test_what_there_is_not_cannot_be_shown(arguments, words):
    with pytest.raises(OptionError, match=words):
        show(**arguments)


def test_a_function_has_no_start_here():
    with pytest.raises(GradloopError, match="needs start"):
        show("graph", lambda x, w: x @ w)
