import io
import sys

import numpy as np
import pytest
import typer

from gradloop.cli import terminal
from gradloop.errors import DataError, ModelFileError, OptionError
from gradloop.progress import Progress


def ending(error, capsys):
    """The exit code and what is said when this goes wrong."""
    with pytest.raises(typer.Exit) as exit, terminal.sentences():
        raise error
    captured = capsys.readouterr()
    assert captured.out == ""
    return exit.value.exit_code, captured.err


@pytest.mark.parametrize(
    ("error", "code"),
    [(DataError("No."), 1), (ModelFileError("No."), 1), (OptionError("No."), 2), (KeyboardInterrupt(), 130)],
)
def test_each_kind_of_error_has_its_exit_code_and_one_line(capsys, error, code):
    found, said = ending(error, capsys)
    assert found == code and said.startswith("gradloop: ") and said.count("\n") == 1


def test_what_should_not_happen_says_how_to_see_more(capsys, monkeypatch):
    monkeypatch.delenv(terminal.TRACEBACK, raising=False)
    code, said = ending(KeyError("x\n\x1b[2J"), capsys)
    assert code == 1 and "KeyError" in said and "GRADLOOP_TRACEBACK=1" in said and "\x1b" not in said
    assert said.count("\n") == 1
    monkeypatch.setenv(terminal.TRACEBACK, "1")
    with pytest.raises(KeyError), terminal.sentences():
        raise KeyError("x")


def test_a_full_disk_and_a_full_memory_are_sentences(capsys):
    assert ending(OSError(28, "No space left on device"), capsys) == (
        1,
        "gradloop: the output cannot be written: no space left on device.\n",
    )
    assert "not enough memory" in ending(MemoryError(), capsys)[1]


def test_names_cannot_command_the_terminal(capsys):
    terminal.say("column \x1b]0;owned\x07 [red]x[/red]")
    assert capsys.readouterr().err == "gradloop: column \\x1b]0;owned\\x07 [red]x[/red]\n"


def states(epochs, repeats=1):
    for epoch in range(1, epochs + 1):
        for _ in range(repeats):
            yield Progress(epoch, epochs, 1 / epoch, 2.5e6, 0.1, learning_rate=0.03)


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (3, 3), (10, 10), (11, 10), (1000, 10)])
def test_elsewhere_than_on_a_terminal_progress_is_a_few_lines(capsys, epochs, lines):
    with terminal.progress(quiet=False) as report:
        for state in states(epochs, repeats=3):
            report(state)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == lines
    assert said[-1] == f"epoch {epochs} of {epochs}: loss {1 / epochs:.6g}, rate 0.03, 2.5e+06 rows/s"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_progress_is_the_live_line_of_the_fit(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with terminal.progress(quiet=False) as report:
        assert report is True


def test_on_a_terminal_runs_are_a_bar_that_leaves(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with terminal.runs_done(quiet=False) as report:
        for state in states(5):
            report(state)
    assert "run 5 of 5" in screen.getvalue() and "loss 0.2" in screen.getvalue()


def test_elsewhere_runs_are_a_few_lines(capsys):
    with terminal.runs_done(quiet=False) as report:
        for state in states(100):
            report(state)
    assert len(capsys.readouterr().err.splitlines()) == 10


def test_quiet_has_no_progress():
    with terminal.progress(quiet=True) as report, terminal.runs_done(quiet=True) as runs:
        assert report is None and runs is None


def test_json_has_no_words_for_what_is_not_finite():
    value = {"a": (np.float32(0.5), float("inf")), 1: np.array([[1, 2]]), "t": np.bool_(True), "n": None}
    assert terminal.plain(value) == {"a": [0.5, None], "1": [[1, 2]], "t": True, "n": None}
