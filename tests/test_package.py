"""The package as users get it: built, installed into an empty environment with the base dependencies only, and used.

The environment takes half a minute to fill, once for all tests here. Where the builder is not installed, or no registry
of packages can be reached, these tests are skipped and say so.
"""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from gradloop.version import __version__

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "gradloop"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WHEEL, SDIST = f"gradloop-{__version__}-py3-none-any.whl", f"gradloop-{__version__}.tar.gz"


def command(*words, folder, code=0, **environment):
    """What a command says (on standard output, on standard error), without the sources of the tests in its way."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run([str(word) for word in words], cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def build(root, into):
    command(sys.executable, "-m", "hatchling", "build", "-d", into, folder=root)
    return into


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder with wheel and sdist."""
    pytest.importorskip("hatchling", reason="hatchling is not installed: pip install hatchling builds the package")
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(built, tmp_path_factory):
    """The folder with the programs of an environment in which nothing but the wheel was asked for."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place / "venv", with_pip=False)
    programs = place / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", programs / "python"]
    constraints = ["--constraint", ROOT / "constraints.txt"]
    done = subprocess.run([*pip, "install", *constraints, built / WHEEL], cwd=place, capture_output=True, text=True)
    if done.returncode:
        one = [*pip, "install", "--dry-run", "--no-deps", *constraints, "numpy"]
        if subprocess.run(one, cwd=place, capture_output=True).returncode:
            pytest.skip("no registry of packages can be reached: the wheel is not tried in an empty environment")
        pytest.fail(done.stderr)
    return programs


def files_of_the_package():
    """What git knows below src/gradloop."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/gradloop"],
        cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no git checkout, so nobody can say which files belong to the package")
    return {name.removeprefix("src/") for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_wheel_holds_the_whole_package_and_nothing_else(built):
    with zipfile.ZipFile(built / WHEEL) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = message_from_string(wheel.read(f"gradloop-{__version__}.dist-info/METADATA").decode())
        scripts = wheel.read(f"gradloop-{__version__}.dist-info/entry_points.txt").decode()
        licence = wheel.read(f"gradloop-{__version__}.dist-info/licenses/LICENSE")
    assert names == files_of_the_package() and "gradloop/py.typed" in names
    assert about["Version"] == __version__ and about["Requires-Python"] == PROJECT["requires-python"]
    assert set(about.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert "gradloop = gradloop.cli:main" in scripts and licence == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_builds_the_same_wheel(built, tmp_path):
    with tarfile.open(built / SDIST) as sdist:
        sdist.extractall(tmp_path, filter="data")
    root = tmp_path / SDIST.removesuffix(".tar.gz")
    again = build(root, tmp_path / "dist")
    with zipfile.ZipFile(built / WHEEL) as wheel, zipfile.ZipFile(again / WHEEL) as other:
        assert sorted(wheel.namelist()) == sorted(other.namelist())
        assert all(wheel.read(name) == other.read(name) for name in wheel.namelist())
    assert (root / "tests" / "test_package.py").exists() and (root / "README.md").exists()


def test_declared_pythons():
    versions = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert versions == ["3.11", "3.12", "3.13", "3.14"] and PROJECT["requires-python"] == ">=3.11"


def test_a_fit_in_an_empty_environment(installed, tmp_path):
    gradloop, table = installed / "gradloop", ROOT / "examples" / "diabetes.csv"
    where, _ = command(installed / "python", "-c", "import gradloop; print(gradloop.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert command(gradloop, "--version", folder=tmp_path) == (f"gradloop {__version__}\n", "")
    out, _ = command(gradloop, "fit", table, "--target", "progression", "-o", "m.gradloop", folder=tmp_path)
    assert "exact for least squares" in out and "saved to m.gradloop" in out
    predictions, _ = command(gradloop, "predict", "m.gradloop", table, folder=tmp_path)
    assert len(predictions.splitlines()) == 443
    out, _ = command(
        gradloop, "sweep", table, "--target", "progression", "--learning-rate", "0.01,0.1", folder=tmp_path
    )
    assert "2 runs" in out


def test_the_doctor_finds_the_base_and_no_extra(installed, tmp_path):
    out, err = command(installed / "gradloop", "doctor", "--json", folder=tmp_path)
    found = json.loads(out)
    assert found["healthy"] and err == "" and all(found["dependencies"].values())
    assert not any(version for packages in found["extras"].values() for version in packages.values())


@pytest.mark.parametrize(
    ("words", "needed", "extra"),
    [
        (["plot", "predicted", "TABLE", "--target", "progression", "-o", "a.png"], "Pictures need matplotlib", "plots"),
        (["sweep", "TABLE", "--target", "progression", "--epochs", "1", "--picture", "a.png"], "Pictures", "plots"),
        (["fit", "--sql", "select 1 as y", "--target", "y"], "Queries to DuckDB need duckdb", "sql"),
        (["fit", "--sql", "x", "--db", "postgresql://h/d", "--target", "y"], "Queries to PostgreSQL need", "sql"),
    ],
)  # fmt: skip
def test_a_missing_extra_is_one_sentence_with_its_command(installed, tmp_path, words, needed, extra):
    table = str(ROOT / "examples" / "diabetes.csv")
    given = [table if word == "TABLE" else word for word in words]
    out, err = command(installed / "gradloop", *given, folder=tmp_path, code=2)
    assert out == "" and err.startswith(f"gradloop: {needed}") and err.count("\n") == 1
    assert f'pip install "gradloop[{extra}]"' in err and list(tmp_path.iterdir()) == []


def test_estimators_without_scikit_learn_are_one_sentence(installed, tmp_path):
    _, err = command(installed / "python", "-c", "import gradloop.sklearn", folder=tmp_path, code=1)
    assert err.splitlines()[-1].endswith('pip install "gradloop[sklearn]".')
