"""From tape to compiler: a book's update rule, which changes parameters in place, as an optimizer for gl.fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from gradloop.core.graph import Node
from gradloop.core.ops import apply
from gradloop.core.trace import Tracer, describe, refuse
from gradloop.eager import no_grad
from gradloop.errors import OptionError
from gradloop.optimizers import Optimizer, nothing
from gradloop.schedules import Schedule, as_schedule
from gradloop.textbook.torch.tensors import Tensor

Rule = Callable[..., Any]
Numbers = Any  # NumPy's array, or what stands for it
RATES = ("lr", "learning_rate")


def as_optimizer(rule: Rule, **arguments: Any) -> Optimizer:
    """A book's update rule, ``sgd(params, lr, batch_size)``, as an optimizer for `gl.Minibatch`.

    The rule is called with stand-ins that have ``grad`` and take ``param -= ...``, ``param[:] = ...`` and
    ``param.grad.zero_()``; what it does to them is what training does. A rule that takes batch_size divides by it, so
    its grad is the sum over a full batch; without batch_size, grad is the mean. Of a short last batch gradloop takes
    the mean over the rows it has, where the book divides by the nominal size.

    Args:
        rule: a function whose first argument is the list of parameters, which it changes in place
        arguments: the rule's other arguments by name; the learning rate (lr) may be a schedule rate(t)

    Raises:
        OptionError: arguments that the rule does not have, or lacks; a rule that changes nothing.

    >>> def sgd(params, lr, batch_size):
    ...     for param in params:
    ...         param[:] = param - lr * param.grad / batch_size
    >>> as_optimizer(sgd, lr=0.5, batch_size=10).update(np.array([1.0]), np.array([2.0]), (), t=1)[0]
    array([0.])

    Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning, section 3.2.
    """
    check_arguments(rule, arguments)
    size = arguments.get("batch_size", 1)
    name = next((name for name in RATES if name in arguments), None)
    rate = no_rate if name is None else checked_rate(name, arguments[name])

    def update(w: Numbers, g: Numbers, state: tuple[Any, ...], t: Any) -> tuple[Numbers, tuple[Any, ...]]:
        given = arguments if name is None or not callable(arguments[name]) else {**arguments, name: rate(t)}
        param = stand_in(w)
        param.grad = stand_in(size * g)
        before = param.node
        with no_grad():
            returned = rule([param], **given)
        found = param.value if isinstance(param, Tensor) else Tracer(param.node)
        unchanged = np.array_equal(found, w) and np.any(g) if isinstance(param, Tensor) else param.node is before
        if unchanged or returned is not None:
            raise OptionError(
                f"{describe(rule)} {'returns something' if returned is not None else 'changes no parameter'}; a book's "
                "rule changes its parameters in place, param -= lr * param.grad, and returns nothing."
            )
        return found, ()

    return Optimizer(getattr(rule, "__name__", "rule"), nothing, update, rate)


def check_arguments(rule: Rule, arguments: dict[str, Any]) -> None:
    """The rule must be callable with a list of parameters and these arguments."""
    if not callable(rule):
        raise OptionError(f"The rule is {rule!r}; give a function such as sgd(params, lr, batch_size).")
    names = [str(parameter) for parameter in inspect.signature(rule).parameters.values()]
    try:
        inspect.signature(rule).bind([], **arguments)
    except TypeError as problem:
        wanted = ", ".join(f"{name}=..." for name in names[1:])
        raise OptionError(
            f"{describe(rule)} takes ({', '.join(names)}): {problem}; write as_optimizer({rule.__name__}, {wanted})."
        ) from None
    size = arguments.get("batch_size", 1)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise OptionError(f"batch_size is {size!r}, but it must be a whole number from 1, that of gl.Minibatch.")


def checked_rate(name: str, value: Any) -> Schedule:
    try:
        return as_schedule(value)
    except (ValueError, TypeError) as problem:
        raise OptionError(f"{name} is {value!r}: {problem}.") from None


def no_rate(t: Any) -> Any:
    """A rule without a learning rate by that name: what it is cannot be told."""
    return np.nan


# ---- stand-ins ----------------------------------------------------------------------------------------------


def stand_in(x: Numbers) -> Any:
    """What the rule takes for a parameter: a tensor of these numbers, or a tracer that can be changed."""
    return Parameter(x.node) if isinstance(x, Tracer) else Tensor(np.array(x))


class Parameter(Tracer):
    """Stands for a parameter, or its gradient, while a rule is traced: a change in place is the next value."""

    __slots__ = ("grad",)

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.grad: Any = None

    def become(self, value: Any) -> Self:
        """Take another value, of the same shape and type."""
        value = value if isinstance(value, Tracer) else apply("multiply", Tracer(self.node), 0.0) + value
        if np.broadcast_shapes(value.shape, self.shape) != self.shape:
            refuse(f"the rule puts numbers of shape {value.shape} into one of shape {self.shape}", "keep the shape")
        value = value if value.shape == self.shape else apply("broadcast", value, shape=self.shape)
        self.node = value.astype(self.dtype).node
        return self

    @property
    def data(self) -> Parameter:
        """The parameter itself: a rule is never recorded."""
        return self

    @data.setter
    def data(self, value: Any) -> None:
        self.become(value)

    def detach(self) -> Parameter:
        """The parameter itself: a rule is never recorded."""
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        if key not in (slice(None), Ellipsis):
            refuse("the rule changes some entries of a parameter", "change all of them, param[:] = ...")
        self.become(value)

    def __iadd__(self, other: Any) -> Self:
        return self.become(self + other)

    def __isub__(self, other: Any) -> Self:
        return self.become(self - other)

    def __imul__(self, other: Any) -> Self:
        return self.become(self * other)

    def __itruediv__(self, other: Any) -> Self:
        return self.become(self / other)

    def add_(self, other: Any, alpha: float = 1) -> Self:
        """Add in place."""
        return self.become(self + alpha * other)

    def sub_(self, other: Any, alpha: float = 1) -> Self:
        """Subtract in place."""
        return self.become(self - alpha * other)

    def mul_(self, other: Any) -> Self:
        """Multiply in place."""
        return self.become(self * other)

    def fill_(self, value: float) -> Self:
        """Set every number to the same."""
        return self.become(value)

    def zero_(self) -> Self:
        """Set every number to zero."""
        return self.become(0.0)
