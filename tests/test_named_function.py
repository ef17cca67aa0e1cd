import os
import sys
from pathlib import Path

import pytest

import fits
from gradloop.errors import OptionError
from gradloop.named_function import function_at, is_path, path_of


def test_a_function_is_found_again_where_it_says_it_is():
    assert path_of(fits.ohm) == "fits:ohm" and function_at("fits:ohm") is fits.ohm


def test_what_cannot_be_imported_has_no_path(monkeypatch):
    def inner():
        return 0

    stranger = type(fits.ohm)(fits.ohm.__code__, {}, "ohm")
    stranger.__module__ = "fits"  # another function of this name
    for function in (inner, lambda: 0, stranger, len.__call__, 3):
        assert path_of(function) is None
    monkeypatch.setattr(fits.ohm, "__module__", "__main__")
    assert path_of(fits.ohm) is None


@pytest.mark.parametrize(
    "text",
    ["", ":", "a:", ":b", "a b:c", "a:b()", "a:b;c", "a..b:c", "../a:b", "a:__import__('os')", "a:b:c", "a.py:b\n"],
)
def test_only_names_and_points_make_a_path(text):
    assert not is_path(text)
    with pytest.raises(OptionError, match="is no place of a function"):
        function_at(text)


def test_a_module_in_the_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", os.getcwd())])
    Path("laws_in_a_folder.py").write_text("class Laws:\n    @staticmethod\n    def ohm(x, r):\n        return r * x\n")
    assert function_at("laws_in_a_folder:Laws.ohm")(2, 3) == 6
    for text, said in (("laws_in_a_folder:Laws", "is no function"), ("laws_in_a_folder:watt", "is no function")):
        with pytest.raises(OptionError, match=said):
            function_at(text)
    monkeypatch.delitem(sys.modules, "laws_in_a_folder")


@pytest.mark.parametrize("text", ["raise ValueError('no\\nluck')", "import no_such_thing", "def ("])
def test_a_module_that_fails_is_one_sentence(tmp_path, monkeypatch, text):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "failing.py").write_text(text)
    with pytest.raises(OptionError, match=r"failing:law cannot be imported \(\w+Error: ") as told:
        function_at("failing:law")
    assert "\n" not in str(told.value)
    sys.modules.pop("failing", None)
