"""scikit-learn's own checks of estimators, all of them; Pipeline, GridSearchCV, clone, data frames, pickles."""

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import gradloop.sklearn
from gradloop.errors import OptionError
from gradloop.sklearn import LawRegressor

STOCHASTIC = {
    "check_sample_weight_equivalence_on_dense_data": "a row of weight 2 is one step, a row given twice is two"
}
EXPECTED = {"SGDRegressor": STOCHASTIC, "SGDClassifier": STOCHASTIC}
NAMES = [name for name in gradloop.sklearn.__all__ if name != "LawRegressor"]
X = np.random.default_rng(0).normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 3


class Function:
    """A function that prints itself without its address, so that every run of the tests has the same names."""

    def __init__(self, function):
        self.function = self.__wrapped__ = function  # whose signature it has

    def __call__(self, *arguments, **named):
        return self.function(*arguments, **named)

    def __repr__(self):
        return self.function.__name__

    def __reduce__(self):
        return self.function.__name__  # the one of this module, as for any function


@Function
def plane(x, w, b):
    return np.dot(x, w) + b


@Function
def zeros(features):
    return {"w": np.zeros(features), "b": 0.0}


def estimators():
    return [*(getattr(gradloop.sklearn, name)() for name in NAMES), LawRegressor(), LawRegressor(plane, start=zeros)]


def named(estimator):
    return type(estimator).__name__


@pytest.mark.filterwarnings("ignore:::sklearn")  # the checks make data that are meant to be warned of
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    estimators(), expected_failed_checks=lambda estimator: EXPECTED.get(type(estimator).__name__, {})
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_those_of_scikit_learn(name):
    theirs = inspect.signature(getattr(sklearn.linear_model, name)).parameters
    ours = inspect.signature(getattr(gradloop.sklearn, name)).parameters
    added = {"batch_size"} if name.startswith("SGD") else set()
    assert ours.keys() - added == theirs.keys()
    for argument, parameter in theirs.items():
        assert ours[argument].default == parameter.default, argument
        assert ours[argument].kind == parameter.kind, argument


@pytest.mark.parametrize("estimator", estimators(), ids=named)
def test_what_is_carried(estimator):
    y = (Y > 3).astype(int) if hasattr(estimator, "predict_log_proba") or "Classifier" in named(estimator) else Y
    fitted = (
        clone(estimator).set_params(**({"tol": None, "max_iter": 3} if "SGD" in named(estimator) else {})).fit(X, y)
    )
    assert len(fitted.history_) >= 1 and fitted.certificate_.sentence.endswith(".")
    assert fitted.fit_.rows >= len(X)
    assert np.shape(fitted.predict(X)) == (60,)
    if "Law" not in named(estimator):
        assert np.shape(fitted.stderr_) == np.shape(fitted.coef_)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(X), fitted.predict(X))
    assert "rows" in repr(again.fit_)


@pytest.mark.parametrize("estimator", estimators(), ids=named)
def test_unfitted(estimator):
    with pytest.raises(NotFittedError):
        estimator.predict(X)


def test_data_frames_give_names():
    frame = pd.DataFrame(X, columns=["length", "width", "height"])
    model = gradloop.sklearn.LinearRegression().fit(frame, Y)
    assert list(model.feature_names_in_) == ["length", "width", "height"]
    assert "width" in str(model.fit_.summary())
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"width": "breadth"}))


REFUSED = [
    ("LinearRegression", {"positive": True}, "positive=True cannot be honoured"),
    ("LinearRegression", {"n_jobs": 2}, "n_jobs=2 cannot be honoured"),
    ("LinearRegression", {"tol": -1.0}, "tol is -1.0, but it must be a number from 0"),
    ("LinearRegression", {"fit_intercept": "yes"}, "fit_intercept is 'yes', but it must be True or False"),
    ("Ridge", {"solver": "sag"}, "solver='sag' cannot be honoured"),
    ("Ridge", {"max_iter": 10}, "max_iter=10 cannot be honoured"),
    ("Ridge", {"alpha": -1.0}, "alpha is -1.0"),
    ("Ridge", {"alpha": [1.0, 2.0]}, "alpha is .*, but it must be a number"),
    ("Lasso", {"warm_start": True}, "warm_start=True cannot be honoured"),
    ("Lasso", {"precompute": True}, "precompute=True cannot be honoured"),
    ("Lasso", {"selection": "random"}, "selection='random' cannot be honoured"),
    ("Lasso", {"selection": "any"}, "there is no selection='any'"),
    ("ElasticNet", {"l1_ratio": 1.5}, "l1_ratio is 1.5, but it must be a number from 0 to 1"),
    ("ElasticNet", {"max_iter": 0}, "max_iter is 0, but it must be a whole number from 1"),
    ("LogisticRegression", {"solver": "liblinear"}, "solver='liblinear' cannot be honoured"),
    ("LogisticRegression", {"l1_ratio": 0.5}, "choose 'saga'"),
    ("LogisticRegression", {"penalty": "l1"}, "choose 'saga'"),
    ("LogisticRegression", {"dual": True}, "dual=True cannot be honoured"),
    ("LogisticRegression", {"C": 0.0}, "C is 0.0, but it must be a number above 0"),
    ("LogisticRegression", {"intercept_scaling": 2.0}, "intercept_scaling=2.0 cannot be honoured"),
    ("HuberRegressor", {"epsilon": 0.5}, "epsilon is 0.5, but it must be a number from 1"),
    ("QuantileRegressor", {"quantile": 1.0}, "quantile's tau is 1.0"),
    ("QuantileRegressor", {"solver": "interior-point"}, "solver='interior-point' cannot be honoured"),
    ("QuantileRegressor", {"solver_options": {}}, "solver_options={} cannot be honoured"),
    ("SGDRegressor", {"early_stopping": True}, "early_stopping=True cannot be honoured"),
    ("SGDRegressor", {"learning_rate": "adaptive"}, "learning_rate='adaptive' cannot be honoured"),
    ("SGDRegressor", {"learning_rate": "optimal", "alpha": 0.0}, "alpha is 0; choose another learning_rate"),
    ("SGDRegressor", {"loss": "hinge"}, "there is no loss='hinge'"),
    ("SGDRegressor", {"eta0": 0.0}, "eta0 is 0.0, but it must be a number above 0"),
    ("SGDRegressor", {"batch_size": 0}, "batch_size is 0"),
    ("SGDClassifier", {"penalty": "l3"}, "there is no penalty='l3'"),
    ("SGDClassifier", {"average": -1}, "average is -1"),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), REFUSED)
def test_what_cannot_be_honoured_is_refused(name, arguments, sentence):
    estimator = getattr(gradloop.sklearn, name)(**arguments)
    with pytest.raises(ValueError, match=sentence) as error:
        estimator.fit(X, (Y > 3).astype(int))
    assert "\n" not in str(error.value)


def test_every_argument_of_the_table_is_an_option_of_ours():
    assert {name for name, _, _ in REFUSED} == set(NAMES)
    with pytest.raises(OptionError):
        gradloop.sklearn.Ridge(alpha="1").fit(X, Y)


def test_missing_scikit_learn_is_one_sentence():
    program = """
import sys
sys.modules["sklearn"] = None
try:
    import gradloop.sklearn
except ValueError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    needed = "The estimators of gradloop.sklearn need scikit-learn, which is not installed"
    assert found == f'{needed}: pip install "gradloop[sklearn]".\n'
