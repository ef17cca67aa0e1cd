"""Derivatives of functions of arrays: gradient, value and gradient, second derivatives, for functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradloop.core.ops import apply
from gradloop.eager import tape
from gradloop.eager.array import Array
from gradloop.eager.recording import Recording
from gradloop.errors import TapeError

Function = Callable[..., Any]


def grad(function: Function, argument: int = 0) -> Function:
    """The function that computes a function's derivative with respect to one argument; it can be differentiated again.

        grad(f)(x) = df/dx

    Args:
        function: of arrays, whose result is one number
        argument: the place of the argument

    Where the result depends on other arrays that need gradients, it carries its past; else it is numbers alone.

    Raises: TapeError when the result is not one number.

    >>> slope = grad(lambda x: x**3)
    >>> print(slope(2.0), grad(slope)(2.0))
    12.0 12.0
    """

    def derivative(*arguments: Any) -> Any:
        x = as_array(arguments[argument])
        with Recording(True):
            # A step of its own, so that what reaches the argument is told from what reaches the same array elsewhere.
            own = x.detach().requires_grad_() if x.node is None else apply("reshape", x, shape=x.value.shape)
            value = function(*arguments[:argument], own, *arguments[argument + 1 :])
            if not isinstance(value, Array) or value.value.size != 1:
                raise TapeError(f"grad() is for a function of one number, and this one returns {described(value)}.")
            found = tape.gradients([value], [own], [None], retain=True, again=True)[0] if value.requires_grad else None
        if found is None:
            return own.like(np.zeros_like(own.value))
        return found if depends_on_others(found, own) else found.detach()

    return derivative


def as_array(x: Any) -> Array:
    return x if isinstance(x, Array) else Array(x, float)


def depends_on_others(found: Array, own: Array) -> bool:
    """Whether a derivative can be differentiated with respect to something besides the argument that was made here."""
    return found.node is not None and any(leaf is not own.node for leaf in tape.steps_behind([found])[1])


def hessian(function: Function, argument: int = 0) -> Function:
    """The function that computes all second derivatives with respect to one argument, (*shape, *shape).

        hessian(f)(x)ᵢⱼ = ∂²f / ∂xᵢ ∂xⱼ

    Raises: TapeError when the result is not one number.

    >>> print(hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0])))
    [[ 6.  0.]
     [ 0. 12.]]
    """

    def second(*arguments: Any) -> Any:
        x = as_array(arguments[argument]).detach().requires_grad_()
        with Recording(True):
            slope = grad(function, argument)(*arguments[:argument], x, *arguments[argument + 1 :])
            entries = slope.reshape(-1)
            rows = [second_row(entries[i], x) for i in range(x.value.size)]
        return x.like(np.reshape(rows, x.value.shape * 2).astype(x.value.dtype))

    return second


def second_row(entry: Array, x: Array) -> np.ndarray[Any, Any]:
    found = tape.gradients([entry], [x], [None], retain=True)[0] if entry.requires_grad else None
    return np.zeros_like(x.value) if found is None else np.asarray(found)


def described(value: Any) -> str:
    return f"an array of shape {value.value.shape}" if isinstance(value, Array) else f"a {type(value).__name__}"
