"""What cells are taken for; the sentences are tested where files and tables are."""

import numpy as np
import pytest

from gradloop.data.cells import EXACT, Level, array_column, encode, is_plain, misspelled, spots, text_column


def place(row):
    return f"in row {row}"


def levels(texts):
    found = dict.fromkeys(texts)
    return {text: Level(texts.count(text), place(texts.index(text))) for text in found}


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
    column = text_column(*encode(np.array(texts, object)))
    assert column.problem is None and column.missing is None and column.values.tolist() == texts
    assert misspelled(levels(texts)) is None


@pytest.mark.fault(22)
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
    assert word in misspelled({text: Level(5, "in line 2")}).what


@pytest.mark.fault(22)
def test_half_numbers_half_dressed_ones_are_no_categories():
    what = misspelled(levels(["1", "$2", "3", "$4"])).what
    assert what == 'is text because 2 of 4 rows are written like "$2" (in row 1)'


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["1", "n/a", "3"], 'holds "n/a" in row 1, while 2 of 3 rows hold numbers'),
        (["1", "x", "3", "y", "5", "NA"], 'holds "x" in row 1 and text in 1 more row, while 3 of 6 rows hold numbers'),
        (["1", "2"], 'holds "1" in row 0, a number written as text'),
        (["1", "NA"], 'holds "1" in row 0, a number written as text'),
    ],
)
def test_text_among_numbers(texts, said):
    assert misspelled(levels(texts)).what == said


@pytest.mark.parametrize("rows", [7, 20_000])
@pytest.mark.parametrize("values", [["b", "a", "", "b"], ["b", None, "é", "a", float("nan")], ["\ud800", "x"]])
def test_long_columns_of_text_are_read_like_short_ones(rows, values):
    texts = np.array(values, object)[np.arange(rows) % len(values)]
    column = array_column(texts, place)
    clean = ["" if value is None or value != value else value for value in texts]
    assert column.values.tolist() == clean
    gone = [not value for value in clean]
    assert (column.missing is None and not any(gone)) or column.missing.tolist() == gone
    found, codes = encode(column.values)
    assert [found[code] for code in codes] == clean and found == list(dict.fromkeys(clean))
    assert encode(column.values, 1)[0] == found[:1]


@pytest.mark.parametrize("rows", [2, 20_000])
def test_masked_texts_are_missing(rows):
    texts = np.ma.masked_array(np.resize(np.array(["a", "b"], object), rows), np.arange(rows) % 2 == 1)
    column = array_column(texts, place)
    assert column.missing.tolist() == texts.mask.tolist() and set(column.values) == {"a", ""}


@pytest.mark.parametrize("values", [[3.5, 1.0, 3.5], [True, False, True], [2, 2, 7]])
def test_encoding_other_types(values):
    found, codes = encode(np.array(values))
    assert found == list(dict.fromkeys(values)) and [found[code] for code in codes] == values
    assert list(map(type, found)) == list(map(type, dict.fromkeys(values)))


def test_spots():
    hit = np.array([False, True, False, True])
    assert spots(hit, place) == "in 2 rows (first in row 1)"
    assert spots(hit, place, '"x"') == 'in 2 rows (first in row 1: "x")'
    assert spots(hit[:3], place) == "in row 1" and spots(hit[:3], place, '"x"') == 'in row 1 ("x")'


def test_no_values_of_any_type_are_lost_by_judging_them():
    for values in ([1, 2], [1.5, 2.5], [True, False], ["a", "b"]):
        assert array_column(values, place).values.tolist() == values


@pytest.mark.parametrize("values", [[0.5, -3.0], [-EXACT, EXACT], [True, False], [np.finfo(float).tiny]])
def test_plain_numbers(values):
    assert is_plain(np.array(values))


@pytest.mark.parametrize(
    "values", [[], [1.0, np.nan], [np.nan, 1.0], [np.inf], [-np.inf, 0.0], [EXACT + 1], [1, -EXACT - 1]]
)
def test_numbers_to_look_at(values):
    assert not is_plain(np.array(values))
