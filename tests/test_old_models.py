"""Models of every kind in every format that ever was, written by the gradloop of its time: they are read for ever.

`write_old_models.py` wrote them, and beside each format what its models predicted then.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import fits
import old_laws
from gradloop import model_file, tensor_file
from gradloop.errors import DataError, ModelFileError
from gradloop.inference import load
from gradloop.losses import quantile
from write_old_models import KINDS, OLD, as_data, predicted

DOCS = Path(__file__).parent.parent / "docs"
NAMES = sorted(path.stem for path in OLD.glob("*.safetensors"))
STORED = {name: told for path in sorted(OLD.glob("*.json")) for name, told in json.loads(path.read_text()).items()}
LATER = {1: {"prepared"}, 2: set(), 3: set()}  # kinds that a format could not hold
EXACT = {f"format-1-exact-{kind}" for kind in ("linear", "logistic")}


def opened(name):
    """An old model; the formats before the third do not know where its function can be imported from."""
    before = name in ("format-1-law", "format-2-law")
    return load(OLD / f"{name}.safetensors", **({"model": old_laws.decay} if before else {"trust": True}))


def test_there_is_a_file_of_every_kind_and_format():
    assert set(LATER) == set(range(1, model_file.FORMAT + 1)), "write the corpus of the new format: write_old_models.py"
    kinds = {kind.__name__ for kind in KINDS}
    written = {f"format-{number}-{kind}" for number, later in LATER.items() for kind in kinds - later}
    assert set(STORED) == written and set(NAMES) == written | EXACT
    for name in NAMES:
        assert tensor_file.read(OLD / f"{name}.safetensors")[1]["format"] == int(name.split("-")[1])


@pytest.mark.fault(36)
@pytest.mark.parametrize("name", STORED)
def test_an_old_model_says_what_it_said_then(name):
    said = dict(STORED[name])
    found = predicted(opened(name), as_data(said.pop("data")))
    assert set(found) >= set(said), "what a model could tell it must tell for ever"
    for question, expected in said.items():
        answer = found[question]
        assert type(answer) is type(expected)
        for part in expected if isinstance(expected, dict) else [...]:
            then, now = (expected, answer) if part is ... else (expected[part], answer[part])
            if isinstance(then[0], str):
                assert now == then
            else:
                np.testing.assert_allclose(now, then, rtol=1e-11)


def test_the_stored_predictions_are_those_of_the_laws():
    """What was stored is right, too: the data were made from these formulas, with noise of about 1."""
    for number in LATER:
        price = [3 * 60 + 100 - 100 + 50, 3 * 200 + 100 + 20]
        np.testing.assert_allclose(STORED[f"format-{number}-linear"]["predict"], price, atol=3)
        decay = [3.0, 3 * np.exp(-1.0)]
        np.testing.assert_allclose(STORED[f"format-{number}-law"]["predict"], decay, atol=0.03)
        assert STORED[f"format-{number}-softmax"]["predict"] == ["small", "middle", "large"]
        assert STORED[f"format-{number}-logistic"]["predict"][::2] == ["no", "yes"]
        rows = np.array(STORED[f"format-{number}-arrays"]["data"])
        np.testing.assert_allclose(STORED[f"format-{number}-arrays"]["predict"], rows @ [2.0, -1.0] + 1, atol=1)


def test_a_linear_model_of_the_first_format_predicts_what_it_was_fitted_to():
    """The data were price = 3 area + 100, 100 less in Ulm, 50 more with a garden."""
    fit = opened("format-1-exact-linear")
    houses = {"area": [50, 80, 200], "town": ["Ulm", "Bonn", "Kiel"], "garden": [True, False, True]}
    np.testing.assert_allclose(
        fit.predict(houses), [3 * 50 + 100 - 100 + 50, 3 * 80 + 100, 3 * 200 + 100 + 50], rtol=1e-12
    )
    assert (fit.preparation.missing, fit.preparation.unseen) == ("error", "error")
    for wrong, said in ({"town": ["Ulm", "Mars", "Rom"]}, "not seen"), ({"area": [1, None, 2]}, "no value in row 1"):
        with pytest.raises(DataError, match=said):
            fit.predict(houses | wrong)


def test_a_logistic_model_of_the_first_format_knows_its_classes():
    fit = opened("format-1-exact-logistic")
    assert fit.classes == ("no", "yes") and fit.predict({"hours": [0.0, 50.0]}).tolist() == ["no", "yes"]
    odds = np.exp(fit.params["w"][0] * 5.0 + fit.params["b"])
    np.testing.assert_allclose(
        fit.predict_probability({"hours": [5.0]}), [[1 / (1 + odds), odds / (1 + odds)]], rtol=1e-12
    )


@pytest.mark.parametrize("number", [2, 3])
def test_an_old_model_still_knows_what_to_do_about_missing_values_and_new_texts(number):
    fit = opened(f"format-{number}-prepared")
    assert "area is missing" in fit.feature_names
    assert (fit.preparation.missing, fit.preparation.unseen) == ("indicator", "other")


@pytest.mark.parametrize("name", NAMES)
def test_every_old_file_is_read_and_written_anew(tmp_path, name):
    fit = opened(name)
    fit.save(tmp_path / "model")
    again = load(tmp_path / "model", trust=True)
    assert again.preparation == fit.preparation and str(again.summary()) == str(fit.summary())
    assert tensor_file.read(tmp_path / "model")[1]["format"] == model_file.FORMAT


@pytest.mark.fault(36)
def test_the_next_format_will_be_refused_with_a_sentence(tmp_path):
    arrays, document = tensor_file.read(OLD / f"format-{model_file.FORMAT}-linear.safetensors")
    newer = {"format": model_file.FORMAT + 1, "gradloop": "7.1.0", "needs": "7.0.0"}
    tensor_file.write(tmp_path / "model", arrays, document | newer)
    with pytest.raises(ModelFileError, match=r"made by gradloop 7\.1\.0 and needs gradloop 7\.0\.0 or newer; this is"):
        load(tmp_path / "model")


# --- The description of the format

SCHEMA = json.loads((DOCS / "model_file.schema.json").read_text("utf-8"))
DOCUMENTS = {name: tensor_file.read(OLD / f"{name}.safetensors")[1] for name in NAMES}
NEW = {
    "table": fits.houses(units={"area": "m²"}), "missing": fits.incomplete(), "classes": fits.passing(),
    "arrays": fits.make(), "softmax": fits.three_classes(), "quantile": fits.make(loss=quantile(0.1)),
    "law": fits.make(fits.own(), params={"r": 3.3, "u0": 2.2}, feature_names=("current",)),
}  # fmt: skip
DOCUMENTS |= {f"new {name}": json.loads(json.dumps(model_file._document(fit))) for name, fit in NEW.items()}


def complaints(document):
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_schema_is_one_and_describes_every_object():
    Draft202012Validator.check_schema(SCHEMA)
    described = [SCHEMA, *SCHEMA["$defs"].values(), *SCHEMA["properties"].values()]
    assert all("additionalProperties" in one for one in described if one.get("type") == "object")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schema_describes_every_file(name):
    assert complaints(DOCUMENTS[name]) == []


@pytest.mark.parametrize("name", ["format-1-linear", "format-2-prepared", "format-3-prepared", "new law"])
def test_the_schema_notices_what_is_missing_and_what_is_too_much(name):
    document = DOCUMENTS[name]
    for key in document:
        assert complaints({other: value for other, value in document.items() if other != key}), key
        assert complaints({**document, key: [None]}), key
    assert complaints({**document, "code": "1"})


def test_what_came_with_a_format_is_demanded_from_then_on():
    newest = DOCUMENTS["format-3-linear"]
    assert complaints({**newest, "model": {"name": "linear", "own": False}})
    assert not complaints({**DOCUMENTS["format-2-linear"], "model": {"name": "linear", "own": False}})
    column = {**newest["preparation"]["columns"][0]}
    del column["fill"]
    assert complaints({**newest, "preparation": {**newest["preparation"], "columns": [column]}})


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_the_format_names_every_array_and_every_entry(name):
    page = (DOCS / "model_file.md").read_text("utf-8")
    arrays, document = tensor_file.read(OLD / f"{name}.safetensors")
    for array_name in arrays:
        group = array_name.partition(".")[0]
        assert f"`{array_name}`" in page or f"`{group}.<" in page, array_name
    assert all(f"`{key}`" in page for key in document)
