import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import fits
import gradloop as gl
from altered import put_in, rewritten
from gradloop import model_file, model_names, tensor_file
from gradloop.result import Origin
from shell import HOUSES, fault, run
from test_tensor_file import HOSTILE

OLD = Path(__file__).parents[1] / "old_models"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text(HOUSES)


def test_the_page_tells_all_that_the_file_holds():
    run("fit", "houses.csv", "--target", "price", "--quiet", "-o", "model")
    out, err = run("inspect", "model")
    assert err == ""
    for said in (
        "linear model of price, squared loss: 4 rows",
        "mean 75, standard deviation 22.9129",
        "Ulm, relative to Bonn",
        "cells without a value: error; texts not seen in training: error",
        "town=Ulm",
        "fitted to houses.csv: 4 rows",
        "their fingerprint: ",
        "by ClosedForm, penalty none, seed 0",
        f"in format {model_file.FORMAT}; needs {model_file.NEEDS} or newer",
    ):
        assert said in out, said


def test_the_same_as_one_json_object():
    run("fit", "houses.csv", "--target", "price", "--l2", "0.1", "--seed", "3", "--quiet", "-o", "model")
    found = json.loads(run("inspect", "model", "--json")[0])
    assert found["file"]["format"] == model_file.FORMAT and found["target"] == "price"
    assert found["origin"] | {"fingerprint": ""} == {
        "source": "houses.csv", "fingerprint": "", "solver": "ClosedForm", "penalty": "l2", "rows": 4, "seed": 3,
    }  # fmt: skip
    assert set(found["params"]) == {"w", "b"} and found["feature_names"] == ["area", "town=Ulm"]


def test_a_function_of_ones_own_is_named_and_never_run():
    law = fits.make(model_names.own_model(fits.ohm, {}), params={"r": 3.3, "u0": 2.2}, feature_names=("current",))
    law.save("model")
    fits_before = sys.modules.pop("fits")
    out, _ = run("inspect", "model")
    assert "the function fits:ohm, which is run only with --trust" in out and "fits" not in sys.modules
    sys.modules["fits"] = fits_before


def test_a_law_of_gradloops_own_needs_no_trust():
    fits.make(model_names.own_model(gl.laws.ohm, {}), params={"resistance": 3.3, "offset": 2.2}).save("model")
    assert "The model is the function gradloop.laws:ohm.\n" in run("inspect", "model")[0]


def test_what_comes_from_a_file_is_harmless():
    fit = replace(fits.houses(notes=("\x1b[31mred\x07",)), origin=Origin("\x1b]0;title", "\x00", "s\nt", "\x1b"))
    fit.save("model")
    out, _ = run("inspect", "model")
    assert "\x1b" not in out and "\x00" not in out and "\x07" not in out


def test_many_levels_and_many_coefficients_are_cut():
    levels = "x,town,y\n" + "".join(f"{x},town {x % 49:02},{x % 7}\n" for x in range(980))
    Path("towns.csv").write_text(levels)
    run("fit", "towns.csv", "--target", "y", "--quiet", "-o", "model")
    out, _ = run("inspect", "model")
    assert "and 40 more, relative to town 00" in out and "Standard errors of all coefficients are in --json." in out
    assert json.loads(run("inspect", "model", "--json")[0])["statistics"]["name"][-1] == "(intercept)"


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.glob("*.safetensors")))
def test_every_old_file_can_be_read(name):
    out, _ = run("inspect", OLD / name)
    assert "saved by gradloop 0." in out


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_damaged_file_is_one_sentence(case):
    Path("model").write_bytes(HOSTILE[case])
    fault("inspect", "model")
    fault("inspect", "model", "--json")


@pytest.mark.parametrize("path", [3, ["a:b"], "os:system('x')", "a\x1b:b"])
def test_a_place_that_is_none_is_one_sentence(path):
    law = fits.make(model_names.own_model(fits.ohm, {}), params={"r": 3.3, "u0": 2.2}, feature_names=("current",))
    tensor_file.write("model", *rewritten(law, put_in("model", "path", path)))
    assert "does not say what a model file must say" in fault("inspect", "model")


def test_a_cut_an_altered_and_a_newer_file_are_one_sentence():
    fits.houses().save("model")
    whole = Path("model").read_bytes()
    for content in (whole[:-1], whole[:100], whole[:-8] + b"\0" * 8, whole.replace(b"area", b"aera")):
        Path("other").write_bytes(content)
        assert "was cut or altered" in (said := fault("inspect", "other")) or "or it was cut" in said
    arrays, document = tensor_file.read("model")
    tensor_file.write("newer", arrays, document | {"format": 9, "needs": "4.0"})
    assert "needs gradloop 4.0 or newer" in fault("inspect", "newer")


def test_what_is_no_model_is_one_sentence():
    assert "is not a model file" in fault("inspect", "houses.csv")
    assert "no such file" in fault("inspect", "nowhere")


def test_units_stand_beside_columns_and_coefficients():
    run("fit", "houses.csv", "--target", "price", "--unit", "area=m²", "--unit", "price=€", "--quiet", "-o", "model")
    lines = run("inspect", "model")[0].splitlines()
    area = [line for line in lines if line.startswith("area")]
    assert any(line.startswith("the target price is in €; cells") for line in lines)
    assert area[0].endswith("m²") and area[1].endswith("€/m²")
    assert json.loads(run("inspect", "model", "--json")[0])["units"] == {"area": "m²", "price": "€"}
    assert "There is no 'street' to have a unit" in fault(
        "fit", "houses.csv", "--target", "price", "--unit", "street=m", code=2
    )
