import contextlib
import json
import os
import resource
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import fits
import gradloop as gl
from altered import array, put, put_in, rewritten, without
from gradloop import model_file, tensor_file
from gradloop.errors import DataError, ModelFileError, OptionError
from gradloop.history import COLUMNS
from gradloop.inference import load
from gradloop.losses import huber, quantile
from gradloop.stop import Stop

KINDS = {
    "linear on arrays": fits.make(),
    "linear on a table with missing values": fits.incomplete(),
    "linear on a table": fits.houses(notes=("Größe \x1b\ud800",), holdout={"R2": 0.1 + 0.2, "MAE": float("nan")}),
    "polynomial": fits.cubic(),
    "logistic on a table": fits.passing(),
    "softmax": fits.three_classes(),
    "huber": fits.make(loss=huber(1.35), stop=Stop.DIVERGED),
    "quantile": fits.make(loss=quantile(0.1), seed=2**70, history=fits.History.from_rows([])),
    "no snapshots": fits.make(history=fits.HISTORY),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_comes_back(tmp_path, kind):
    fit = KINDS[kind]
    fit.save(tmp_path / "model")
    back = load(tmp_path / "model")
    for params in ("params", "trained_params"):
        ours, theirs = getattr(fit, params), getattr(back, params)
        assert list(ours) == list(theirs)
        assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)
    assert all(fit.history[name].tobytes() == back.history[name].tobytes() for name in COLUMNS)
    assert [epoch for epoch, _ in fit.history.params] == [epoch for epoch, _ in back.history.params]
    for (_, ours), (_, theirs) in zip(fit.history.params, back.history.params, strict=True):
        assert {name: value.tolist() for name, value in ours.items()} == {
            name: value.tolist() for name, value in theirs.items()
        }
    same = ("feature_names", "stop", "certificate", "preparation", "notes", "seed", "rows", "origin", "units")
    assert all(getattr(fit, name) == getattr(back, name) for name in same)
    assert str(fit.holdout) == str(back.holdout)
    assert back.model.name == fit.model.name and back.loss.name == fit.loss.name
    assert back.loss.function(3.0, 0.0) == fit.loss.function(3.0, 0.0) if fit.loss.target == "number" else True


def test_no_field_is_forgotten_by_the_test_above():
    compared = {"params", "trained_params", "model", "loss", "history", "holdout"}
    compared |= {"feature_names", "stop", "certificate", "preparation", "notes", "seed", "rows", "origin", "units"}
    compared |= {"statistics"}  # in tests/test_standard_errors.py
    never_saved = {"examples", "course"}  # the data, and how training went through them
    assert {field.name for field in fields(fits.make())} == compared | never_saved


