"""Training loops put together by hand, for the tests of the compiler."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.loops import Inputs, Train, Update
from gradloop.compiler.program import Program, compile_loop
from gradloop.compiler.reference import ReferenceProgram
from gradloop.core.grad import gradient
from gradloop.core.lift import lift_constants
from gradloop.core.simplify import simplify
from gradloop.core.spec import Spec, spec_of
from gradloop.core.trace import trace
from gradloop.optimizers import Optimizer

Array = Any


class Training(NamedTuple):
    """A loop, and what it is called with."""

    loop: Train
    rows: tuple[Array, ...]
    numbers: Array
    params: Array
    state: Array

    def run(self, first: int, last: int, batch_size: int, seed: int = 0, engine: str = "native") -> "Training":
        """The same training after some steps; the arrays are copies. `done` tells how many steps were done."""
        return self.run_and_count(first, last, batch_size, seed, engine)[0]

    def run_and_count(
        self, first: int, last: int, batch_size: int, seed: int = 0, engine: str = "native"
    ) -> tuple["Training", int]:
        program: Program | ReferenceProgram
        program = compile_loop(self.loop) if engine == "native" else ReferenceProgram(self.loop)
        params, state = self.params.copy(), self.state.copy()
        done = program.train(self.rows, batch_size, first, last, seed, self.numbers, params, state)
        return self._replace(params=params, state=state), done


def training(
    loss: Callable[..., Any],
    rows: Mapping[str, Array],
    params: Mapping[str, Array],
    optimizer: Optimizer,
    shuffled: bool = True,
) -> Training:
    """The loop that trains `loss(*rows, *params)` of one example with an optimizer."""
    row_specs = {name: Spec(array.shape[1:], array.dtype) for name, array in rows.items()}
    specs = row_specs | {name: spec_of(np.asarray(array)) for name, array in params.items()}
    slopes = gradient(simplify(trace(loss, specs, "loss")), list(params))
    inputs = Inputs(slopes.inputs[: len(rows)], slopes.inputs[len(rows) :])
    updates, numbers, state = [], [], [np.zeros(0)]
    for value in params.values():
        update, values = one_update(optimizer, np.asarray(value))
        updates.append(update)
        numbers.append(values)
        state += [np.ravel(part) for part in optimizer.init(np.asarray(value))]
    flat = np.concatenate([np.ravel(value) for value in params.values()])
    loop = Train(slopes, inputs, tuple(updates), shuffled)
    return Training(loop, tuple(rows.values()), np.concatenate(numbers), flat, np.concatenate(state).astype(flat.dtype))


def one_update(optimizer: Optimizer, value: Array) -> tuple[Update, Array]:
    """The optimizer's rule for one parameter, its constants turned into numbers."""
    spec, states = spec_of(value), optimizer.init(value)
    specs = {"w": spec, "g": spec, "t": Spec((), spec.dtype)}
    specs |= {f"state{i}": Spec(np.shape(state), spec.dtype) for i, state in enumerate(states)}

    def rule(w: Any, g: Any, t: Any, *state: Any) -> tuple[Any, ...]:
        moved, new_state = optimizer.update(w, g, state, t)
        return (moved, *new_state)

    graph, numbers, values = lift_constants(trace(rule, specs, optimizer.name))
    return Update(simplify(graph), graph.inputs[3 : 3 + len(states)], numbers), values


def linear_data(n: int, d: int, dtype: Any = np.float64, seed: int = 0) -> dict[str, Array]:
    """x (n, d) and y = x·w + b + noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d))
    y = x @ np.linspace(-1, 1, d) + 0.5 + 0.1 * random.normal(size=n)
    return {"x": x.astype(dtype), "y": y.astype(dtype)}


def linear_params(d: int, dtype: Any = np.float64) -> dict[str, Array]:
    return {"w": np.zeros(d, dtype), "b": np.zeros((), dtype)}


def squared(x: Any, y: Any, w: Any, b: Any) -> Any:
    """Half the squared error of a linear prediction."""
    return (np.dot(x, w) + b - y) ** 2 / 2


def cross_entropy(x: Any, y: Any, w: Any, b: Any) -> Any:
    """Softmax regression, with integer labels y."""
    scores = np.dot(x, w) + b
    return -np.log((np.exp(scores) / np.sum(np.exp(scores)))[y])


def label_data(n: int, d: int, classes: int, dtype: Any = np.float64) -> dict[str, Array]:
    """x (n, d) and labels 0 … classes - 1."""
    random = np.random.default_rng(n + d)
    return {"x": random.normal(size=(n, d)).astype(dtype), "y": random.integers(0, classes, n)}


def label_params(d: int, classes: int, dtype: Any = np.float64) -> dict[str, Array]:
    return {"w": np.zeros((d, classes), dtype), "b": np.zeros(classes, dtype)}
