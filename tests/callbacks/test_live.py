"""A fit looked at: a line on a terminal, a curve in a notebook, nothing where nobody looks."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks import live
from gradloop.progress import Progress

X = np.random.default_rng(0).normal(size=(50, 2))
Y = X @ [1.0, -2.0] + 0.5
SOLVER = gl.Minibatch(gl.sgd(0.05), batch_size=10, epochs=5)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def a_terminal(monkeypatch):
    """Standard error as a terminal, from now on."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(live, "EVERY", 0.0)
    return screen


def test_on_a_terminal_it_is_a_line(monkeypatch):
    terminal = a_terminal(monkeypatch)
    gl.fit(X, Y, solver=SOLVER, progress=True)
    said = terminal.getvalue()
    assert "5 of 5" in said and "loss" in said and "rate 0.05" in said and "rows/s" in said and "left" in said


def test_where_nobody_looks_nothing_is_said(capsys):
    gl.fit(X, Y, solver=SOLVER, progress=True)
    said = capsys.readouterr()
    assert said.out == "" and said.err == ""


def test_it_is_drawn_at_most_four_times_a_second(monkeypatch):
    drawn, now = [], [0.0]
    screen = SimpleNamespace(hear=lambda told: None, draw=lambda told: drawn.append(told.epoch), close=lambda: None)
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(live, "in_notebook", lambda: False)
    shown = live.Live()
    shown.on_start(None)
    shown.screen = screen
    for epoch in range(1, 11):
        now[0] = epoch / 10
        shown.on_epoch(Progress(epoch, 10, 1.0, 1.0, 1.0))
    assert drawn == [1, 4, 7, 10]


def test_in_a_notebook_it_is_a_curve_that_is_replaced(monkeypatch):
    pages = []

    class Handle:
        def update(self, page):
            pages.append(page)

    def display(page, display_id):
        pages.append(page)
        return Handle()

    shown = SimpleNamespace(HTML=str, display=display)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    monkeypatch.setattr(live, "import_module", lambda name: shown)
    monkeypatch.setattr(live, "EVERY", 0.0)
    fit = gl.fit(X, Y, solver=SOLVER, progress=True)
    assert len(pages) == 6 and "<svg" in pages[-1] and "loss" in pages[-1]
    assert f"{fit.history['loss'][-1]:.4g}"[:5] in pages[-1]


@pytest.mark.parametrize(
    ("width", "text"), [(80, "one   two   three"), (11, "one   two"), (4, "one"), (2, "on"), (0, "")]
)
def test_a_narrow_terminal_has_what_fits(width, text):
    assert live.fitting(["one", "two", "three"], width) == text
