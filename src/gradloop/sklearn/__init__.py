"""scikit-learn's face: the same class names, arguments and attributes, with gradloop's training behind them.

Change the import of a scikit-learn script, ``from gradloop.sklearn import Ridge``, and run it. Arguments have
scikit-learn's names, defaults and meanings; one that cannot be honoured is an error. Every estimator keeps the whole
fit (``fit_``), its record (``history_``), how far it is from the best (``certificate_``), and how sure the parameters
are (``stderr_``).

>>> import numpy as np
>>> from gradloop.sklearn import LinearRegression
>>> line = LinearRegression().fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0])
>>> print(np.round(line.coef_, 6), round(line.intercept_, 6), line.certificate_.kind)
[2.] 1.0 exact gap
"""

from gradloop.extras import require

try:
    import sklearn.base  # noqa: F401
except ImportError:
    require("sklearn.base", "The estimators of gradloop.sklearn")

from gradloop.sklearn.law import LawRegressor
from gradloop.sklearn.linear import ElasticNet, Lasso, LinearRegression, Ridge
from gradloop.sklearn.logistic import LogisticRegression
from gradloop.sklearn.robust import HuberRegressor, QuantileRegressor
from gradloop.sklearn.sgd import SGDClassifier, SGDRegressor

__all__ = [
    "ElasticNet",
    "HuberRegressor",
    "Lasso",
    "LawRegressor",
    "LinearRegression",
    "LogisticRegression",
    "QuantileRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
]
