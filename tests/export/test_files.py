import json
import os

import pytest

import fits
from gradloop.errors import OptionError
from gradloop.export import to_json, to_python, to_sql
from gradloop.export.files import WRITERS, export


def test_the_name_says_the_language(tmp_path):
    fit = fits.houses()
    fit.export(tmp_path / "m.py")
    fit.export(tmp_path / "m.sql", table="t", keep=["id"])
    fit.export(str(tmp_path / "m.JSON"))
    assert (tmp_path / "m.py").read_text("utf-8") == to_python(fit)
    assert (tmp_path / "m.sql").read_text("utf-8") == to_sql(fit, "t", ["id"]) + "\n"
    assert json.loads((tmp_path / "m.JSON").read_text("utf-8")) == json.loads(to_json(fit))


@pytest.mark.parametrize("name", ["m.txt", "m", ".py"])
def test_another_name_is_refused(tmp_path, name):
    with pytest.raises(OptionError, match="does not say what to write"):
        fits.houses().export(tmp_path / name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("options", [{"table": "t"}, {"keep": ["id"]}])
def test_a_table_is_for_sql(tmp_path, options):
    with pytest.raises(OptionError, match="is for SQL"):
        fits.houses().export(tmp_path / "m.py", **options)
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_said_leaves_the_old_file(tmp_path):
    (tmp_path / "m.py").write_text("old")
    with pytest.raises(OptionError, match="predicts 2 numbers"):
        export(two(), tmp_path / "m.py")
    assert (tmp_path / "m.py").read_text() == "old" and os.listdir(tmp_path) == ["m.py"]


def test_a_place_where_nothing_can_be_written_is_a_sentence(tmp_path):
    for ending in WRITERS:
        with pytest.raises(OptionError, match="cannot be written: no such file or directory"):
            fits.houses().export(tmp_path / "no" / f"m{ending}")


def two():
    model = fits.MODELS["linear"]._replace(name="two", predict=lambda x, w: x * w)
    return fits.make(model, params={"w": [1.0, 2.0]}, loss=lambda y_hat, y: 0.0)
