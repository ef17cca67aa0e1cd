"""Where the entries of a result come from: index by index, against NumPy's own arrays of places."""

from typing import Any

import numpy as np
import pytest
from llvmlite import ir

from gradloop.compiler.builder import Code
from gradloop.compiler.picks import MOVES_OF, PICKS, full_key, index_map
from gradloop.core.spec import FLOAT64, INT64, Spec
from gradloop.core.trace import trace

KEYS = [
    (0,),
    (-1,),
    (slice(None, None, -1),),
    (slice(1, -1),),
    (..., 1),
    (None, 2, ...),
    (slice(None), None, slice(4, 0, -2)),
    (2, -3),
    (slice(0, 3, 2), slice(1, 2)),
    (...,),
    (None, ..., None),
    (slice(-2, None), ..., slice(None, None, 3)),
]


@pytest.mark.parametrize("key", KEYS)
def test_index_map_finds_the_entry(key: tuple[Any, ...]) -> None:
    code = Code(ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), []), "f"))
    places = np.arange(24).reshape(4, 6)
    part = places[key]
    where = index_map(key, places.shape)
    for index in np.ndindex(part.shape):
        assert places[where(code, index)] == part[index]


@pytest.mark.parametrize("key", KEYS)
def test_full_keys_mean_the_same(key: tuple[Any, ...]) -> None:
    places = np.arange(24).reshape(4, 6)
    assert (places[full_key(key, 2)] == places[key]).all()


def test_every_pick_says_how_its_entries_move() -> None:
    assert MOVES_OF.keys() == PICKS.keys()


FUNCTIONS = [
    lambda x, y: x[1:, 2:],
    lambda x, y: x[:, ::2],
    lambda x, y: x[2],
    lambda x, y: x[:, None, 1:4],
    lambda x, y: np.transpose(x),
    lambda x, y: x.reshape(1, 4, 6, 1),
    lambda x, y: x.reshape(6, 4),
    lambda x, y: x[y],
    lambda x, y: x.astype(int),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_moves_follow_neighbours(function: Any) -> None:
    """Where an axis of the result moves along an axis of the source, neighbours there are neighbours here."""
    graph = trace(function, {"x": Spec((4, 6), FLOAT64), "y": Spec((), INT64)})
    (node,) = graph.outputs
    places = np.arange(24.0).reshape(4, 6)
    result = np.asarray(function(places, 1))
    for axis, length in enumerate(node.spec.shape):
        moves = MOVES_OF[node.op](node, axis) if length > 1 else None
        if moves:
            ((source, inner),) = [(child, place) for child, place in moves if child.spec.is_float]
            step = {0: 6, 1: 1}[inner]
            assert source is graph.inputs[0]
            assert (np.diff(result, axis=axis) == step).all()
