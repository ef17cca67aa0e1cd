"""Every type of Arrow's columns becomes numbers, booleans, text, dates, or a sentence."""

import datetime
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow
import pytest
from numpy.testing import assert_array_equal

from gradloop.data.arrow import arrow_column, as_arrow, as_numpy, plain_values, wider


def judged(*parts, kind=None):
    arrays = [part if isinstance(part, pyarrow.Array) else pyarrow.array(part, kind) for part in parts]
    return arrow_column(pyarrow.chunked_array(arrays, arrays[0].type), lambda row: f"in row {row}")


@pytest.mark.parametrize(
    "kind",
    ["int8", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64", pyarrow.decimal128(10, 2)],
    ids=str,
)
def test_numbers_of_every_width(kind):
    kind = pyarrow.type_for_alias(kind) if isinstance(kind, str) else kind
    values = [Decimal(3), Decimal(5)] if pyarrow.types.is_decimal(kind) else np.array([3, 5], kind.to_pandas_dtype())
    whole = judged(pyarrow.array(values, kind))
    assert whole.values.tolist() == [3, 5] and whole.problem is None and whole.missing is None
    assert whole.values.dtype == (np.int64 if "int" in str(kind) else np.float64)
    holed = judged(pyarrow.array(values, kind), pyarrow.nulls(1, kind))
    assert holed.values[:2].tolist() == [3, 5] and holed.missing.tolist() == [False, False, True]


def test_integers_beyond_those_of_floats_are_told():
    assert judged([2**64 - 1], kind=pyarrow.uint64()).problem.what.startswith("holds integers too long")
    assert "9007199254740995" in judged([2**53 + 3, None]).problem.what
    assert judged([2**53, None]).problem is None


def test_not_a_number_is_missing_and_infinity_a_problem():
    assert judged([1.0, float("nan"), None]).missing.tolist() == [False, True, True]
    assert 'in row 1 ("inf")' in judged([1.0, float("inf")]).problem.what


def test_booleans_and_nothing():
    column = judged([True, None, False])
    assert column.values.dtype == np.bool_ and column.missing.tolist() == [False, True, False]
    assert judged([None, None]).missing.all() and judged([], kind=pyarrow.float64()).values.shape == (0,)
    assert judged([], kind=pyarrow.string()).values.shape == (0,)


TEXTS = ["x", None, "y", "x", "", "NA"]


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.string(),
        pyarrow.large_string(),
        pyarrow.string_view(),
        pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
        pyarrow.dictionary(pyarrow.uint32(), pyarrow.large_string()),
        pyarrow.binary(),
    ],
    ids=str,
)
def test_text_in_every_form(kind):
    plain = pyarrow.array(TEXTS)
    array = plain.dictionary_encode().cast(kind) if pyarrow.types.is_dictionary(kind) else plain.cast(kind)
    column = judged(array, array.slice(2))
    assert column.values.tolist() == ["x", "", "y", "x", "", "NA", "y", "x", "", "NA"]
    assert column.missing.tolist() == [text in (None, "") for text in TEXTS + TEXTS[2:]]


def test_dictionaries_of_views_and_of_numbers_and_with_nulls_inside():
    views = pyarrow.DictionaryArray.from_arrays([0, 1, None], pyarrow.array(["u", "v"], pyarrow.string_view()))
    assert judged(views).values.tolist() == ["u", "v", ""]
    numbers = pyarrow.DictionaryArray.from_arrays([1, 0, None], pyarrow.array([10, 20]))
    assert judged(numbers).values[:2].tolist() == [20, 10] and judged(numbers).missing.tolist() == [False, False, True]
    holed = pyarrow.DictionaryArray.from_arrays([0, 1], pyarrow.array(["u", None]))
    assert judged(holed).values.tolist() == ["u", ""] and judged(holed).missing.tolist() == [False, True]


def test_different_dictionaries_in_the_chunks_are_one():
    chunks = [pyarrow.array(texts).dictionary_encode() for texts in (["a", "b"], ["b", "c", None])]
    assert judged(*chunks).values.tolist() == ["a", "b", "b", "c", ""]


def test_a_dictionary_as_large_as_its_indices_can_count():
    texts = [str(number) + "x" for number in range(128)] + [None]
    array = pyarrow.array(texts).dictionary_encode().cast(pyarrow.dictionary(pyarrow.int8(), pyarrow.string()))
    assert judged(array).values.tolist() == [*texts[:-1], ""]


def test_runs_are_written_out():
    runs = pyarrow.RunEndEncodedArray.from_arrays([2, 5], [1.5, 2.5])
    assert judged(runs).values.tolist() == [1.5, 1.5, 2.5, 2.5, 2.5]


