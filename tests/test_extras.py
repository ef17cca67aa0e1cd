"""A package that is not there is one sentence with the command that brings it."""

import importlib
import sys
import tomllib
from pathlib import Path

import pytest

from gradloop.errors import OptionError
from gradloop.extras import EXTRAS, require

ROOT = Path(__file__).parents[1]


def test_a_module_that_is_there():
    assert require("matplotlib.pyplot", "Pictures") is importlib.import_module("matplotlib.pyplot")


@pytest.mark.parametrize("package", EXTRAS)
def test_what_is_missing_is_named_with_its_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    cure = rf'pip install "gradloop\[{EXTRAS[package]}\]"'
    with pytest.raises(OptionError, match=rf"^Things need .*, which is not installed: {cure}\.$"):
        require(package, "Things")


def test_a_package_that_is_broken_says_so_itself(monkeypatch, tmp_path):
    (tmp_path / "onnx.py").write_text("import a_module_that_nobody_wrote\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnx", raising=False)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_nobody_wrote"):
        require("onnx", "Exports")
    monkeypatch.delitem(sys.modules, "onnx", raising=False)


def test_every_extra_is_offered():
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS.values()) == set(offered)
