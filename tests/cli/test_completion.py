"""What shells are offered, as they ask for it: through typer's variables of the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradloop.cli import completion
from gradloop.optimizers import OPTIMIZERS
from shell import HOUSES

PROGRAM = "from gradloop.cli import main; main()"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("houses.csv").write_text(HOUSES)
    for name in ("houses.gradloop", "other.gradloop"):
        Path(name).touch()
    Path("hotels").mkdir()


def asked(shell, **variables):
    source = str(Path(completion.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source, "_GRADLOOP_COMPLETE": shell, **variables}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.stderr == "", done.stderr
    return done.stdout.split("\n")


def in_bash(line):
    """What bash is offered at the end of a line."""
    words = f"gradloop {line}"
    found = asked("complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1))
    return [word for word in found if word]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pred", ["predict"]),
        ("fit houses.csv --target ", ["area", "town", "price"]),
        ("fit houses.csv --target p", ["price"]),
        ("fit houses.csv --target price --leave-out ", ["area", "town", "price"]),
        ("fit --target p", []),
        ("fit nothing.csv --target p", []),
        ("plot data houses.csv --target price --feature a", ["area"]),
        ("plot resi", ["residuals"]),
        ("sweep houses.csv --target t", ["town"]),
        ("sweep houses.csv --optimizer sgd,adam", ["sgd,adam", "sgd,adamw"]),
        ("fit houses.csv --solver n", ["newton"]),
        ("fit houses.csv --model l", ["linear", "logistic"]),
        ("fit houses.csv --hold", ["--holdout"]),
        ("predict ho", ["houses.gradloop", "hotels/"]),
        ("predict unknown", []),
        ("fit hou", []),  # nothing of ours: the shell offers files
    ],
)
def test_in_bash(line, offered):
    assert in_bash(line) == offered


def test_in_zsh_and_fish():
    line = "gradloop fit houses.csv --target p"
    assert asked("complete_zsh", _TYPER_COMPLETE_ARGS=line) == ["_arguments '*: :((\"price\"))'", ""]
    fish = asked("complete_fish", _TYPER_COMPLETE_ARGS=line, _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert fish == ["price", ""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_that_a_shell_loads(shell):
    script = "\n".join(asked(f"source_{shell}"))
    assert f"complete_{shell}" in script and "gradloop" in script


def test_names_of_columns_cannot_command_a_shell():
    Path("evil.csv").write_text("ok,größe,$(touch x),`id`,a b,c;d,e'f\n" + "1,2,3,4,5,6,7\n" * 3)
    assert in_bash("fit evil.csv --target ") == ["ok", "größe"]


def test_lists_of_names():
    assert completion.optimizers("") == list(OPTIMIZERS) and completion.optimizers("adam,nest") == ["adam,nesterov"]
    assert completion.harmless(["ab", "a b", "b"], "a") == ["ab"]


def test_folders_that_cannot_be_read_offer_nothing():
    assert completion.model_files("no/such/folder/") == [] and completion.model_files("hotels/") == []
