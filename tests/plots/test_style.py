from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from gradloop.errors import GradloopError, OptionError
from gradloop.plots import canvas, paper, style

HOSTILE = "$x_1$ \x1b[2J" + "n" * 200


def luminance(colour):
    """Of WCAG 2: what contrast is measured by."""
    from matplotlib.colors import to_rgb

    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("inks", [style.LIGHT, style.DARK])
def test_words_are_readable_on_their_paper(inks):
    for ink in (inks.ink, inks.faint):
        low, high = sorted([luminance(ink), luminance(inks.paper)])
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG AA


@pytest.mark.parametrize("inks", [style.LIGHT, style.DARK])
def test_series_are_told_apart_by_more_than_colour(inks):
    assert len(set(inks.series)) == len(set(style.MARKERS)) == len(set(map(str, style.DASHES))) == 6


def test_new_axes_follow_the_paper_and_given_axes_keep_theirs():
    assert style.inks_of(style.on(None)) is style.LIGHT
    with paper(dark=True, size=(3, 2)):
        axes = style.on(None)
    assert style.inks_of(axes) is style.DARK
    assert axes.get_figure().get_size_inches().tolist() == [3, 2]
    with pyplot.style.context("dark_background"):
        assert style.inks_of(style.on(None)) is style.DARK
    own = Figure(facecolor="black").subplots()
    own.set_facecolor("none")
    assert style.on(own) is own and style.inks_of(own) is style.DARK


def test_paper_leaves_the_settings_as_they_were():
    before = dict(matplotlib.rcParams)
    with paper(dark=True):
        assert not matplotlib.rcParams["text.usetex"]
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("ending", ["svg", "png", "pdf", "SVG"])
def test_a_canvas_writes_the_same_bytes_again(tmp_path, ending):
    found = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.{ending}"
        with canvas(path) as axes:
            axes.plot([0, 1], [1, 0])
        found.append(path.read_bytes())
    assert found[0] == found[1] and len(found[0]) > 1000
    assert pyplot.get_fignums() == []


def test_a_canvas_that_fails_writes_nothing(tmp_path):
    with pytest.raises(RuntimeError), canvas(tmp_path / "a.svg"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("a.gif", "does not end in .svg, .png or .pdf"), ("a", "does not end"), ("no/a.svg", "cannot be written")],
)
def test_a_canvas_refuses_before_anything_is_drawn(tmp_path, monkeypatch, path, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=sentence), canvas(path):
        raise AssertionError("drawn")


@pytest.mark.parametrize("size", [(0, 4), (4,), (1000, 4), (float("nan"), 4)])
def test_sizes_that_are_none_are_refused(size):
    with pytest.raises(OptionError, match="inches"), paper(size=size):
        pass


def test_without_matplotlib_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(GradloopError, match=r'^Pictures need matplotlib, .*pip install "gradloop\[plots\]"'):
        style.on(None)


def test_names_are_shown_and_never_obeyed(tmp_path):
    with canvas(tmp_path / "a.svg") as axes:
        style.name_axes(axes, HOSTILE, "<b>&" + HOSTILE)
        style.remark(axes, style.plain("$\\frac{$"))
        assert axes.get_xlabel().startswith(r"\$x_1\$ \x1b[2J") and len(axes.get_xlabel()) <= style.MOST_LETTERS + 2
        texts = [axes.xaxis.label, axes.yaxis.label, *axes.texts]
        assert all(matplotlib.cbook.is_math_text(text.get_text()) is False for text in texts)
    assert "<b>" not in Path(tmp_path / "a.svg").read_text()


def test_remarks_stand_below_each_other_and_within_the_picture():
    with paper(size=(3, 2)):
        axes = style.on(None)
    style.remark(axes, "first", "")
    style.remark(axes, "a sentence of many words " * 4)
    (text,) = axes.texts
    assert text.get_text().startswith("first\n") and max(map(len, text.get_text().split("\n"))) <= 51


