"""ONNX nodes, written one after the other: names, constants, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradloop.data import words
from gradloop.errors import OptionError
from gradloop.text import printable
from gradloop.version import __version__

ROWS = "rows"  # what the length of the first axis is called


class Builder:
    """Collects the nodes of a graph; calling it adds one and returns the name of its result.

    Names of our own begin with a stroke, as often as it takes to be no column's.
    """

    def __init__(self, onnx: Any, columns: list[str]) -> None:
        self._onnx = onnx
        self._columns = columns
        self._stroke = "/"
        while any(column.startswith(self._stroke) for column in columns):
            self._stroke += "/"
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._constants: list[Any] = []
        self._known: dict[Any, str] = {}

    def __call__(self, operation: str, *inputs: str, **attributes: Any) -> str:
        name = self._fresh()
        self._nodes.append(self._onnx.helper.make_node(operation, list(inputs), [name], name, **attributes))
        return name

    def _fresh(self) -> str:
        return f"{self._stroke}{len(self._nodes) + len(self._constants)}"

    def constant(self, value: np.ndarray) -> str:
        """An array that the file holds; equal ones are held once."""
        key = (value.dtype.str, value.shape, value.tobytes() if value.dtype != object else tuple(value.ravel()))
        if key not in self._known:
            self._known[key] = self._fresh()
            self._constants.append(self._onnx.numpy_helper.from_array(value, self._known[key]))
        return self._known[key]

    def integers(self, *values: int) -> str:
        """A constant list, of axes or lengths."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, dtype: Any) -> str:
        """The value in another type."""
        return self("Cast", value, to=self._type(dtype))

    def reshape(self, value: str, shape: tuple[int, ...]) -> str:
        """The value with other axes behind that of the rows."""
        return self("Reshape", value, self.integers(0, *shape))

    def repeated(self, value: str, shape: tuple[int, ...]) -> str:
        """The value once for each row, also where it is the same in all of them."""
        rows = self("Shape", self._inputs[0].name, start=0, end=1)
        return self("Expand", value, self("Concat", rows, self.integers(*(1,) * len(shape)), axis=0))

    def input(self, name: str, dtype: Any, shape: tuple[int, ...], told: str) -> str:
        """A column of the table, or all of an array's."""
        self._inputs.append(self._value(name, dtype, shape, told))
        return name

    def output(self, name: str, value: str, dtype: Any, shape: tuple[int, ...]) -> None:
        """Give a value the name of an output.

        Raises: OptionError if a column is called so.
        """
        if any(each.name == name for each in self._inputs):
            raise OptionError(
                f"The column {words.name(name)} is called as an output of the ONNX model; rename it and fit again."
            )
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name], name))
        self._outputs.append(self._value(name, dtype, shape, ""))

    def model(self, name: str, told: Sequence[str], opset: int, ir_version: int) -> bytes:
        """All of it, checked."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, printable(name) or "model", self._inputs, self._outputs, self._constants)
        found = helper.make_model(
            graph,
            producer_name="gradloop",
            producer_version=__version__,
            opset_imports=[helper.make_opsetid("", opset)],
            ir_version=ir_version,
            doc_string="\n".join(told),
        )
        self._onnx.checker.check_model(found, full_check=True)
        return bytes(found.SerializeToString())

    def _value(self, name: str, dtype: Any, shape: tuple[int, ...], told: str) -> Any:
        if not name or name != name.encode(errors="ignore").decode():
            raise OptionError(
                f"A column is called {words.name(name)}, which cannot be an input of an ONNX model; "
                "rename it and fit again."
            )
        return self._onnx.helper.make_tensor_value_info(name, self._type(dtype), [ROWS, *shape], told)

    def _type(self, dtype: Any) -> int:
        if dtype is np.str_:
            return int(self._onnx.TensorProto.STRING)
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