def test_instants_are_those_of_utc():
    day = datetime.datetime(2024, 7, 1, 12)
    for kind in (pyarrow.timestamp("ns"), pyarrow.timestamp("s"), pyarrow.date64(), pyarrow.date32()):
        column = judged(pyarrow.array([day, None], pyarrow.timestamp("s")).cast(kind, safe=False))
        assert column.values.dtype == "datetime64[us]" and column.missing.tolist() == [False, True]
        assert column.values[0] == np.datetime64(day if pyarrow.types.is_timestamp(kind) else day.date(), "us")
    berlin = pyarrow.array([np.datetime64(day)], pyarrow.timestamp("us")).cast(pyarrow.timestamp("ms", "Europe/Berlin"))
    assert judged(berlin).values[0] == np.datetime64(day, "us")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[1], [2]], "holds values of type list<"),
        ([{"u": 1}], "holds values of type struct<"),
        ([datetime.time(1)], "holds values of type time64"),
        ([datetime.timedelta(1)], "holds values of type duration"),
        ([b"\xff\x00"], "holds values of type binary"),
        (pyarrow.array([2**50], pyarrow.timestamp("s")), "holds dates beyond the year"),
    ],
)
def test_what_is_neither_number_text_nor_date(values, said):
    column = judged(values)
    assert column.problem.what.startswith(said) and len(column.values) == len(values)


def test_text_that_is_none():
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 1, pyarrow.array([b"\xff"]).buffers())
    assert judged(broken).problem.what == "holds text that is not UTF-8"


def test_extensions_are_what_they_are_stored_as():
    array = pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(["{}"]))
    assert plain_values(pyarrow.chunked_array([array])).type == pyarrow.string()


def test_the_wider_of_two_types():
    whole, fraction, text, nothing = pyarrow.int64(), pyarrow.float64(), pyarrow.string(), pyarrow.null()
    assert wider(whole, fraction) == wider(fraction, whole) == fraction
    assert wider(nothing, text) == wider(text, whole) == text and wider(whole, nothing) == whole
    assert wider(whole, text) is None and wider(pyarrow.bool_(), whole) is None
    assert wider(pyarrow.date32(), pyarrow.timestamp("s")) == pyarrow.timestamp("s")


@pytest.mark.parametrize(
    "cells",
    [
        [[1, 2], [3]],
        [[1.5, None], [float("nan")]],
        [[True, False]],
        [[2**60 + 1, None]],
        [],
        [[]],
    ],
)
def test_numbers_are_what_arrow_makes_of_them(cells):
    given = pyarrow.chunked_array(cells, None if any(map(len, cells)) else pyarrow.float64())
    assert_array_equal(as_numpy(given), given.to_numpy())
    assert as_numpy(given).dtype == given.to_numpy().dtype


def test_decimals_and_half_floats():
    for kind in (pyarrow.decimal128(5, 2), pyarrow.float16()):
        given = pyarrow.chunked_array([pyarrow.array([1.5, 2.25], pyarrow.float64()).cast(kind)])
        assert as_numpy(given).astype(float).tolist() == [1.5, 2.25]


def printed(code):
    with TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_text("x,y\n1,2\n2,4.5\n3,5\n")
        paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run([sys.executable, "-c", code], cwd=folder, env=paths, capture_output=True, text=True)
    return said.stdout or said.stderr


def test_reading_numbers_loads_no_pandas():
    code = "import sys, gradloop as gl; gl.fit('t.csv', target='y'); print('pandas' in sys.modules)"
    assert printed(code) == "False\n"


@pytest.mark.parametrize("kind", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "U3", "M8[us]"])
def test_arrays_are_what_arrow_makes_of_them(kind):
    values = np.arange(9)[::2].astype(kind)  # 0, 2, ..., which do not lie one behind the other
    missing = np.array([False, True, False, False, True])
    assert as_arrow(values).equals(pyarrow.array(values)) and as_arrow(values[:0]).equals(pyarrow.array(values[:0]))
    assert as_arrow(values, missing).equals(pyarrow.array(values, mask=missing))
    assert as_arrow(values, missing).null_count == 2


def test_predicting_numbers_loads_no_pandas():
    code = """
import sys, numpy as np, gradloop as gl
from gradloop.data.writing import write_columns
x = np.array([1.0, 2.0, 3.0])
write_columns("t.parquet", [{"y": gl.fit({"x": x, "y": 2 * x + 1}, target="y").predict({"x": x})}])
print("pandas" in sys.modules)"""
    assert printed(code) == "False\n"