def test_places_keep_their_gap_and_their_order():
    random = np.random.default_rng(0)
    for _ in range(50):
        places, gap = random.uniform(size=random.integers(1, 8)), 0.1
        moved = style.apart(places, gap, 0.05)
        order = np.argsort(places)
        assert (np.diff(moved[order]) >= gap - 1e-12).all() and moved.min() >= 0.05 - 1e-12
    far = np.array([0.9, 0.1, 0.5])
    assert style.apart(far, 0.1).tolist() == pytest.approx(far.tolist())


def test_few_rows_are_all_drawn_and_many_are_said_to_be_thinned():
    rows, told = style.thinned(style.MOST_POINTS)
    assert len(rows) == style.MOST_POINTS and told == ""
    rows, told = style.thinned(10**6)
    assert len(np.unique(rows)) == 5000 and "5,000 of 1,000,000" in told
    assert abs(np.mean(rows) / 1e6 - 0.5) < 0.02  # spread evenly
    assert (style.thinned(10**6)[0] == rows).all()


def test_a_crowd_is_drawn_smaller_and_as_pixels():
    axes = style.on(None)
    few, many = (style.cloud(axes, np.zeros(n), np.zeros(n), "k") for n in (10, 5000))
    assert few.get_sizes()[0] > many.get_sizes()[0] and few.get_alpha() > many.get_alpha()
    assert many.get_rasterized() and not few.get_rasterized()


def test_names_at_line_ends_do_not_touch():
    axes = style.on(None)
    axes.plot([0, 1], [0, 1])
    style.end_labels(axes, [(1, 1.0, "a", "k"), (1, 0.999, "b", "k"), (1, 0.0, "c", "k")])
    style.end_labels(axes, [])
    heights = [text.xy[1] for text in axes.texts]
    assert heights[0] - heights[1] >= 0.05 and heights[2] < 0.2


@pytest.mark.parametrize("size", [(2, 2), (6.4, 4), (20, 30)])
def test_the_name_above_an_axis_is_within_the_picture(size):
    with paper(size=size):
        axes = style.on(None)
    axes.plot([0, 1], [0, 1])
    style.name_axes(axes, "x", "price")
    axes.figure.canvas.draw()
    name, whole = axes.yaxis.label.get_window_extent(), axes.figure.bbox
    assert axes.get_window_extent().y1 < name.y0 and name.y1 <= whole.y1


@pytest.mark.parametrize(
    "top, wanted", [(2.5e9, {"0", "5e8", "1e9"}), (2e-5, {"0", "5e−6", "1e−5"}), (50, {"0", "10"})]
)
def test_no_power_of_ten_stands_where_the_name_does(top, wanted):
    axes = style.on(None)
    axes.plot([0, top], [0, top])
    style.name_axes(axes, "x", "y")
    axes.figure.canvas.draw()
    for axis in (axes.xaxis, axes.yaxis):
        assert axis.get_offset_text().get_text() == ""
        assert wanted <= {label.get_text() for label in axis.get_ticklabels()}


def test_heights_of_contours_are_whole_or_not_there():
    axes = style.on(None)
    x = np.linspace(0, 1, 30)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    style.height_labels(axes, axes.contour(x, x, x[:, None] + 0 * x, levels=[0.01, 0.5, 0.99]))
    seen = [text for text in axes.texts if text.get_visible()]
    assert [text.get_text() for text in seen] == ["0.50"] and len(axes.texts) > 1


def test_letters_that_no_font_has_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(style, "fonts", lambda: ["DejaVu Sans"])
    with pytest.warns(UserWarning) as heard, canvas(tmp_path / "a.png") as axes:
        style.name_axes(axes, "面积", "价格")
    assert len(heard) == 1 and "install one that does" in str(heard[0].message)


def test_names_in_chinese_are_drawn_with_a_font_that_has_them(tmp_path):
    if len(style.fonts()) == 1:
        pytest.skip("no font with Chinese letters is installed")
    with canvas(tmp_path / "a.png") as axes:  # a warning would be an error
        style.name_axes(axes, "面积", "价格")
