"""The cells of a row as single numbers: what is read of each column, and how it becomes features."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gradloop.core.graph import Graph, Node, input_node
from gradloop.core.ops import apply
from gradloop.core.spec import BOOL, FLOAT64, INT64, Spec
from gradloop.core.trace import Tracer
from gradloop.data.features import Feature
from gradloop.export.formula import Formula
from gradloop.export.rewriting import without
from gradloop.export.scalars import scalars

REWRITTEN = frozenset({"logsumexp"})  # of arrays, before they become single numbers


class Cell(NamedTuple):
    """Something that is read of a column: its number, the place of its text among the levels, or whether it is missing.

    A number is already filled in; the place is -1 where the learned shares are to be taken.
    """

    feature: Feature
    what: Literal["number", "level", "missing"]
    node: Node


def cells_of(formula: Formula) -> list[Cell]:
    """What has to be read of a row, in the order of the columns."""
    found = []
    for place, feature in enumerate(formula.features):
        if feature.kind == "text":
            found.append(Cell(feature, "level", input_node(f"level {place}", Spec((), INT64))))
        elif feature.kind != "presence":
            found.append(Cell(feature, "number", input_node(f"number {place}", Spec((), FLOAT64))))
        if feature.indicator:
            found.append(Cell(feature, "missing", input_node(f"missing {place}", Spec((), BOOL))))
    return found


def graph_of_cells(formula: Formula, cells: list[Cell]) -> Graph:
    """The model's outputs, single numbers, computed from the cells."""
    row = [number.node for cell in cells for number in _numbers(formula, cell)]
    return scalars(without(formula.graph, REWRITTEN), row)


def _numbers(formula: Formula, cell: Cell) -> list[Tracer]:
    """The raw features that a cell becomes."""
    value = Tracer(cell.node)
    if cell.what == "number":
        return [value]
    if cell.what == "missing":
        return [apply("where", value, 1.0, 0.0)]
    fill = cell.feature.fill if formula.fills(cell.feature) else (0.0,) * (len(cell.feature.levels) - 1)
    shares = [apply("where", value < 0, share, 0.0) if share else 0.0 for share in fill]
    return [apply("where", value == place, 1.0, share) for place, share in enumerate(shares, start=1)]
