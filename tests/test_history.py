import json

import numpy as np
import pytest

from gradloop.errors import OptionError
from gradloop.history import COLUMNS, SNAPSHOTS, History, Row, epochs_to_keep


def a_history(epochs):
    rows = [Row(t, 1.0 / t, 2.0 / t, 0.1, 10 * t, 0.5 * t) for t in range(1, epochs + 1)]
    return History.from_rows(rows, [(epochs, {"w": np.ones(2)})])


def test_columns_rows_and_length_agree():
    history = a_history(3)
    assert len(history) == 3
    assert [row.loss for row in history] == history["loss"].tolist() == [1.0, 0.5, 1 / 3]
    assert list(history)[2] == Row(3, 1 / 3, 2 / 3, 0.1, 30, 1.5)
    assert history["epoch"].dtype == history["rows"].dtype == np.int64


def test_no_epochs_is_a_history_too():
    assert len(History.from_rows([])) == 0
    assert str(History.from_rows([])).split() == list(COLUMNS)


def test_columns_cannot_be_changed_through_the_history_or_the_source():
    losses = np.ones(1)
    history = History(np.array([1]), losses, losses, losses, np.array([1]), losses)
    losses[0] = 5
    assert history["loss"][0] == 1
    with pytest.raises(ValueError, match="read-only"):
        history["loss"][0] = 0


@pytest.mark.parametrize("loss", [np.ones(2), np.ones((1, 1)), np.float64(1)])
def test_columns_of_unequal_length_are_refused(loss):
    one = np.ones(1)
    with pytest.raises(OptionError, match="one entry per epoch"):
        History(one.astype(int), loss, one, one, one.astype(int), one)


def test_unknown_column_is_answered_with_those_there_are():
    with pytest.raises(OptionError, match=r"no column 'los'; it has epoch, loss,"):
        a_history(1)["los"]


def test_a_short_table_is_printed_whole_and_a_long_one_has_a_gap():
    assert len(str(a_history(11)).splitlines()) == 12
    long = str(a_history(1000)).splitlines()
    assert [line.split()[0] for line in long] == [
        "epoch",
        *"12345",
        "...",
        "996",
        "997",
        "998",
        "999",
        "1000",
    ]
    assert len({len(line) for line in long[1:]}) == 1


def test_what_is_not_finite_becomes_none_for_json():
    history = History.from_rows([Row(1, float("inf"), float("nan"), 0.1, 10, 0.5)])
    columns = json.loads(json.dumps(history.to_dict(), allow_nan=False))
    assert columns["loss"] == columns["gradient_norm"] == [None]
    assert columns["rows"] == [10]


@pytest.mark.parametrize(("epochs", "size"), [(1, 3), (2, 10**9), (64, 1), (1000, 1), (1000, 10**5), (7, 0)])
def test_kept_epochs_have_both_ends_and_stay_within_bounds(epochs, size):
    kept = sorted(epochs_to_keep(epochs, size))
    assert kept[0] == 1 and kept[-1] == epochs
    assert len(kept) <= SNAPSHOTS
    assert len(kept) <= 2 or len(kept) * size <= 10**6
    gaps = np.diff(kept)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
