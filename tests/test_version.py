import re
import tomllib
from pathlib import Path

from gradloop.version import __version__


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" in project.get("dynamic", []) or project["version"] == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
