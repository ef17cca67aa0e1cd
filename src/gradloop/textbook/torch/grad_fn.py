"""What PyTorch calls the step that made a tensor: ``grad_fn=<AddBackward0>``."""

from __future__ import annotations

from typing import Any

from gradloop.eager import Array

USUAL = {
    "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "matmul": "Mm", "negative": "Neg",
    "reshape": "View", "transpose": "Permute", "take": "Index", "concatenate": "Cat", "logistic": "Sigmoid",
    "convert": "ToCopy", "broadcast": "Expand", "arctan": "Atan",
}  # fmt: skip


class GradFn:
    """The step of the tape that made a tensor, or the end of the tape."""

    __slots__ = ("_name", "node")

    def __init__(self, node: Any, name: str) -> None:
        self.node, self._name = node, name

    def name(self) -> str:
        """What PyTorch calls it."""
        return self._name

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """Where the walk back goes from here."""
        parents = getattr(self.node, "parents", ())
        return tuple((None if node is None else GradFn(node, usual_name(node)), 0) for node in parents)

    def __repr__(self) -> str:
        return f"<{self._name} object at {id(self.node):#x}>"


def named(result: Any, name: str) -> Any:
    """Give the step that made a tensor PyTorch's name, where several operations of the table do what one does there."""
    if isinstance(result, Array) and not result.is_leaf:
        result.called = (result.node, name)  # type: ignore[attr-defined]
    return result


def grad_fn(tensor: Any) -> GradFn | None:
    """The step that made a tensor; None for a leaf."""
    if tensor.is_leaf:
        return None
    node, name = tensor.called or (None, "")
    return GradFn(tensor.node, name if node is tensor.node else usual_name(tensor.node))


def usual_name(node: Any) -> str:
    """The name that follows from the operation."""
    if not hasattr(node, "op"):
        return "torch::autograd::AccumulateGrad"
    numbers = [x for x in node.inputs or () if not isinstance(x, Array)]
    if node.op == "subtract" and numbers and node.parents[0] is None:
        return "RsubBackward1"
    if node.op == "divide" and numbers and node.parents[0] is None:
        return "MulBackward0"  # by the reciprocal
    if node.op == "index":
        return "SelectBackward0" if is_number(node.attributes["key"]) else "SliceBackward0"
    kind = 0
    if node.op == "power":
        kind = 2 if node.parents[0] is None and numbers else int(not numbers)
    if node.op == "sum" and node.inputs is not None:
        kind = int(0 < len(node.attributes["axis"]) < node.inputs[0].value.ndim)
    return f"{USUAL.get(node.op, node.op.capitalize())}Backward{kind}"


def is_number(key: Any) -> bool:
    last = key[-1] if isinstance(key, tuple) and key else key
    return isinstance(last, int)
