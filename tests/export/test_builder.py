import numpy as np
import pytest

from gradloop.errors import OptionError
from gradloop.export.builder import Builder

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def doubled(*columns):
    """A model that doubles its first column."""
    builder = Builder(onnx, list(columns))
    first, *_ = [builder.input(column, np.float64, (), "numbers") for column in columns]
    builder.output("twice", builder("Add", first, first), np.float64, ())
    return builder.model("doubled", ["One.", "Two."], 19, 9)


def test_what_is_built_runs():
    session = runtime.InferenceSession(doubled("x"), providers=["CPUExecutionProvider"])
    assert session.run(["twice"], {"x": np.array([1.0, -2.0])})[0].tolist() == [2.0, -4.0]
    assert onnx.load_from_string(doubled("x")).doc_string == "One.\nTwo."


@pytest.mark.parametrize("column", ["/", "/0", "//0", "///"])
def test_names_of_its_own_are_nobody_elses(column):
    names = [node.output[0] for node in onnx.load_from_string(doubled(column, "y")).graph.node]
    assert column not in names and len(set(names)) == len(names)


def test_equal_constants_are_held_once():
    builder = Builder(onnx, [])
    assert builder.constant(np.zeros(2)) == builder.constant(np.zeros(2))
    others = [np.zeros((1, 2)), -np.zeros(2), np.zeros(2, np.int64), np.array(["", "a"], dtype=object)]
    assert len({builder.constant(each) for each in (np.zeros(2), *others)}) == 5


def test_an_output_is_no_column():
    with pytest.raises(OptionError, match="'twice' is called as an output"):
        doubled("twice")


def test_the_same_in_all_rows_is_repeated():
    builder = Builder(onnx, ["x"])
    builder.input("x", np.float64, (), "")
    builder.output("y", builder.repeated(builder.constant(np.array([[1.0, 2.0]])), (2,)), np.float64, (2,))
    session = runtime.InferenceSession(builder.model("", [], 19, 9), providers=["CPUExecutionProvider"])
    assert session.run(None, {"x": np.zeros(3)})[0].tolist() == [[1.0, 2.0]] * 3
