"""The four loops that carry every way of fitting, as plain data that prints as the book's pseudo-code.

Train: epochs, batches, rows: gradient, update.   Sum: one pass over rows.   Map: an answer for each row.
Gram: one pass that adds up a row's products with itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.spec import FLOAT64, Spec


@dataclass(frozen=True)
class Inputs:
    """What a row brings, and what is held fixed while rows pass: inputs of a graph, in the order of handing over."""

    rows: tuple[Node, ...]
    params: tuple[Node, ...]

    @cached_property
    def row_names(self) -> set[str]:
        return {node.attributes["name"] for node in self.rows}

    @property
    def dtype(self) -> np.dtype:
        """The program's precision: that of its parameters."""
        return self.params[0].spec.dtype if self.params else FLOAT64

    @cached_property
    def key(self) -> str:
        """Who is a row's and who is held fixed, in which order: the machine code reads them by place."""
        return f"{[node.attributes['name'] for node in self.rows]} {[node.attributes['name'] for node in self.params]}"

    def __reduce__(self) -> Any:
        both = ([(node.attributes["name"], node.spec) for node in nodes] for nodes in (self.rows, self.params))
        return inputs_of, tuple(both)


def inputs_of(rows: list[tuple[str, Spec]], params: list[tuple[str, Spec]]) -> Inputs:
    """Inputs of these names and specs."""
    return Inputs(*(tuple(input_node(*each) for each in some) for some in (rows, params)))


@dataclass(frozen=True)
class Update:
    """How one parameter moves: a graph (w, g, t, *state, *numbers) -> (w, *state).

    `numbers` are the constants of the rule (learning rate, decay): they are handed over at each call, so that another
    rate needs no other machine code.
    """

    graph: Graph
    state: tuple[Node, ...]
    numbers: tuple[Node, ...]

    def __reduce__(self) -> Any:
        return update_of, (self.graph, len(self.state))


def update_of(graph: Graph, states: int) -> Update:
    """The update of a graph with so many states."""
    return Update(graph, graph.inputs[3 : 3 + states], graph.inputs[3 + states :])


@dataclass(frozen=True)
class Train:
    """Minibatch training: the gradient of one example's loss and the update of each parameter."""

    gradient: Graph
    inputs: Inputs
    updates: tuple[Update, ...]
    shuffled: bool

    @cached_property
    def key(self) -> str:
        updates = "".join(update.graph.key for update in self.updates)
        return f"train {self.shuffled} {self.inputs.key} {self.gradient.key} {updates}"

    def __str__(self) -> str:
        rows = "rows of the batch, in the order of (seed, epoch)" if self.shuffled else "rows of the batch"
        params = [node.attributes["name"] for node in self.inputs.params]
        gradients = ", ".join(f"g_{name}" for name in params)
        features = ", ".join(f"{node.attributes['name']}[i]" for node in self.inputs.rows)
        lines = [
            "for epoch in epochs:",
            "    for batch in batches of the epoch:        # the last one may be short",
            f"        {gradients} = 0",
            f"        for i in {rows}:",
            f"            {gradients} += gradient({features}, {', '.join(params)})",
            "        t = t + 1",
            *(f"        {name} = update_{name}({name}, g_{name} / rows in the batch, t)" for name in params),
            "",
            "where",
            "",
            str(self.gradient),
            "",
        ]
        for name, update in zip(params, self.updates, strict=True):
            lines += [str(update.graph).replace(update.graph.name, f"update_{name}", 1), ""]
        return "\n".join(lines).rstrip()


@dataclass(frozen=True)
class Together:
    """The same training for several runs at once, each with its own numbers, parameters and state."""

    train: Train

    @property
    def inputs(self) -> Inputs:
        return self.train.inputs

    @cached_property
    def key(self) -> str:
        return f"together {self.train.key}"

    def __str__(self) -> str:
        return str(self.train).replace("gradient(", "of each run: gradient(", 1)


@dataclass(frozen=True)
class Sum:
    """One pass over the rows that adds up a graph's outputs, block by block, in float64."""

    graph: Graph
    inputs: Inputs

    @cached_property
    def key(self) -> str:
        return f"sum {self.inputs.key} {self.graph.key}"

    def __str__(self) -> str:
        loops = "for block in blocks of rows:\n    for i in block:\n        total[block] += outputs of row i"
        return f"{loops}\n\n{self.graph}"


@dataclass(frozen=True)
class Map:
    """One pass over the rows that writes a graph's output for each."""

    graph: Graph
    inputs: Inputs

    @cached_property
    def key(self) -> str:
        return f"map {self.inputs.key} {self.graph.key}"

    def __str__(self) -> str:
        return f"for i in rows:\n    result[i] = output of row i\n\n{self.graph}"


@dataclass(frozen=True)
class Gram:
    """One pass over the rows that adds up Gram matrices, Σ s[c] a aᵀ, of a graph's outputs s (c,) and a (m,)."""

    graph: Graph
    inputs: Inputs

    @cached_property
    def key(self) -> str:
        return f"gram {self.inputs.key} {self.graph.key}"

    def __str__(self) -> str:
        loops = "for block in blocks of rows:\n    for i in block:\n        total[block][c] += s[c] a aᵀ of row i"
        return f"{loops}\n\n{self.graph}"


Loop = Train | Sum | Map | Gram
