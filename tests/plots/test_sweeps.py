import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import canvas, style, sweeps

X, Y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=200)


@pytest.fixture(scope="module")
def found():
    return gl.sweep(X, Y, learning_rate=[0.01, 0.1, 30], batch_size=[10, 100], epochs=4)


@pytest.mark.parametrize("against", ["epoch", "rows", "seconds"])
def test_a_line_for_each_run_and_a_cross_where_it_diverged(found, against):
    axes = found.plot(against=against)
    drawn = {tuple(line.get_ydata()) for line in axes.get_lines() if len(line.get_ydata()) > 1}
    assert {tuple(run.fit.history["loss"]) for run in found if not run.failed} <= drawn
    assert len(axes.collections) == sum(run.failed for run in found) == 2
    assert [line.get_linewidth() for line in axes.get_lines()].count(2.4) == 1
    assert tuple(axes.get_lines()[-1].get_ydata()) == tuple(found.best.history["loss"])


def test_colours_tell_rates_and_dashes_batch_sizes(found):
    colours, dashes = sweeps.looks(found, style.LIGHT)
    assert [look[1] for look in colours.values.values()] == list(style.LIGHT.series[:3])
    assert colours.name == "learning_rate" and dashes.name == "batch_size"
    assert {dashes.of(run, "") for run in found if run.settings["batch_size"] == 100} == {style.DASHES[1]}
    labels = [text.get_text() for text in found.plot().get_legend().get_texts()]
    assert labels == ["learning rate 0.01", "learning rate 0.1", "learning rate 30", "batch size 10", "batch size 100"]


def test_the_words_below(found):
    told = " ".join(" ".join(text.get_text() for text in found.plot().texts).split())
    assert "2 of 6 runs diverged" in told and f"stable below the learning rate {found.stable_rate:.3g}" in told
    assert "thick, the best: learning rate 0.1" in told


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(2.5, 2.5), (12, 9)])
def test_many_runs_on_any_paper(tmp_path, dark, size):
    many = gl.sweep(X, Y, learning_rate=list(np.geomspace(1e-3, 1, 20)), batch_size=[10, 50], epochs=2)
    with canvas(tmp_path / "a.svg", dark=dark, size=size) as axes:
        assert many.plot(axes=axes) is axes
        assert len({line.get_color() for line in axes.get_lines()}) == 20
        assert len(axes.get_legend().get_texts()) == (10 if size[0] > 5 else 6)


def test_one_run_and_all_diverged():
    assert gl.sweep(X, Y, learning_rate=0.1, epochs=3).plot().get_legend() is None
    axes = gl.sweep(X, Y, learning_rate=[2.2, 2.4], batch_size="all", epochs=90).plot()
    assert "2 of 2 runs diverged" in axes.texts[0].get_text()


def test_what_cannot_be_drawn(found):
    with pytest.raises(OptionError, match="no course"):
        gl.sweep(X, Y, learning_rate=[0.1, 0.2], epochs=1).plot()
    with pytest.raises(OptionError, match="against is 'time'"):
        found.plot(against="time")