def test_saving_twice_gives_the_same_bytes(tmp_path):
    for name in "ab":
        fits.houses().save(tmp_path / name)
    load(tmp_path / "a").save(tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


# --- Files that are not what they should be


@pytest.mark.fault(34)
def test_every_flipped_bit_and_every_cut_of_a_model_is_refused(tmp_path):
    fits.make(history=fits.History.from_rows([])).save(tmp_path / "model")
    whole = (tmp_path / "model").read_bytes()
    for place in range(8 * len(whole)):
        altered = bytearray(whole)
        altered[place // 8] ^= 1 << place % 8
        with pytest.raises(tensor_file._RefusedError):
            tensor_file.decode(bytes(altered))
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            load(tmp_path / "cut")


@pytest.mark.fault(36)
def test_a_newer_file_says_which_gradloop_it_needs(tmp_path):
    tensor_file.write(tmp_path / "model", {}, {"format": 99, "gradloop": "3.1.4\x1b", "needs": "3.0"})
    with pytest.raises(ModelFileError, match=r"was made by gradloop 3\.1\.4\\x1b and needs gradloop 3\.0 or newer"):
        load(tmp_path / "model")


LINEAR = {
    **{f"no {key}": without(key) for key in model_file._document(fits.make())},
    **{f"no {name}": without(name) for name in model_file._arrays(fits.make())},
    **{f"{key} is a wrong type": put(key, {"a": 1} if key != "preparation" else 3) for key in ("stop", "preparation")},
    **{f"{key} is a number": put(key, 3) for key in ("model", "loss", "notes", "feature_names", "certificate")},
    "format is text": put("format", "1"),
    "format is true": put("format", True),
    "format 0": put("format", 0),
    "rows are negative": put("rows", -1),
    "seed is text": put("seed", "0"),
    "stop is unknown": put("stop", "HALTED"),
    "stop is a sentence": put("stop", Stop.FINISHED.value),
    "notes hold a number": put("notes", [1]),
    "a feature too many": put("feature_names", ["x0", "x1", "x2"]),
    "no features": put("feature_names", []),
    "model is unknown": put_in("model", "name", "forest"),
    "model is a method": put_in("model", "name", "__class__"),
    "model is a factory": put_in("model", "name", "polynomial"),
    "model is a large polynomial": put_in("model", "name", "polynomial(9999)"),
    "model is an absurd polynomial": put_in("model", "name", "polynomial(99999999999)"),
    "own is a number": put_in("model", "own", 0),
    "loss is unknown": put_in("loss", "name", "__init__"),
    "loss has another target": put_in("loss", "target", "label"),
    "a user's loss has no known target": put("loss", {"name": "l", "own": True, "target": "x", "given": {}}),
    "loss is given what it does not take": put_in("loss", "given", {"delta": 1.0}),
    "huber is given tau": put("loss", {"name": "huber", "own": False, "target": "number", "given": {"tau": 1.0}}),
    "huber is given -1": put("loss", {"name": "huber", "own": False, "target": "number", "given": {"delta": -1.0}}),
    "loss is given text": put_in("loss", "given", {"delta": "1"}),
    "given is a list": put_in("loss", "given", []),
    "weights are NaN": array("trained.w", [1.0, np.nan]),
    "shown weights are infinite": array("params.w", [1.0, np.inf]),
    "weights of another shape": array("trained.w", [1.0, 2.0, 3.0]),
    "weights as a table": array("trained.w", [[1.0, 2.0]]),
    "shown weights of another shape": array("params.w", [1.0, 2.0, 3.0]),
    "an intercept per class": array("trained.b", np.zeros(2)),
    "a huge intercept": array("trained.b", np.zeros(100_000)),
    "a parameter too many": array("trained.c", 1.0),
    "an array that nobody knows": array("code", 1.0),
    "an array without a name": array("", 1.0),
    "history of unequal columns": array("history.loss", [1.0]),
    "history of another column": array("history.code", [1.0, 2.0]),
    "history as a table": array("history.loss", [[1.0, 2.0]]),
    "snapshots too many": array("snapshots", [1, 2, 3]),
    "snapshots as a table": array("snapshots", [[1]]),
    "snapshot of another shape": array("snapshot.w", [[1.0]]),
    "certificate's value is a list": array("certificate.value", [1.0]),
    "held-out measure is a list": array("holdout.R2", [1.0]),
    "preparation of another width": put("preparation", fits.passing().preparation.to_dict()),
    "preparation is empty": put("preparation", {}),
}


@pytest.mark.fault(41)
@pytest.mark.parametrize("case", LINEAR)
def test_contents_that_do_not_fit_together_are_refused(tmp_path, case):
    tensor_file.write(tmp_path / "model", *rewritten(fits.make(), LINEAR[case]))
    with pytest.raises(ModelFileError, match="does not say what a model file must say") as told:
        load(tmp_path / "model")
    assert "\n" not in str(told.value)


def test_the_tampering_above_starts_from_a_file_that_loads(tmp_path):
    tensor_file.write(tmp_path / "model", *rewritten(fits.make(), lambda arrays, document: None))
    load(tmp_path / "model")


@pytest.mark.parametrize("document", [None, [], 1, "linear", {}, {"format": None}])
def test_documents_of_another_kind_are_refused(tmp_path, document):
    tensor_file.write(tmp_path / "model", {"params.w": np.ones(1)}, document)
    with pytest.raises(ModelFileError):
        load(tmp_path / "model")


def places(value, path=()):
    """The path to every value in a document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


STRANGE = [None, True, 0, -1, 2**64, 1e308, "", "x\x1b", [], [[]], {}, {"a": [None]}]


@pytest.mark.fault(41)
@pytest.mark.parametrize("fit", [fits.houses(), fits.passing(), fits.incomplete()])
def test_no_strange_value_anywhere_in_a_document_brings_another_error(tmp_path, fit):
    arrays, document = dict(model_file._arrays(fit)), model_file._document(fit)
    for *path, last in filter(None, places(document)):
        for strange in STRANGE:
            changed = json.loads(json.dumps(document))
            place = changed
            for key in path:
                place = place[key]
            place[last] = strange
            tensor_file.write(tmp_path / "model", arrays, changed)
            with contextlib.suppress(ModelFileError):
                loaded = load(tmp_path / "model")
                str(loaded.summary())
                with contextlib.suppress(DataError):
                    loaded.predict({**fits.HOUSES, **fits.INCOMPLETE, "hours": [1.0, 2.0, 3.0, 4.0]})


@pytest.mark.parametrize("classes", [["no"], ["no", "perhaps", "yes"], ["no", "no"], [["no"], "yes"]])
def test_classes_that_the_model_cannot_tell_apart_are_refused(tmp_path, classes):
    def change(arrays, document):
        document["preparation"]["classes"] = classes

    tensor_file.write(tmp_path / "model", *rewritten(fits.passing(), change))
    with pytest.raises(ModelFileError):
        load(tmp_path / "model")


def test_features_of_other_names_than_the_tables_columns_are_refused(tmp_path):
    tensor_file.write(tmp_path / "model", *rewritten(fits.houses(), put("feature_names", ["area", "town=Bonn"])))
    with pytest.raises(ModelFileError):
        load(tmp_path / "model")


@pytest.mark.fault(41)
def test_a_softmax_of_a_million_classes_that_are_not_there_is_refused(tmp_path):
    def change(arrays, document):
        arrays["trained.b"] = arrays["params.b"] = np.zeros(1_000_000)
        document["feature_names"] = ["x"] * 100_000

    tensor_file.write(tmp_path / "model", *rewritten(fits.three_classes(), change))
    with pytest.raises(ModelFileError):
        load(tmp_path / "model")


# --- Saving


@pytest.mark.fault(41)
def test_parameters_that_are_not_finite_are_not_saved(tmp_path):
    with pytest.raises(ModelFileError, match="'w' is not finite"):
        fits.make(params={"w": [np.inf, 1.0], "b": 0.0}).save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["missing/model", ".", "/dev/full"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be written: "):
        fits.make().save(place)


@pytest.mark.fault(32)
def test_a_full_disk_keeps_the_old_model(tmp_path):
    path = tmp_path / "model"
    fits.make().save(path)
    before = path.read_bytes()
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import fits, sys; fits.houses().save(sys.argv[1])", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(here), *sys.path]))},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    assert "gradloop.errors.ModelFileError: " in done.stderr and "cannot be written: file too large;" in done.stderr
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model"]
    assert load(path).rows == 10


@pytest.mark.fault(35)
def test_two_who_save_to_one_path_leave_one_whole_model(tmp_path):
    import threading

    savers = [threading.Thread(target=fits.make(seed=seed).save, args=[tmp_path / "model"]) for seed in range(8)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert load(tmp_path / "model").seed in range(8) and os.listdir(tmp_path) == ["model"]
    with pytest.raises(OptionError):
        load(tmp_path / "model").history["code"]


# --- Where it comes from


def test_the_same_rows_have_one_fingerprint_and_other_rows_another(tmp_path):
    columns = {name: list(values) for name, values in fits.HOUSES.items()}
    parquet.write_table(pyarrow.table(columns), tmp_path / "houses.parquet")
    rows = zip(*columns.values(), strict=True)
    (tmp_path / "houses.csv").write_text("area,town,price\n" + "".join(f"{a},{t},{p}\n" for a, t, p in rows))

    def origin(data, **options):
        gl.fit(data, target="price", **options).save(tmp_path / "model")
        return gl.load(tmp_path / "model").origin

    found = [origin(data) for data in (columns, tmp_path / "houses.csv", tmp_path / "houses.parquet")]
    assert len({each.fingerprint for each in found}) == 1 and found[0].fingerprint
    assert [Path(each.source).name for each in found] == ["the table", "houses.csv", "houses.parquet"]
    ridge = origin(columns, penalty=gl.l2(0.1), solver="lbfgs")
    assert ridge == found[0]._replace(solver="LBFGS", penalty="l2")
    assert origin(columns | {"price": [150.0, 340.0, 330.0, 280.5]}).fingerprint != found[0].fingerprint
