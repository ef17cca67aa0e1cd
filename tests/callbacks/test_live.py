"""A fit looked at: a line on a terminal, a curve in a notebook, nothing where nobody looks."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import gradloop as gl
from gradloop.callbacks import live
from gradloop.notebook import loss_curve
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
    monkeypatch.setattr(live, "REST", 0.0)
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


def test_a_quick_fit_writes_nothing_on_a_terminal(monkeypatch):
    terminal = a_terminal(monkeypatch)
    monkeypatch.setattr(live, "EVERY", 1e9)
    gl.fit(X, Y, solver=SOLVER, progress=True)
    assert terminal.getvalue() == ""


def test_a_line_leaves_the_screen_when_training_ends(monkeypatch):
    terminal = a_terminal(monkeypatch)
    gl.fit(X, Y, solver=SOLVER, progress=True, holdout=0.2)
    assert "held out" in terminal.getvalue() and terminal.getvalue().endswith("\x1b[2K")  # which clears it


def drawn(monkeypatch, epochs, seconds_to_draw):
    """Epochs that are drawn of so many, each of a tenth of a second."""
    found, now = [], [0.0]

    def draw(told):
        found.append(told.epoch)
        now[0] += seconds_to_draw

    monkeypatch.setattr(live.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(live, "in_notebook", lambda: False)
    a_terminal(monkeypatch)
    monkeypatch.setattr(live, "EVERY", 0.25)
    monkeypatch.setattr(live, "REST", 60)
    shown = live.Live()
    shown.on_start(None)
    shown.screen = SimpleNamespace(draw=draw, close=lambda fit: None)
    for epoch in range(1, epochs + 1):
        now[0] += 0.1
        shown.on_epoch(Progress(epoch, epochs, 1.0, 1.0, 1.0))
    return found, now[0]


def test_it_is_drawn_at_most_four_times_a_second(monkeypatch):
    assert drawn(monkeypatch, 10, 0.0)[0] == [3, 6, 9]


def test_a_slow_screen_is_drawn_so_rarely_that_it_costs_little(monkeypatch):
    found, seconds = drawn(monkeypatch, 1000, 0.05)
    assert len(found) > 20 and len(found) * 0.05 <= 0.02 * seconds


def test_solvers_do_not_tell_of_epochs_that_nobody_looks_at(monkeypatch):
    a_terminal(monkeypatch)
    made = []
    monkeypatch.setattr(live, "EVERY", 1e9)
    monkeypatch.setattr(Progress, "after", classmethod(lambda cls, *given, **more: made.append(given)))
    gl.fit(X, Y, solver=SOLVER, progress=True)
    assert made == []


def test_others_are_told_of_every_epoch_beside_it(monkeypatch):
    a_terminal(monkeypatch)
    told = []
    monkeypatch.setattr(live, "EVERY", 1e9)
    gl.fit(X, Y, solver=SOLVER, progress=True, callbacks=[lambda progress: told.append(progress.epoch)])
    assert told == [1, 2, 3, 4, 5]


def a_notebook(monkeypatch):
    """The pages that a kernel was given to show."""
    pages = []
    shown = SimpleNamespace(
        HTML=str, display=lambda page, display_id: pages.append(page) or SimpleNamespace(update=pages.append)
    )
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    monkeypatch.setattr(live, "import_module", lambda name: shown)
    return pages


def test_in_a_notebook_it_is_a_curve_that_is_replaced(monkeypatch):
    pages = a_notebook(monkeypatch)
    monkeypatch.setattr(live, "EVERY", 0.0)
    monkeypatch.setattr(live, "REST", 0.0)
    fit = gl.fit(X, Y, solver=SOLVER, progress=True)
    assert len(pages) == 6 and "epoch 1 of 5" in pages[0] and "<svg" in pages[-1]
    assert f"{fit.history['loss'][-1]:.4g}"[:5] in pages[-1] and "5 epochs" in pages[-1]


def test_the_last_curve_has_every_epoch_however_quick_they_were(monkeypatch):
    pages = a_notebook(monkeypatch)
    monkeypatch.setattr(live, "EVERY", 1e9)
    fit = gl.fit(X, Y, solver=SOLVER, progress=True)
    (page,) = pages
    assert loss_curve(fit.history["epoch"], fit.history["loss"], "epoch 5") in page and str(fit.stop) in page


def test_a_function_without_a_name_is_no_tag_of_the_page(monkeypatch):
    pages = a_notebook(monkeypatch)
    gl.fit(X, Y, model=lambda x, w: x[0] * w, start={"w": 0.0}, solver=SOLVER, progress=True)
    assert "<lambda>" not in pages[-1] and "&lt;lambda&gt;" in pages[-1]


def test_a_fit_that_fails_leaves_no_curve(monkeypatch):
    pages = a_notebook(monkeypatch)
    with pytest.raises(gl.GradloopError):
        gl.fit(X, Y, solver=SOLVER, progress=True, callbacks=[lambda progress: 1 / 0])
    assert pages == []


def test_a_real_kernel_shows_the_curve():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    code = (
        "import numpy as np, gradloop as gl\nX = np.random.default_rng(0).normal(size=(40, 2))\n"
        "fit = gl.fit(X, X @ [1.0, 2.0], solver=gl.Minibatch(gl.sgd(0.1), epochs=5), progress=True)"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(book, timeout=120).execute()
    (shown,) = book.cells[0].outputs
    assert "<svg" in shown["data"]["text/html"] and "5 epochs" in shown["data"]["text/html"]


def test_the_time_left_is_said_only_where_it_is_known():
    told = Progress(2, 1000, 0.5, 10.0, 1.0)
    assert live.parts(told) == ["iteration 2", "loss 0.5", "10 rows/s"]


@pytest.mark.parametrize(
    ("width", "text"), [(80, "one   two   three"), (11, "one   two"), (4, "one"), (2, "on"), (0, "")]
)
def test_a_narrow_terminal_has_what_fits(width, text):
    assert live.fitting(["one", "two", "three"], width) == text
