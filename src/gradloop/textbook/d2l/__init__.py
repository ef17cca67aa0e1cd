"""Names of the `d2l` package that linear and softmax regression need; for torch's tensors, and mxnet's arrays too.

`plt` is matplotlib's pyplot, loaded when it is first asked for. There is one module for both libraries, which
`from gradloop.textbook.d2l import torch as d2l` finds as well.

>>> from gradloop.textbook import torch
>>> X, y = synthetic_data(torch.tensor([2, -3.4]), 4.2, 1000)
>>> X.shape, y.shape
(torch.Size([1000, 2]), torch.Size([1000, 1]))
"""

import sys as _sys
from typing import Any

from gradloop.textbook.coverage import sentence as _sentence
from gradloop.textbook.d2l.counting import Accumulator, Timer
from gradloop.textbook.d2l.figures import Animator, plot, pyplot, set_axes, set_figsize, use_svg_display
from gradloop.textbook.d2l.regression import (
    data_iter,
    linreg,
    load_array,
    load_data_fashion_mnist,
    sgd,
    squared_loss,
    synthetic_data,
)
from gradloop.textbook.d2l.training import (
    accuracy,
    evaluate_accuracy,
    evaluate_loss,
    train_ch3,
    train_epoch_ch3,
)

__all__ = [
    "Accumulator",
    "Animator",
    "Timer",
    "accuracy",
    "data_iter",
    "evaluate_accuracy",
    "evaluate_loss",
    "linreg",
    "load_array",
    "load_data_fashion_mnist",
    "mxnet",
    "plot",
    "set_axes",
    "set_figsize",
    "sgd",
    "squared_loss",
    "synthetic_data",
    "torch",
    "train_ch3",
    "train_epoch_ch3",
    "use_svg_display",
]

torch = mxnet = _sys.modules[__name__]  # for `from ...d2l import torch as d2l`, as the book has it


def __getattr__(name: str) -> Any:
    if name == "plt":
        return pyplot()
    raise AttributeError(_sentence("d2l", name, [*__all__, "plt"]))


def __dir__() -> list[str]:
    return sorted([*__all__, "plt"])
