from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.history import History, Row
from gradloop.notebook import loss_curve, page


class Reader(HTMLParser):
    """The tags of a page, which must close in order, and its words."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def points(curve):
    line = ElementTree.fromstring(curve).find("polyline").get("points")
    return np.array([tuple(map(float, point.split(","))) for point in line.split()])


def test_a_fit_shows_its_coefficients_verdict_and_curve():
    fit = replace(fits.houses(), notes=("A note.",))
    read = Reader(fit._repr_html_())
    words = " ".join(read.words)
    assert "area" in words and "town=Ulm" in words and "(intercept)" in words
    assert fit.certificate.sentence in words and "note: A note." in words
    assert read.tags.count("tr") == 4 and read.tags.count("svg") == 1


def test_names_are_escaped():
    name = "<script>alert(1)</script>&\x1b[2J"
    fit = gl.fit({name: [1.0, 2.0, 4.0], "y": [1.0, 2.0, 3.0]}, target="y")
    text = page(replace(fit, notes=(name,)))
    assert "<script" not in text and "\x1b" not in text
    assert Reader(text).words and "&lt;script&gt;" in text


def test_standard_errors_are_shown_where_there_are_any():
    random = np.random.default_rng(0)
    fit = gl.fit(random.normal(size=(20, 1)), random.normal(size=20))
    assert "standard error" in page(fit) and "<svg" not in page(fit)


def test_the_curve_falls_as_the_loss_does():
    found = points(loss_curve(np.array([1, 2, 3]), np.array([8.0, 4.0, 2.0])))
    assert np.diff(found[:, 0]).tolist() == pytest.approx([found[1, 0] - found[0, 0]] * 2, abs=0.1)
    assert (np.diff(found[:, 1]) > 0).all()  # downwards on a screen
    assert np.diff(found[:, 1])[0] == pytest.approx(2 * np.diff(found[:, 1])[1], abs=0.2)


def test_a_steep_loss_has_powers_of_ten():
    curve = loss_curve(np.arange(1, 4), np.array([1e4, 1.0, 1e-4]))
    assert np.ptp(np.diff(points(curve)[:, 1])) < 0.2 and "powers of ten" in curve


def test_a_long_record_is_thinned_and_a_short_one_is_not_drawn():
    assert len(points(loss_curve(np.arange(10**5), np.linspace(2, 1, 10**5)))) <= 200
    assert loss_curve(np.array([1]), np.array([1.0])) == ""
    assert loss_curve(np.array([1, 2]), np.array([1.0, np.nan])) == ""
    assert np.isfinite(points(loss_curve(np.arange(3), np.array([1e308, -1e308, np.inf])))).all()
    assert np.isfinite(points(loss_curve(np.arange(3), np.ones(3)))).all()


def test_a_fit_without_epochs_has_no_curve():
    assert "<svg" not in page(fits.make(history=History.from_rows([])))
    assert "<svg" in page(fits.make(history=History.from_rows([Row(e, e, 1, 1, 1, 1) for e in (1, 2)])))
