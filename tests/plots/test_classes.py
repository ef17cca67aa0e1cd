import numpy as np
import pytest
from scipy.stats import binomtest, mannwhitneyu

import fits
import gradloop as gl
from gradloop.errors import DataError, OptionError
from gradloop.plots import boundaries, calibration, classes, roc


def clouds(rows=90):
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 3
    return random.normal(size=(rows, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[labels], labels


def words(axes):
    return " ".join(text.get_text() for text in axes.texts).replace("\n", " ")


def names(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def offsets(axes):
    return [found.get_offsets() for found in axes.collections if len(found.get_offsets()) > 1]


# --- Boundaries


def test_the_boundary_of_a_logistic_fit_is_where_the_score_is_zero():
    X, labels = clouds()
    fit = gl.fit(X, (labels == 1).astype(int), model="logistic")
    axes = classes.boundaries_of_fit(fit, (), None, None, None)
    lines = [found for found in axes.collections if found.get_linewidths().tolist() == [0.8]]
    assert len(lines) == 2
    for found in lines:
        for path in found.get_paths():
            scores = path.vertices @ fit.params["w"] + fit.params["b"]
            assert np.abs(scores).max() < 0.05 * np.abs(X @ fit.params["w"]).max()
    assert names(axes) == ["0", "1"]


def test_classes_of_a_table_have_their_names_and_markers():
    X, labels = clouds()
    table = {"$a$": X[:, 0], "b": X[:, 1], "kind": np.array(["red", "<b>", "blue"])[labels]}
    fit = gl.fit(table, target="kind", model="softmax")
    axes = classes.boundaries_of_fit(fit, (), None, None, None)
    assert names(axes) == ["<b>", "blue", "red"] and axes.get_xlabel() == r"\$a\$"
    for found, label in zip(offsets(axes), (1, 2, 0), strict=True):
        np.testing.assert_allclose(found, X[labels == label], atol=1e-12)


def test_other_features_are_held_at_their_means():
    X, labels = clouds()
    fit = gl.fit(np.c_[X, X[:, 0] ** 2], labels, model="softmax")
    axes = classes.boundaries_of_fit(fit, (0, 1), None, None, None)
    assert "held at their means" in words(axes)


@pytest.mark.parametrize(("features", "sentence"), [((), "one or two"), ((0,), "name two"), ((0, 0), "different")])
def test_a_plane_has_two_features(features, sentence):
    X, labels = clouds()
    fit = gl.fit(np.c_[X, X[:, 0] ** 2], labels, model="softmax")
    with pytest.raises(OptionError, match=sentence):
        classes.boundaries_of_fit(fit, features, None, None, None)


def test_quantities_have_no_boundaries():
    with pytest.raises(OptionError, match="for classes"):
        classes.boundaries_of_fit(fits.make(), (), None, None, None)


def test_a_class_that_is_nowhere_predicted_has_no_line():
    scores = np.stack([np.ones((3, 3)), np.zeros((3, 3))], axis=-1)
    axes = boundaries(np.zeros((2, 2)), [0, 1], (np.arange(3.0), np.arange(3.0), scores))
    assert names(axes) == ["0", "1"]
    assert not [found for found in axes.collections if found.get_linewidths().tolist() == [0.8]]


# --- ROC


def test_the_area_is_that_of_mann_and_whitney():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 300)
    scores = np.round(random.normal(size=300) + labels, 1)  # with ties
    axes = roc(labels, scores)
    expected = mannwhitneyu(scores[labels == 1], scores[labels == 0]).statistic / np.sum(labels) / np.sum(1 - labels)
    assert names(axes) == [f"1: area {expected:.3g}"]
    wrong, right = axes.lines[1].get_data()
    assert (wrong[0], right[0], wrong[-1], right[-1]) == (0, 0, 1, 1)
    for threshold in np.unique(scores)[::7]:
        taken = scores >= threshold
        point = np.array([taken[labels == 0].mean(), taken[labels == 1].mean()])
        assert np.abs(np.c_[wrong, right] - point).sum(axis=1).min() < 1e-12


def test_each_of_several_classes_has_a_curve():
    axes = roc([0, 1, 2, 0], np.eye(3)[[0, 1, 2, 0]], classes=("a", "$", "c"))
    assert names(axes) == ["a: area 1", r"\$: area 1", "c: area 1"]
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in axes.lines[1:]}) == 3


def test_very_many_rows_make_a_curve_of_few_corners():
    axes = roc(np.arange(10**5) % 2, np.random.default_rng(0).uniform(size=10**5))
    assert len(axes.lines[1].get_xdata()) <= 1000


@pytest.mark.parametrize("labels", [[1, 1], [0, 0]])
def test_one_class_has_no_curve(labels):
    with pytest.raises(DataError, match="all rows are of one"):
        roc(labels, [0.1, 0.2])


# --- Calibration


def test_shares_and_intervals_are_wilsons():
    random = np.random.default_rng(0)
    probability = random.uniform(size=1000)
    happened = random.uniform(size=1000) < probability
    axes = calibration(happened, probability, name="yes")
    order = np.argsort(probability)
    bars = [path.vertices for path in axes.collections[0].get_paths()]
    assert len(bars) == 10
    for group, bar, point in zip(np.split(order, 10), bars, axes.lines[1].get_xydata(), strict=True):
        test = binomtest(int(happened[group].sum()), 100).proportion_ci(method="wilson")
        np.testing.assert_allclose(bar[:, 1], [test.low, test.high], rtol=1e-9)
        np.testing.assert_allclose(point, [probability[group].mean(), happened[group].mean()], rtol=1e-9)
    assert axes.get_ylabel() == "share of yes" and "95 %" in words(axes)


def test_one_of_several_classes_is_named():
    X, labels = clouds()
    fit = gl.fit(X, labels, model="softmax")
    with pytest.raises(OptionError, match="There are 3 classes"):
        classes.calibration_of_fit(fit, None, None, None, None)
    with pytest.raises(OptionError, match="no class 'q'"):
        classes.calibration_of_fit(fit, "q", None, None, None)
    assert classes.calibration_of_fit(fit, 2, None, None, None).get_ylabel() == "share of 2"
