"""Commands of gradloop as a shell runs them, in the folder of a test."""

import os

from typer.testing import CliRunner

from gradloop.cli import app as module

HOUSES = "area,town,price\n50,Ulm,150\n80,Bonn,340\n110,Ulm,330\n60,Bonn,280\n"


def run(*words, code=0):
    """What a command says (on standard output, on standard error) when it ends with this exit code."""
    done = CliRunner().invoke(module.app, [str(word) for word in words], prog_name="gradloop")
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def fault(*words, code=1):
    """The one sentence about what went wrong; nothing else is said, and nothing is written."""
    before = sorted(os.listdir())
    out, err = run(*words, code=code)
    assert out == "" and sorted(os.listdir()) == before
    assert err.startswith("gradloop: ") and err.count("\n") == 1
    return err
