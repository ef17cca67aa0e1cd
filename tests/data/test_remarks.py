import pytest

from gradloop.data.missing import Rules
from gradloop.data.preparation import Preparation
from gradloop.data.remarks import Remarks
from gradloop.data.table import Table

TRAINED = {"area": [50.0, 80.0, None, 60.0], "town": ["Ulm", "Bonn", "Ulm", "Bonn"], "price": [1.0, 2.0, 3.0, 4.0]}
ASKED = {"area": [1.0, None, None], "town": ["Mars", "Ulm", "Rom"], "street": ["a", "b", "c"]}


def remarks(rules, pieces):
    found = Remarks(Preparation.learn(Table.from_columns(TRAINED), "price", rules=rules))
    for rows in pieces:
        found.add(Table.from_columns({name: values[rows] for name, values in ASKED.items()}))
    return found.sentences("there", list(ASKED))


@pytest.mark.parametrize("pieces", [[slice(0, 3)], [slice(0, 1), slice(1, 3)], [slice(i, i + 1) for i in range(3)]])
def test_everything_is_counted_over_all_batches(pieces):
    assert remarks(Rules("mean", None, "other"), pieces) == (
        "there: the model does not use column 'street'.",
        "there: 2 cells of column 'area' without a value, and the mean of the training rows was taken.",
        "there: column 'town' holds texts not seen in training in 2 rows, such as \"Mars\".",
    )


def test_what_would_be_refused_is_not_counted():
    assert remarks(Rules("drop"), [slice(0, 3)]) == ("there: the model does not use column 'street'.",)


def test_rare_texts_and_new_ones_are_other():
    table = Table.from_columns({"town": ["a", "a", "b", "b", "c", "d"], "price": [1.0, 2, 3, 4, 5, 6]})
    found = Remarks(Preparation.learn(table, "price", rules=Rules(max_levels=3)))
    found.add(Table.from_columns({"town": ["a", "d", "e", "e"]}))
    assert found.sentences("there", ["town"]) == (
        'there: column \'town\' holds texts that are "other" in 3 rows, such as "d".',
    )


def test_many_new_texts_cost_no_memory():
    found = Remarks(Preparation.learn(Table.from_columns(TRAINED), "price", rules=Rules("mean", None, "other")))
    found.add(Table.from_columns({"area": [1.0] * 5000, "town": [f"town {i}" for i in range(5000)]}))
    assert len(found._unseen["town"]) < 10
    assert "in 5000 rows" in found.sentences("there", [])[-1]
