"""The parts of a model, and what they share: parameters, and a way to walk through them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Self

from gradloop.textbook.torch import functions
from gradloop.textbook.torch.creation import zeros
from gradloop.textbook.torch.nn import functional
from gradloop.textbook.torch.tensors import Tensor


class ParameterKind(type):
    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, Tensor) and bool(thing.learned)


class Parameter(metaclass=ParameterKind):
    """A tensor that a model learns: one with a mark, so that what is computed from it is a plain tensor.

    >>> print(Parameter(Tensor([1.0, 2.0])))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    def __new__(cls, data: Tensor, requires_grad: bool = True) -> Any:
        marked: Any = data.detach().requires_grad_(requires_grad)
        marked.learned = True
        return marked


class Module:
    """A part of a model: call it with the data; write `forward` in one of your own."""

    training = True

    def forward(self, *inputs: Any) -> Any:
        """What the part computes."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); write what it computes there.")

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The parts of this part, by name."""
        return ((name, part) for name, part in vars(self).items() if isinstance(part, Module))

    def children(self) -> Iterator[Module]:
        """The parts of this part."""
        return (part for _, part in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This part and all within."""
        yield self
        for part in self.children():
            yield from part.modules()

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """What is learned, by name."""
        for name, value in vars(self).items():
            if isinstance(value, Tensor) and value.learned:
                yield prefix + name, value
        for name, part in self.named_children():
            yield from part.named_parameters(f"{prefix}{name}.")

    def parameters(self) -> Iterator[Tensor]:
        """What is learned."""
        return (parameter for _, parameter in self.named_parameters())

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters' numbers by name."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            clear(parameter, set_to_none)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call a function with every part, the innermost first."""
        for part in self.children():
            part.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Say that training goes on, or does not."""
        for part in self.modules():
            part.training = mode
        return self

    def eval(self) -> Self:
        """Say that training is over."""
        return self.train(False)

    def extra_repr(self) -> str:
        """What is said of the part in brackets."""
        return ""

    def __repr__(self) -> str:
        parts = [f"({name}): {part!r}".replace("\n", "\n  ") for name, part in self.named_children()]
        inside = "\n  " + "\n  ".join(parts) + "\n" if parts else self.extra_repr()
        return f"{type(self).__name__}({inside})"


def clear(parameter: Any, set_to_none: bool) -> None:
    """Forget a gradient, or set it to zero."""
    if set_to_none:
        parameter.grad = None
    elif parameter.grad is not None:
        parameter.grad.zero_()


class Linear(Module):
    """y = x · weightᵀ + bias, with first values between ±1/√in_features."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features, self.out_features = in_features, out_features
        reach = 1 / math.sqrt(in_features)
        self.weight = Parameter(zeros(out_features, in_features).uniform_(-reach, reach))
        self.bias = Parameter(zeros(out_features).uniform_(-reach, reach)) if bias else None

    def forward(self, input: Any) -> Any:
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Sequential(Module):
    """Parts one behind the other.

    >>> Sequential(Linear(2, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=1, bias=True)
    )
    """

    def __init__(self, *parts: Module) -> None:
        for place, part in enumerate(parts):
            setattr(self, str(place), part)

    def __getitem__(self, place: int) -> Module:
        return list(self.children())[place]

    def __len__(self) -> int:
        return len(list(self.children()))

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def forward(self, input: Any) -> Any:
        for part in self.children():
            input = part(input)
        return input


class Flatten(Module):
    """Each example's numbers along one axis."""

    def forward(self, input: Any) -> Any:
        return input.reshape(len(input), -1)

    def extra_repr(self) -> str:
        return "start_dim=1, end_dim=-1"


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, input: Any) -> Any:
        return functions.relu(input)


class Sigmoid(Module):
    """1 / (1 + e⁻ˣ)."""

    def forward(self, input: Any) -> Any:
        return functions.sigmoid(input)
