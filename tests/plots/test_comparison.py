import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import OptionError
from gradloop.plots import comparison, methods, paper


def line(rows=100):
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, 1))
    return X, 2 * X[:, 0] + 1 + 0.1 * random.normal(size=rows)


def test_all_methods_are_on_one_surface():
    X, y = line()
    axes = methods(X, y, batch_size=10, seed=4)
    map_ = axes.collections[0].get_array()
    across, up = (axes.collections[0].get_coordinates()[0, :, 0], axes.collections[0].get_coordinates()[:, 0, 1])
    middle = (across[3] + across[4]) / 2, (up[5] + up[6]) / 2
    assert np.reshape(map_, (25, 25))[5, 3] == pytest.approx(np.mean((middle[0] * X[:, 0] + middle[1] - y) ** 2) / 2)
    best = np.linalg.lstsq(np.c_[X, np.ones(100)], y, rcond=None)[0]
    stars = [found for found in axes.lines if found.get_marker() == "*"]
    np.testing.assert_allclose(stars[0].get_xydata()[0], best)
    paths = [found.get_xydata() for found in axes.lines if len(found.get_xydata()) > 1]
    assert [len(path) for path in paths] == [61, 31] and all(path[0].tolist() == [0, 0] for path in paths)
    for path in paths:
        assert np.linalg.norm(path[-1] - best) < 0.2


def test_the_walk_of_sgd_is_that_of_the_run_beside_it():
    X, y = line()
    given = gl.plots.objective.of_data(X, y, None, "linear", None, None)
    found = comparison.stochastic(given.problem, [0, 1], 10, 4)
    rate = gl.solvers.curvature.derived_rate(given.problem, given.problem.start, 10)
    fit = gl.fit(X, y, solver=gl.Minibatch(gl.sgd(rate), batch_size=10, epochs=comparison.EPOCHS), seed=4)
    np.testing.assert_array_equal(found.path[-1], [fit.params["w"][0], fit.params["b"]])
    assert found.loss == fit.history["loss"][-1] and found.rows == 300


def test_what_each_took_stands_beside():
    axes = methods(*line(), batch_size=10)
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "25 × 25" in told[0] and "62,500 rows" in told[0]  # 625 candidates on 100 rows
    assert told[1].startswith("closed form\n100 rows") and "300 rows" in told[3]
    assert all(" s, " in text or " ms, " in text or " µs, " in text for text in told)


def test_in_a_narrow_picture_the_words_are_fewer_and_below():
    with paper(size=(3, 3)):
        axes = methods(*line(), batch_size=10)
    assert all("\n" not in text.get_text() for text in axes.get_legend().get_texts())


def test_other_parameters_are_held_at_their_best():
    random = np.random.default_rng(1)
    X = random.normal(size=(80, 3))
    y = X @ [1.0, 2.0, 3.0] + 4
    axes = methods(X, y, parameters=["w[0]", "w[1]"])
    values = np.reshape(axes.collections[0].get_array(), -1)
    assert values.min() < 0.05  # near zero only if w[2] and b are right
    assert "held at their best" in axes.texts[-1].get_text() or any(
        "held at their best" in text.get_text() for text in axes.texts
    )


def test_a_law_and_classes_have_a_surface_too():
    x = np.linspace(0, 2, 40)
    axes = methods(x, 2 * np.exp(-x), model=lambda x, a, k: a * np.exp(-k * x), start={"a": 1.0, "k": 0.5})
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "k")
    passed = (x + np.sin(9 * x) > 1).astype(int)
    assert methods(x[:, None], passed, model="logistic").get_ylabel() == "b"


@pytest.mark.parametrize(
    ("options", "sentence"), [({"batch_size": 1000}, "100 rows"), ({"parameters": ["w", "w"]}, "twice")]
)
def test_wrong_options_are_sentences(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        methods(*line(), **options)
