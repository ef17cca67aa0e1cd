"""Optimizers: how a gradient changes the parameters, in place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradloop.eager.base import changed
from gradloop.errors import TapeError
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch.nn.modules import clear

__all__ = ["SGD", "Adam", "Optimizer"]

Numbers = np.ndarray[Any, Any]


class Optimizer:
    """Changes parameters by their gradients; `params` are tensors, or groups of them with options of their own."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        given = list(params) if isinstance(params, Iterable) else []
        if not given:
            raise TapeError("The optimizer got no parameters; give net.parameters(), or [w, b].")
        if not isinstance(given[0], dict):
            given = [{"params": given}]
        self.param_groups = [{**defaults, **group, "params": listed(group["params"])} for group in given]
        for group in self.param_groups:
            if not group.get("lr", 0) >= 0:
                raise TapeError(f"lr is {group['lr']!r}, but a learning rate is a number from 0.")
        self.state: dict[Any, dict[str, Any]] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                clear(parameter, set_to_none)

    def step(self) -> None:
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    slope = parameter.grad.value + group["weight_decay"] * parameter.value
                    parameter.value -= self.change(parameter, slope, group)
                    changed(parameter)

    def change(self, parameter: Any, slope: Numbers, group: dict[str, Any]) -> Numbers:
        """What is subtracted."""
        raise NotImplementedError


def listed(params: Any) -> list[Any]:
    return list(params) if isinstance(params, Iterable) and not hasattr(params, "value") else [params]


class SGD(Optimizer):
    """A step against the gradient, with a velocity where momentum is given.

        v ← momentum · v + g;   w ← w - lr · v

    >>> from gradloop.textbook import torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.1).step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.001, momentum: float = 0, weight_decay: float = 0
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def change(self, parameter: Any, slope: Numbers, group: dict[str, Any]) -> Numbers:
        if group["momentum"]:
            before = self.state.get(parameter, {}).get("momentum_buffer", 0.0)
            slope = group["momentum"] * before + slope
            self.state[parameter] = {"momentum_buffer": slope}
        return slope * group["lr"]  # type: ignore[no-any-return]


class Adam(Optimizer):
    """Steps in units of the gradient's recent size.

    Source: Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def change(self, parameter: Any, slope: Numbers, group: dict[str, Any]) -> Numbers:
        first, second = group["betas"]
        state = self.state.setdefault(parameter, {"step": 0, "exp_avg": 0.0, "exp_avg_sq": 0.0})
        state["step"] += 1
        state["exp_avg"] = first * state["exp_avg"] + (1 - first) * slope
        state["exp_avg_sq"] = second * state["exp_avg_sq"] + (1 - second) * slope * slope
        m_hat = state["exp_avg"] / (1 - first ** state["step"])
        v_hat = state["exp_avg_sq"] / (1 - second ** state["step"])
        return group["lr"] * m_hat / (np.sqrt(v_hat) + group["eps"])  # type: ignore[no-any-return]


__getattr__ = _uncovered("torch.optim", lambda: __all__)
