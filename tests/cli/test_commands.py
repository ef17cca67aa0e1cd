import ast
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gradloop.cli.app import app
from gradloop.cli.commands import Commands
from shell import run
from test_house import ROOT

FOLDER = ROOT / "src" / "gradloop" / "cli"


@pytest.mark.parametrize("name", Commands.LATER)
def test_every_command_tells_what_it_is_for(name):
    out, _ = run(name, "--help")
    assert f"gradloop {name}" in out


def test_help_lists_all_in_the_order_of_their_use():
    out, _ = run("--help")
    places = [out.index(f" {name} ") for name in ("fit", "show", *Commands.LATER)]
    assert places == sorted(places)


def test_a_wrong_name_is_answered_with_one_that_is_like_it():
    done = CliRunner().invoke(app, ["predikt"])
    assert done.exit_code == 2 and "predict" in done.stderr


def test_a_command_loads_no_other():
    use = "from gradloop.cli.app import app; app(['predict', '--help'], standalone_mode=False)"
    loaded = "print('\\n', *[name for name in sys.modules if name.startswith('gradloop.cli.')])"
    done = subprocess.run([sys.executable, "-c", f"import sys; {use}; {loaded}"], capture_output=True, text=True)
    names = done.stdout.splitlines()[-1].split()
    assert "gradloop.cli.predict" in names
    assert not {f"gradloop.cli.{name}" for name in Commands.LATER.values()} - {"gradloop.cli.predict"} & {*names}


def test_every_module_that_has_a_command_is_named():
    """A command is a function that has the name of its module, or one that is named beside it."""
    found = {path.stem for path in FOLDER.glob("*.py") if defines(path, path.stem)}
    assert found == set(Commands.LATER.values())


def defines(path, name):
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.parse(path.read_text()).body)
