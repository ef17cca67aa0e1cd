"""PyTorch's names for what linear and softmax regression need, on gradloop's arrays with a tape.

The names, arguments, defaults and printed forms are PyTorch's; random numbers come from another generator, so the same
`manual_seed` gives another stream. The numbers lie in the machine's memory, and there is no device but the processor.

>>> w = tensor([[2.0], [-3.4]], requires_grad=True)
>>> matmul(ones(1, 2), w).sum().backward()
>>> w.grad
tensor([[1.],
        [1.]])
"""

from typing import Any

import numpy as _numpy

from gradloop.eager.recording import no_grad
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch import autograd, nn, optim, random, utils
from gradloop.textbook.torch.autograd import enable_grad, is_grad_enabled, set_grad_enabled
from gradloop.textbook.torch.creation import (
    arange,
    as_tensor,
    eye,
    from_numpy,
    full,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from gradloop.textbook.torch.dtypes import Device as device  # noqa: N813
from gradloop.textbook.torch.dtypes import DType as dtype  # noqa: N813
from gradloop.textbook.torch.dtypes import (
    Size,
    float16,
    float32,
    float64,
    int16,
    int32,
    int64,
    uint8,
)
from gradloop.textbook.torch.dtypes import bool_ as _bool
from gradloop.textbook.torch.dtypes import numpy_dtype as _numpy_dtype
from gradloop.textbook.torch.functions import (
    abs,
    allclose,
    argmax,
    argmin,
    cat,
    clamp,
    cos,
    dot,
    eq,
    equal,
    exp,
    is_tensor,
    isfinite,
    isnan,
    log,
    log_softmax,
    logsumexp,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    mm,
    mv,
    norm,
    numel,
    pow,
    relu,
    reshape,
    sigmoid,
    sign,
    sin,
    softmax,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    sum,
    t,
    tanh,
    transpose,
    unsqueeze,
    var,
    where,
)
from gradloop.textbook.torch.random import Generator, initial_seed, manual_seed
from gradloop.textbook.torch.tensors import Tensor

__all__ = [
    "Generator",
    "Size",
    "Tensor",
    "abs",
    "allclose",
    "arange",
    "argmax",
    "argmin",
    "as_tensor",
    "autograd",
    "bool",
    "cat",
    "clamp",
    "cos",
    "device",
    "dot",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "eq",
    "equal",
    "exp",
    "eye",
    "float",
    "float16",
    "float32",
    "float64",
    "from_numpy",
    "full",
    "get_default_dtype",
    "half",
    "inf",
    "initial_seed",
    "int",
    "int16",
    "int32",
    "int64",
    "is_grad_enabled",
    "is_tensor",
    "isfinite",
    "isnan",
    "linspace",
    "log",
    "log_softmax",
    "logsumexp",
    "long",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "mv",
    "nan",
    "nn",
    "no_grad",
    "norm",
    "normal",
    "numel",
    "ones",
    "ones_like",
    "optim",
    "pi",
    "pow",
    "rand",
    "randint",
    "randn",
    "randn_like",
    "random",
    "randperm",
    "relu",
    "reshape",
    "set_default_dtype",
    "set_grad_enabled",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sum",
    "t",
    "tanh",
    "tensor",
    "transpose",
    "uint8",
    "unsqueeze",
    "utils",
    "var",
    "where",
    "zeros",
    "zeros_like",
]

float, double, long, int, bool, half = float32, float64, int64, int32, _bool, float16
pi, e, inf, nan = _numpy.pi, _numpy.e, _numpy.inf, _numpy.nan


def set_default_dtype(d: Any) -> None:
    """The type of real numbers that have none of their own: torch.float32 or torch.float64."""
    Tensor.real = _numpy_dtype(d) or Tensor.real


def get_default_dtype() -> dtype:
    """The type of real numbers that have none of their own."""
    return Tensor([0.0]).dtype


__getattr__ = _uncovered("torch", lambda: __all__)
