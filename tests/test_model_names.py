"""Models and losses by name; above all: no code of a file's choosing is run unless it is trusted."""

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest

import fits
import gradloop as gl
from altered import put_in, rewritten
from fits import own
from gradloop import tensor_file
from gradloop.errors import ModelFileError
from gradloop.inference import load
from gradloop.losses import Loss, about


def law(**given):
    return fits.make(own(**given), params={"r": 3.3, "u0": 2.2}, feature_names=("current",))


def test_a_users_function_is_never_stored_and_has_to_be_given(tmp_path):
    law().save(tmp_path / "model")
    with pytest.raises(ModelFileError, match=r"function fits:ohm, and importing that runs its code: .*trust=True"):
        load(tmp_path / "model")
    for given in (fits.ohm, own()):
        np.testing.assert_allclose(load(tmp_path / "model", model=given).predict([[1.0]]), [5.5])


def test_gradloops_own_laws_need_no_trust(tmp_path):
    current = np.array([1.0, 2.0, 3.0])
    gl.fit(current, 2 * current + 1, model=gl.laws.ohm, start={"resistance": 1.0, "offset": 0.0}).save(tmp_path / "m")
    np.testing.assert_allclose(load(tmp_path / "m").predict([4.0]), [9.0])
    for path in ("gradloop.laws:np.exp", "gradloop.laws:Any", "gradloop.cli.app:main"):
        tensor_file.write(tmp_path / "m", *rewritten(law(), put_in("model", "path", path)))
        with pytest.raises(ModelFileError, match="importing that runs its code"):
            load(tmp_path / "m")


def test_a_function_that_cannot_be_imported_has_to_be_given(tmp_path):
    def inner(current, r, u0):
        return current[0] * r + u0

    fits.make(own("inner", inner), params={"r": 3.3, "u0": 2.2}, feature_names=("current",)).save(tmp_path / "model")
    for trust in (False, True):
        with pytest.raises(ModelFileError, match=r"'inner', which no file can bring: load\(path, model=inner\)"):
            load(tmp_path / "model", trust=trust)
    assert load(tmp_path / "model", model=inner).predict([[1.0]]) == [5.5]


CANARY = "open('canary', 'w').close()\ndef ohm(current, r, u0):\n    return current[0] * r + u0\n"


def test_a_users_module_is_imported_with_trust_and_never_without(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("own_laws.py").write_text(CANARY)
    arrays, document = rewritten(law(), put_in("model", "path", "own_laws:ohm"))
    tensor_file.write("model", arrays, document)
    for given in ({}, {"model": fits.ohm}):
        with contextlib.suppress(ModelFileError):
            load("model", **given)
    assert not Path("canary").exists() and "own_laws" not in sys.modules
    fit = load("model", trust=True)
    assert fit.predict([[1.0]]) == [5.5] and Path("canary").exists()
    fit.save("again")
    assert Path("again").read_bytes() == Path("model").read_bytes()
    monkeypatch.delitem(sys.modules, "own_laws")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such_module:ohm", "no_such_module:ohm cannot be imported \\(ModuleNotFoundError"),
        ("math:ohm", "math:ohm is no function"),
        ("math:sqrt", "a function named 'ohm', not 'sqrt'"),
        ("os:system('x')", "does not say what a model file must say"),
        (3, "does not say what a model file must say"),
    ],
)
def test_what_is_no_function_is_refused_even_with_trust(tmp_path, path, said):
    tensor_file.write(tmp_path / "model", *rewritten(law(), put_in("model", "path", path)))
    with pytest.raises(ModelFileError, match=said):
        load(tmp_path / "model", trust=True)


def test_another_function_is_refused(tmp_path):
    law().save(tmp_path / "model")

    def watt(x, r, u0):
        return 0

    def ohm(x, r):
        return 0

    with pytest.raises(ModelFileError, match="named 'ohm', not 'watt'"):
        load(tmp_path / "model", model=watt)
    with pytest.raises(ModelFileError, match="parameter 'u0', which 'ohm' does not take"):
        load(tmp_path / "model", model=ohm)


def test_a_function_that_borrows_our_name_is_still_the_users(tmp_path):
    def linear(x, w, b):
        return 0 * w[0] + b

    fits.make(own("linear", linear)).save(tmp_path / "model")
    with pytest.raises(ModelFileError, match="function named 'linear'"):
        load(tmp_path / "model")
    assert load(tmp_path / "model", model=linear).predict([[1.0, 1.0]]).tolist() == [4.2]


def test_a_function_for_our_own_model_would_be_ignored_and_is_refused(tmp_path):
    fits.make().save(tmp_path / "model")
    with pytest.raises(ModelFileError, match="gradloop's own linear model; leave out model="):
        load(tmp_path / "model", model=fits.ohm)


def test_a_users_loss_is_stored_by_name(tmp_path):
    def quartic(y_hat, y):
        return (y_hat - y) ** 4

    fits.make(loss=quartic).save(tmp_path / "model")
    loss = load(tmp_path / "model").loss
    assert (loss.name, loss.target) == ("quartic", "number")
    with pytest.raises(ModelFileError, match="function of the user's own"):
        loss.function(1.0, 2.0)
    binary = Loss("mine", quartic, "binary", True, False)
    fits.make().__class__(**{**vars(fits.make()), "loss": binary}).save(tmp_path / "model")
    assert load(tmp_path / "model").loss.target == "binary"
    assert about(quartic).name == "quartic"
