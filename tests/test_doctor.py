"""The examination of a healthy installation, and of ones that are broken on purpose."""

import sys
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import gradloop.doctor as module
from gradloop.compiler import jit
from gradloop.compiler.program import processors
from gradloop.doctor import DEPENDENCIES, agree, examine, tried, version_of
from gradloop.version import __version__

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def found():
    return examine()


def test_a_healthy_installation(found):
    assert found.healthy and found.faults == [] and [check.name for check in found.checks] == [*module.CHECKS]
    assert found.versions["gradloop"] == __version__
    assert found.processor == jit.processor() and found.features == jit.features()
    assert found.threads == processors() and found.memory > 2**20


def test_all_dependencies_and_extras_are_looked_at(found):
    assert [name.partition(">")[0] for name in PROJECT["dependencies"]] == list(DEPENDENCIES)
    assert found.dependencies == {name: metadata.version(name) for name in DEPENDENCIES}
    assert set(found.extras) == set(PROJECT["optional-dependencies"])
    assert found.extras["dev"] == {"pytest": metadata.version("pytest")}


def test_the_page(found):
    page = str(found)
    assert f"numpy          {np.__version__}" in page and f"processor {jit.processor()}" in page
    assert page.count("\nok ") == len(module.CHECKS) and "WRONG" not in page


def test_what_is_missing_is_named_with_its_cure(monkeypatch):
    def version(name):
        if name in ("duckdb", "llvmlite"):
            raise metadata.PackageNotFoundError
        return "1.2"

    monkeypatch.setattr(metadata, "version", version)
    found = examine()
    assert 'duckdb (sql)                  pip install "gradloop[sql]"' in str(found)
    assert not found.healthy and found.faults == ["llvmlite is not installed: pip install gradloop brings it."]
    assert version_of("duckdb") is None and version_of("numpy") == "1.2"


@pytest.mark.parametrize("package, check", [("safetensors", "files"), ("pyarrow", "files"), ("scipy", "least squares")])
def test_a_package_that_cannot_be_loaded_fails_its_check(monkeypatch, package, check):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    failed = tried(check, module.CHECKS[check])
    assert not failed.passed and package in failed.sentence


def test_a_compiler_that_computes_wrongly_is_found(monkeypatch):
    true = module.fit

    def wrong(*given, **options):
        found = true(*given, **options)
        return found if options["engine"] == "numpy" else type(found)(**{**vars(found), "params": {"w": np.array(1.0)}})

    monkeypatch.setattr(module, "fit", wrong)
    failed = tried("engine", module.descent)
    assert not failed.passed and "engine native: w after 7 steps should be 0.99218" in failed.sentence


def test_rounding_is_no_fault():
    agree("a number", 1.0 + 1e-14, 1.0)
    with pytest.raises(ValueError, match=r"a number should be 1\.0, but is 1\.001"):
        agree("a number", 1.001, 1.0)
