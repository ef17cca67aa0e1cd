import inspect

import numpy as np
import pytest

import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import Pictures, canvas
from gradloop.plots.accessor import as_names

HOSTILE = ["$x_1$", "<b>&" + "n" * 200, "_hidden\x1b[2J"]


def test_every_fit_has_its_pictures():
    assert isinstance(fits.make().plot, Pictures) and "loss" in dir(fits.make().plot)
    assert repr(fits.make().plot).startswith("<pictures of <Fit") and "residuals" in repr(fits.make().plot)


def pictures(fit):
    """Every picture that a fit of quantities, or of classes, has."""
    plot = fit.plot
    if fit.loss.target == "number":
        yield from (plot.residuals, plot.predicted, plot.coefficients)
    else:
        yield from (plot.boundaries, plot.roc, plot.calibration)
    yield from (plot.data, plot.loss, plot.loss_surface)


def draw(picture, axes):
    taken = inspect.signature(picture).parameters
    more = {"features": [0, 1]} if "features" in taken else {}
    if "parameters" in taken:
        more["parameters"] = ("w[0]", "w[1]")
    return picture(**more, axes=axes)


@pytest.mark.parametrize("model", ["linear", "logistic"])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(2.5, 2.5), (12, 9)])
def test_every_picture_is_drawn_whatever_the_names(tmp_path, model, dark, size):
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    y = X @ [1.0, -1.0, 0.5] + random.normal(size=60)
    target = HOSTILE[1] + "$"
    column = y if model == "linear" else np.where(y > 0, "$yes$", "<no>")
    table = dict(zip(HOSTILE, X.T, strict=True)) | {target: column}
    fit = gl.fit(table, target=target, model=model, solver=gl.Minibatch(gl.sgd, batch_size=10, epochs=3))
    drawn = list(pictures(fit))
    assert len(drawn) == 6
    for picture in drawn:
        path = tmp_path / f"{picture.__name__}.svg"
        with canvas(path, dark=dark, size=size) as axes:
            assert draw(picture, axes) is axes
        text = path.read_text()
        assert "<b>" not in text and "\x1b" not in text


def test_a_loaded_fit_takes_its_data(tmp_path):
    X = np.arange(5.0)[:, None]
    gl.fit(X, 2 * X[:, 0]).save(tmp_path / "m")
    loaded = gl.load(tmp_path / "m")
    assert len(loaded.plot.residuals(X, 2 * X[:, 0]).collections[0].get_offsets()) == 5
    for picture in (loaded.plot.residuals, loaded.plot.predicted, loaded.plot.data):
        with pytest.raises(OptionError, match="comes from a file"):
            picture()


def test_curves_of_a_fit():
    X = np.arange(5.0)[:, None]
    fit = gl.fit(X, 2 * X[:, 0])
    assert fit.plot.loss_curve("w").get_xlabel() == "w"
    assert fit.plot.coefficients(per="unit").get_xlabel() == "value"


def test_pictures_of_the_other_kind_are_refused():
    X = np.arange(6.0)[:, None]
    with pytest.raises(OptionError, match="for classes"):
        gl.fit(X, X[:, 0]).plot.roc()
    classes = gl.fit(X, np.array([0, 1, 0, 1, 1, 1]), model="logistic")
    for picture in (classes.plot.residuals, classes.plot.predicted):
        with pytest.raises(OptionError, match="for quantities"):
            picture()


def test_scores_without_probabilities_have_a_roc_curve():
    X = np.arange(6.0)[:, None]
    fit = gl.fit(X, np.array([0, 1, 0, 1, 1, 1]), model="linear", loss="hinge")
    assert fit.plot.roc().get_legend() is not None
    with pytest.raises(OptionError, match="no probabilities"):
        fit.plot.calibration()


def test_one_feature_or_several():
    assert as_names("a") == ("a",) and as_names(0) == (0,) and as_names(["a", 1]) == ("a", 1)
