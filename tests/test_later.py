import subprocess
import sys

import pytest

from gradloop.later import Later, asked_for

LATE = ("gradloop.export", "gradloop.page", "gradloop.plots", "gradloop.eager", "gradloop.data.synthetic", "rich")
USES = [
    ("gl.export", "gradloop.export"),
    ("gl.page.write_page", "gradloop.page"),
    ("gl.plots.loss", "gradloop.plots"),
    ("gl.data.synthetic_data", "gradloop.data.synthetic"),
    ("gl.data.synthetic.ohm", "gradloop.data.synthetic"),
    ("gl.Fit.plot", "gradloop.plots"),
    ("gl.Fit.page", "gradloop.page"),
    ("gl.Fit.export", "gradloop.export"),
    ("gl.Sweep.plot", "gradloop.plots"),
]


def loaded_by(use):
    code = f"import sys, gradloop as gl; {use}; print(*[name for name in {LATE} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_import_loads_none_of_it():
    assert loaded_by("gl") == []


@pytest.mark.parametrize(("use", "module"), USES)
def test_what_is_asked_for_is_there(use, module):
    assert module in loaded_by(f"assert callable({use}) or {use} is not None")


def test_a_name_that_is_nowhere():
    with pytest.raises(AttributeError, match="module 'math' has no attribute 'tau_2'"):
        asked_for("math", {"pi": "cmath:pi"})("tau_2")


def test_a_module_that_keeps_no_promise():
    class Some:
        plot = Later("plot", "math")

    with pytest.raises(AttributeError, match="math puts no plot there"):
        Some.plot  # noqa: B018
