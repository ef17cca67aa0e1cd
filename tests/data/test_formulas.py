import numpy as np
import pyarrow
import pytest

from gradloop.data.formulas import Formulas


def told(*batches):
    formulas = Formulas()
    assert len(list(formulas.watch(batches))) == len(batches)
    return formulas.sentences()


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3", "@SUM(1)", "\tx", "\rx", "-5+c|'x'!A", "+"])
def test_what_begins_like_a_formula_is_counted(text):
    for column in (np.array([text, "a", text], dtype=object), np.array([text, "a", text])):
        (said,) = told({"note": column})
        assert said.startswith("column 'note' holds 2 texts that a spreadsheet runs as a formula, such as")
        assert "\t" not in said and "\r" not in said


@pytest.mark.parametrize("text", ["-5", "+4.25e-3", "-.5", "a=b", "", "007", "Ulm", "1-2"])
def test_numbers_and_plain_texts_are_none(text):
    assert told({"note": np.array([text], dtype=object)}) == ()


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.large_string(), pyarrow.dictionary("int8", "string")])
def test_columns_of_arrow_are_looked_at_over_all_batches(kind):
    batch = {"note": pyarrow.chunked_array([pyarrow.array(["=1", None, "b"], "string").cast(kind)])}
    assert "2 texts" in told(batch, batch)[0]


def test_numbers_are_not_looked_at():
    assert told({"x": np.array([-1.0]), "id": pyarrow.chunked_array([[-1, 2]])}) == ()
