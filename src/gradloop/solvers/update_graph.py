"""An optimizer's rule as a graph: how one parameter moves, its penalty included."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradloop.compiler.loops import Update, update_of
from gradloop.core.derived import shared
from gradloop.core.graph import Node
from gradloop.core.lift import inline, lift_constants
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec
from gradloop.core.trace import trace
from gradloop.errors import OptionError
from gradloop.optimizers import Optimizer
from gradloop.problem import INTERCEPTS, Problem

Array = Any


def traced_update(problem: Problem, name: str, node: Node, optimizer: Optimizer) -> tuple[Update, Array]:
    """The rule for one parameter, penalty included, and the values of its constants."""
    spec = node.spec
    rule = optimizer.update
    if name in INTERCEPTS and optimizer.intercept_update is not None:
        rule = optimizer.intercept_update
    penalty = problem.penalty if problem.penalised(name) else None
    states = optimizer.init(np.zeros(spec.shape, spec.dtype))
    if not isinstance(states, tuple):
        raise OptionError(f"init of the optimizer {optimizer.name} must return a tuple of arrays, not {states!r}.")
    state_specs = {f"state{i}": Spec(np.shape(s), spec.dtype) for i, s in enumerate(states)}

    def step(w: Any, g: Any, t: Any, *state: Any) -> tuple[Any, ...]:
        if name in problem.penalty_gradients:
            g = g + inline(problem.penalty_gradients[name], {"w": w})[0].astype(spec.dtype)
        moved, new_state = pair(rule(w, g, state, t), optimizer)
        if penalty is not None and penalty.proximal is not None:
            moved = penalty.proximal(moved, optimizer.proximal * optimizer.rate(t))
        return (moved, *new_state)

    specs = {"w": spec, "g": spec, "t": Spec((), spec.dtype)} | state_specs
    lifted, _, values = lift_constants(trace(step, specs, optimizer.name))
    check_update(lifted.outputs, (spec, *state_specs.values()), optimizer)
    return update_of(simplify(shared(lifted)), len(states)), values


def pair(result: Any, optimizer: Optimizer) -> tuple[Any, tuple[Any, ...]]:
    """What an update returned, if it is (w, state)."""
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], tuple):
        return result
    raise OptionError(f"update of the optimizer {optimizer.name} must return (w, state), where state is a tuple.")


def check_update(outputs: tuple[Node, ...], specs: tuple[Spec, ...], optimizer: Optimizer) -> None:
    """A rule must give back what it got: a parameter of the same shape and as many states."""
    found, wanted = [o.spec.shape for o in outputs], [s.shape for s in specs]
    if found != wanted:
        raise OptionError(
            f"The optimizer {optimizer.name} turns (w, *state) of shapes {wanted} into {found}; update must return "
            "(w, state) in the shapes it was given, with init giving the first state."
        )
