"""What is derived of a graph is derived once: a second fit of the same model traces it and finds the rest.

A function is traced anew for each fit, because it may have changed, or what it reads from outside. If the graph is the
same to the last bit as one before, that one is taken, and with it its gradient and whatever else was kept with it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from gradloop.core.graph import Graph

MOST_GRAPHS = 64  # those that were asked for last
MOST_NUMBERS = 2**16  # in the constants of a graph that is kept

_graphs: OrderedDict[Any, Graph] = OrderedDict()
_lock = threading.Lock()
Result = TypeVar("Result")
Others = ParamSpec("Others")


def shared(graph: Graph) -> Graph:
    """The graph that was the same before, if there was one; else this one, from now on.

    >>> from gradloop.core.spec import FLOAT64, Spec
    >>> from gradloop.core.trace import trace
    >>> one, other = (shared(trace(lambda w: w * 2, {"w": Spec((), FLOAT64)}, "double")) for _ in range(2))
    >>> one is other
    True
    """
    if sum(node.spec.size for node in graph.nodes if node.is_constant) > MOST_NUMBERS:
        return graph
    return remembered(graph.structure, lambda: graph)


def remembered(key: Any, make: Callable[[], Graph]) -> Graph:
    """The graph of a key, which is made when it is not there."""
    with _lock:
        found = _graphs.get(key)
    graph = found or make()
    with _lock:
        found = _graphs.setdefault(key, graph)
        _graphs.move_to_end(key)
        if len(_graphs) > MOST_GRAPHS:
            _graphs.popitem(last=False)
    return found


def once(derive: Callable[Concatenate[Graph, Others], Result]) -> Callable[Concatenate[Graph, Others], Result]:
    """The function, with what it derives of a graph (its first argument) kept with that graph."""

    @wraps(derive)
    def kept(graph: Graph, /, *others: Others.args, **named: Others.kwargs) -> Result:
        plain = tuple(tuple(each) if isinstance(each, list) else each for each in others)
        key = (derive.__module__, derive.__qualname__, plain, tuple(sorted(named.items())))
        if key not in graph.derived:
            graph.derived[key] = derive(graph, *others, **named)
        return graph.derived[key]  # type: ignore[no-any-return]

    return kept
