"""Pictures: what is drawn, and one sentence where matplotlib is missing."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gradloop.errors import GradloopError
from gradloop.textbook import d2l, torch
from gradloop.textbook.d2l import figures


@pytest.fixture(autouse=True)
def own_figures():
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"backend": "agg"}):
        yield
        d2l.plt.close("all")


def drawn(axes):
    return [(line.get_xdata().tolist(), line.get_ydata().tolist(), line.get_linestyle()) for line in axes.lines]


def test_curves_and_their_places():
    x = torch.arange(3.0)
    d2l.plot(x, [x**2, 2 * x], "x", "f(x)", legend=["f", "g"], xlim=[0, 2], yscale="log", figsize=(4, 3))
    axes = d2l.plt.gca()
    assert drawn(axes) == [([0, 1, 2], [0, 1, 4], "-"), ([0, 1, 2], [0, 2, 4], "--")]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim(), axes.get_yscale()) == ("x", "f(x)", (0, 2), "log")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["f", "g"]
    assert d2l.plt.rcParams["figure.figsize"] == [4, 3]


@pytest.mark.parametrize("values", [[1.0, 4.0], torch.tensor([1.0, 4.0]), np.array([[1.0, 4.0]]), [[1.0, 4.0]]])
def test_one_argument_is_drawn_over_its_places(values):
    axes = d2l.plt.figure().add_subplot()
    d2l.plot(values, axes=axes)
    assert drawn(axes) == [([0, 1], [1, 4], "-")]


def test_each_curve_may_have_its_own_places():
    d2l.plot([[0, 1], [0, 2]], [[5, 6], [7, 8]])
    assert [line[:2] for line in drawn(d2l.plt.gca())] == [([0, 1], [5, 6]), ([0, 2], [7, 8])]
    with pytest.raises(GradloopError, match="2 curves in X and 3 in Y"):
        d2l.plot([[0, 1], [0, 2]], [[5, 6], [7, 8], [9, 9]])


def test_sizes():
    d2l.set_figsize()
    assert d2l.plt.rcParams["figure.figsize"] == [3.5, 2.5]


def test_the_animator_keeps_all_points():
    animator = d2l.Animator(xlabel="epoch", xlim=[1, 2], legend=["loss", "accuracy"])
    animator.add(1, (0.5, 0.25))
    animator.add(2, (0.125, None))
    assert [line[:2] for line in drawn(animator.axes[0])] == [([1, 2], [0.5, 0.125]), ([1], [0.25])]
    assert animator.axes[0].get_xlabel() == "epoch" and len(d2l.Animator(nrows=2).axes) == 2
    single = d2l.Animator()
    single.add(1, 3.0)
    assert single.Y == [[3.0]]


def test_a_notebook_is_redrawn_and_gets_sharp_pictures(monkeypatch):
    seen = []
    shell = SimpleNamespace(kernel=1, run_line_magic=lambda *line: seen.append(line))
    display = SimpleNamespace(display=lambda figure: seen.append("shown"), clear_output=lambda wait: seen.append(wait))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell, display=display))
    d2l.use_svg_display()
    d2l.Animator().add(1, 2)
    assert seen[0] == ("config", "InlineBackend.figure_formats = ['svg']") and seen[-2:] == ["shown", True]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert figures.notebook() is None


def test_without_matplotlib_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (lambda: d2l.plt, d2l.set_figsize, lambda: d2l.plot([1])):
        with pytest.raises(GradloopError, match=r'pip install "gradloop\[plots\]"'):
            call()
