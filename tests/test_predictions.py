import numpy as np
import pyarrow
import pytest

import fits
import gradloop as gl
from gradloop.data.sources import open_source, tables
from gradloop.errors import DataError, OptionError
from gradloop.predictions import Predictions

TABLE = {"street": ["x"] * 4, "town": fits.HOUSES["town"], "area": fits.HOUSES["area"]}


def all_of(found):
    batches = list(found.batches())
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def test_columns_are_matched_by_name_and_only_those_needed_are_read(tmp_path):
    source = open_source(TABLE)
    asked = []
    read = source.batches
    source.batches = lambda columns=None: asked.append(columns) or read(columns)
    found = Predictions(fits.houses(), source)
    np.testing.assert_allclose(all_of(found)["prediction"], fits.HOUSES["price"], rtol=1e-12)
    assert asked == [["area", "town"]]
    assert found.unused() == ("the table: the model does not use column 'street'.",) and found.remarks() == ()


def test_many_batches_are_the_whole(tmp_path):
    x = np.random.default_rng(0).normal(size=100_000)
    fit = gl.fit({"x": x[:50], "y": 2 * x[:50] + 1}, target="y")
    (tmp_path / "x.csv").write_text("x\n" + "\n".join(map(repr, x.tolist())))
    found = Predictions(fit, open_source(tmp_path / "x.csv"), level=0.9)
    batches = list(found.batches())
    assert len(batches) > 1 and list(batches[0]) == ["prediction", "lower", "upper", "mean lower", "mean upper"]
    whole = fit.predict({"x": x})
    np.testing.assert_allclose(np.concatenate([batch["prediction"] for batch in batches]), whole, rtol=1e-12)


def test_a_row_that_does_not_fit_is_named_by_its_line_however_far_down(tmp_path):
    rows = ["area,town", *["50,Ulm"] * 70_000, "50,Mars", "50,Ulm"]
    (tmp_path / "houses.csv").write_text("\n".join(rows))
    with pytest.raises(DataError, match=r'houses.csv: column \'town\' holds "Mars" in line 70002'):
        list(Predictions(fits.houses(), open_source(tmp_path / "houses.csv")).batches())


def test_probabilities_have_the_names_of_the_classes():
    found = Predictions(fits.passing(), open_source({"hours": [5.0, 50.0]}), probability=True)
    expected = {"probability of no": [0.5, 0.0], "probability of yes": [0.5, 1.0]}
    got = all_of(found)
    assert list(got) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, atol=1e-12)


@pytest.mark.parametrize(
    ("fit", "options", "error", "said"),
    [
        (fits.make(), {}, DataError, "fitted to arrays"),
        (fits.houses(), {"probability": True}, OptionError, "predicts no probabilities"),
        (fits.passing(), {"level": 0.9}, OptionError, "A class has no interval"),
        (fits.houses(), {"level": 95}, OptionError, "between 0 and 1"),
        (fits.houses(), {"level": 0.9}, OptionError, "its errors are not known"),
        (fits.passing(), {}, DataError, "lacks the column 'hours'"),
    ],
)
def test_what_cannot_be_told_is_refused_before_any_row_is_read(fit, options, error, said):
    source = open_source(TABLE)
    source.batches = None
    with pytest.raises(error, match=said):
        Predictions(fit, source, **options)


def test_a_pipe_is_read_once(tmp_path):
    source = open_source(TABLE)
    source.one_pass = True
    assert all_of(Predictions(fits.houses(), source))["prediction"].shape == (4,)


def test_kept_columns_stand_before_the_predictions_and_are_not_called_unused():
    found = Predictions(fits.houses(), open_source(TABLE), keep=["street", "area", "street"])
    (batch,) = found.batches()
    assert list(batch) == ["street", "area", "prediction"] and found.unused() == ()
    assert batch["street"].to_pylist() == TABLE["street"] and batch["area"].to_pylist() == TABLE["area"]


@pytest.mark.parametrize("name", ["prediction", "mean lower", "probability of yes"])
def test_a_kept_column_may_not_be_called_as_a_prediction(name):
    with pytest.raises(OptionError, match="is what predictions are called"):
        Predictions(fits.houses(), open_source(TABLE | {name: [1.0] * 4}), keep=[name])


@pytest.mark.parametrize("kind", ["file", "folder", "pipe"])
def test_a_kept_column_that_the_model_reads_is_as_the_file_has_it(tmp_path, kind):
    (tmp_path / "t").mkdir()
    for part in range(2):
        (tmp_path / "t" / f"{part}.csv").write_text("area,town\n050,Ulm\n60.50,Bonn\n")
    source = open_source(tmp_path / ("t" if kind == "folder" else "t/0.csv"))
    source.one_pass = kind == "pipe"
    found = Predictions(fits.houses(), source, keep=["area", "town"])
    plain = fits.houses().predict({"area": [50, 60.5], "town": ["Ulm", "Bonn"]})
    for batch in found.batches():
        times = len(batch["prediction"]) // 2
        assert batch["area"].to_pylist() == ["050", "60.50"] * times
        assert batch["town"].to_pylist() == ["Ulm", "Bonn"] * times
        np.testing.assert_array_equal(batch["prediction"], np.tile(plain, times))


def test_the_first_row_that_is_wrong_is_told_before_what_cannot_be_read_later(monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 1)
    source = open_source(TABLE)
    read = source.batches

    def damaged(columns):
        yield from read(columns)
        for area, town in ((50, "Mars"), (60, "Ulm")):
            yield pyarrow.record_batch({"area": [area], "town": [town]})
        raise DataError("The file ends here.")

    source.batches = damaged
    answers = Predictions(fits.houses(), source).batches()
    assert len(next(answers)["prediction"]) == 4
    with pytest.raises(DataError, match="Mars"):
        next(answers)


def test_a_row_of_several_files_is_named_by_its_file_while_they_are_read(tmp_path):
    for name, town in (("0", "Ulm"), ("1", "Mars"), ("2", "Ulm")):
        (tmp_path / f"{name}.csv").write_text(f"area,town\n50,Ulm\n50,{town}\n")
    with pytest.raises(DataError, match=r'"Mars" in line 3 of .*1.csv'):
        list(Predictions(fits.houses(), open_source(tmp_path)).batches())
