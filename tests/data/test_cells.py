"""What cells are taken for; the sentences are tested where files and tables are."""

import numpy as np
import pytest

from gradloop.data.cells import array_column, encode, spots, text_column


def place(row):
    return f"in row {row}"


@pytest.mark.parametrize(
    "texts",
    [
        ["18-25", "26-35", "36-"],
        ["1. White", "2. Black", "3. Asian"],
        ["A1", "B2", "3"],
        ["12 kg", "13 kg", "14 kg"],
        ["1/2", "3/4", "1/4"],
        ["NA", "NA", "DE"],
        ["08:15h", "late", "early"],
        ["1", "2", "three", "four"],
    ],
)
def test_categories_that_only_resemble_numbers_stay_categories(texts):
    column = text_column(*encode(texts), place)
    assert column.problem is None and column.values.tolist() == texts


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("$74.69", "written like"),
        ("-$5", "written like"),
        ("(1,200)", "written like"),
        ("1 234", "written like"),
        ("5 %", "written like"),
        ("EUR 12,50", "written like"),
        ("1.234.567,89", "written like"),
        ("2020/1/2", "dates"),
        ("31.12.2020 10:00", "dates"),
        ("1e5", "a number written as text"),
        (" -.5 ", "a number written as text"),
    ],
)
def test_numbers_and_dates_in_disguise(text, word):
    assert word in text_column([text], np.zeros(5, dtype=int), place).problem.what


def test_half_numbers_half_dressed_ones_are_no_categories():
    what = text_column(*encode(["1", "$2", "3", "$4"]), place).problem.what
    assert what == 'is text because 2 of 4 rows are written like "$2" (in row 1)'


def test_spots():
    hit = np.array([False, True, False, True])
    assert spots(hit, place) == "in 2 rows (first in row 1)"
    assert spots(hit, place, '"x"') == 'in 2 rows (first in row 1: "x")'
    assert spots(hit[:3], place) == "in row 1" and spots(hit[:3], place, '"x"') == 'in row 1 ("x")'


def test_no_values_of_any_type_are_lost_by_judging_them():
    for values in ([1, 2], [1.5, 2.5], [True, False], ["a", "b"]):
        assert array_column(values, place).values.tolist() == values
