"""Programs as scikit-learn's users write them, run twice: only the import differs."""

import numpy as np
import pytest

import gradloop
import gradloop.sklearn

PROGRAMS = {
    "diabetes": """
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

X, y = load_diabetes(return_X_y=True)
X = X[:, [2]]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=20, shuffle=False)
regressor = LinearRegression().fit(X_train, y_train)
y_pred = regressor.predict(X_test)
result = [regressor.coef_, regressor.intercept_, mean_squared_error(y_test, y_pred), r2_score(y_test, y_pred)]
""",
    "grid search over alpha": """
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV

X, y = load_diabetes(return_X_y=True)
lasso = Lasso(random_state=0, max_iter=10_000, tol=1e-8)
search = GridSearchCV(lasso, [{"alpha": np.logspace(-4, -0.5, 6)}], cv=5, refit=True).fit(X[:150], y[:150])
result = [search.cv_results_["mean_test_score"], search.best_params_["alpha"], search.best_estimator_.coef_]
""",
    "ridge by cross-validation": """
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

X, y = load_diabetes(return_X_y=True)
model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), Ridge(alpha=100.0))
result = [cross_val_score(model, X, y, cv=4)]
""",
    "elastic net with weights": """
import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import ElasticNet

X, y = make_regression(n_samples=80, n_features=12, n_informative=4, noise=3.0, random_state=0)
weights = np.random.default_rng(0).uniform(0, 2, 80)
model = ElasticNet(alpha=0.5, l1_ratio=0.7, tol=1e-10).fit(X, y, sample_weight=weights)
result = [model.coef_, model.intercept_, np.flatnonzero(model.coef_), model.score(X, y)]
""",
    "iris in a pipeline": """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
model = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8)).fit(X_train, y_train)
result = [model.predict(X_test), model.predict_proba(X_test), model.score(X_test, y_test), model[-1].coef_]
""",
    "digits": """
from sklearn import datasets, metrics
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

digits = datasets.load_digits()
X, y = digits.data[:600] / 16, digits.target[:600]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, shuffle=False)
classifier = LogisticRegression(C=0.1, max_iter=1000, tol=1e-6).fit(X_train, y_train)
predicted = classifier.predict(X_test)
result = [predicted, metrics.confusion_matrix(y_test, predicted), classifier.predict_proba(X_test)]
""",
    "columns of many kinds": """
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rng = np.random.default_rng(0)
ages, fares, ports = rng.normal(40, 10, 120), rng.exponential(30, 120), rng.choice(list("SCQ"), 120)
table = pd.DataFrame({"age": ages, "fare": fares, "port": ports})
table.loc[::10, "age"] = np.nan
survived = np.where(table["fare"] + 20 * (table["port"] == "C") + rng.normal(0, 10, 120) > 30, "yes", "no")
numbers = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
words = OneHotEncoder(sparse_output=False)
prepare = ColumnTransformer([("numbers", numbers, ["age", "fare"]), ("words", words, ["port"])])
model = Pipeline([("prepare", prepare), ("classify", LogisticRegression(class_weight="balanced", tol=1e-8))])
model.set_output(transform="pandas")
held_out = cross_val_predict(model, table, survived, cv=3, method="predict_proba")
result = [held_out, model.fit(table, survived).predict(table)]
""",
    "quantiles": """
import numpy as np
from sklearn.linear_model import QuantileRegressor

rng = np.random.default_rng(42)
x = np.linspace(0, 10, 100)
X, y = x[:, None], 10 + 0.5 * x + rng.normal(0, 0.5 + 0.5 * x)
result = [QuantileRegressor(quantile=q, alpha=0).fit(X, y).predict(X) for q in (0.05, 0.5, 0.95)]
""",
    "robust": """
import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import HuberRegressor

rng = np.random.RandomState(0)
X, y = make_regression(n_samples=200, n_features=2, noise=4.0, random_state=0)
X[:4], y[:4] = rng.uniform(10, 20, (4, 2)), rng.uniform(10, 20, 4)
huber = HuberRegressor(tol=1e-8, max_iter=1000).fit(X, y)
result = [huber.coef_, huber.intercept_, huber.scale_, np.flatnonzero(huber.outliers_)]
""",
    "one against the rest": """
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_breast_cancer(return_X_y=True)
classifier = SGDClassifier(loss="log_loss", alpha=0.05, max_iter=2000, tol=1e-6, random_state=0)
model = make_pipeline(StandardScaler(), classifier)
model.fit(X, y)
result = [model.score(X, y), model.predict_proba(X)]
""",
    "out of core": """
import numpy as np
from sklearn.linear_model import SGDRegressor

rng = np.random.default_rng(0)
model = SGDRegressor(alpha=1e-6, eta0=0.05, random_state=0)
for _ in range(30):
    X = rng.normal(size=(200, 3))
    model.partial_fit(X, X @ [1.0, -2.0, 3.0] + 4)
result = [model.coef_, model.intercept_]
""",
    "few coefficients": """
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

X, y = load_breast_cancer(return_X_y=True)
model = LogisticRegression(l1_ratio=1.0, solver="saga", C=0.1, tol=1e-7, max_iter=20_000).fit(scale(X), y)
result = [model.coef_, model.intercept_, model.predict_proba(scale(X))]
""",
    "classes that count the same, one after the other": """
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

X, y = load_wine(return_X_y=True)
model = LogisticRegression(class_weight="balanced", warm_start=True, tol=1e-9, max_iter=5000)
result = [model.set_params(C=C).fit(scale(X), y).coef_ for C in (0.01, 0.1, 1.0)]
""",
    "estimators within others": """
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.linear_model import Lasso, Ridge
from sklearn.multioutput import MultiOutputRegressor

X, y = load_diabetes(return_X_y=True)
stacked = StackingRegressor([("ridge", Ridge()), ("lasso", Lasso(alpha=0.1, tol=1e-9))], final_estimator=Ridge())
result = [
    RFE(Ridge(), n_features_to_select=4).fit(X, y).support_,
    SelectFromModel(Lasso(alpha=0.1, tol=1e-9)).fit(X, y).get_support(),
    BaggingRegressor(Ridge(), n_estimators=3, random_state=0).fit(X, y).predict(X[:9]),
    stacked.fit(X, y).predict(X[:9]),
    MultiOutputRegressor(Ridge()).fit(X, np.column_stack([y, -2 * y])).predict(X[:9]),
]
""",
    "a search among random settings, in pipelines of other kinds": """
import pickle

from scipy.stats import loguniform
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.inspection import permutation_importance
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier

X, y = load_diabetes(return_X_y=True)
settings = {"alpha": loguniform(1e-4, 1), "l1_ratio": [0.2, 0.8]}
search = RandomizedSearchCV(ElasticNet(tol=1e-9, max_iter=10_000), settings, n_iter=5, cv=3, random_state=0).fit(X, y)
flowers, kinds = load_iris(return_X_y=True)
classifier = LogisticRegression(tol=1e-9, max_iter=5000)
result = [
    search.best_params_["alpha"],
    pickle.loads(pickle.dumps(search)).predict(X[:9]),
    permutation_importance(search.best_estimator_, X, y, n_repeats=2, random_state=0).importances_mean,
    OneVsRestClassifier(classifier).fit(flowers, kinds).predict_proba(flowers),
    CalibratedClassifierCV(classifier, cv=3).fit(flowers, kinds).predict_proba(flowers),
]
""",
}
REFUSED = {
    "LogisticRegression(solver='liblinear')": "solver='liblinear' cannot be honoured",
    "LogisticRegression(l1_ratio=0.5)": "choose 'saga'",
    "LogisticRegression(dual=True, solver='saga')": "dual=True cannot be honoured",
    "SGDClassifier(early_stopping=True)": "early_stopping=True cannot be honoured",
    "SGDRegressor(learning_rate='adaptive')": "learning_rate='adaptive' cannot be honoured",
    "Lasso(warm_start=True)": "warm_start=True cannot be honoured",
    "Lasso(selection='random')": "selection='random' cannot be honoured",
    "Ridge(solver='sag')": "solver='sag' cannot be honoured",
    "Ridge(positive=True)": "positive=True cannot be honoured",
    "LinearRegression(n_jobs=3)": "n_jobs=3 cannot be honoured",
}
CLOSE = {
    "few coefficients": 2e-4,
    "one against the rest": 0.02,
    "out of core": 1e-3,
    "robust": 1e-3,
    "digits": 1e-4,
    "quantiles": 1e-8,
}


def run(program):
    scope = {}
    exec(program, scope)
    return scope["result"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_results_with_another_import(name):
    program = PROGRAMS[name]
    changed = program.replace("from sklearn.linear_model import", "from gradloop.sklearn import")
    assert changed != program
    close = CLOSE.get(name, 1e-5)
    for ours, theirs in zip(run(changed), run(program), strict=True):
        if np.asarray(theirs).dtype.kind in "OU":
            assert np.array_equal(ours, theirs)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=close, atol=close * np.max(np.abs(theirs)))


@pytest.mark.parametrize("call", REFUSED)
def test_what_cannot_be_honoured_is_refused(call):
    model = eval(call, vars(gradloop.sklearn))
    with pytest.raises(gradloop.OptionError, match=REFUSED[call]):
        model.fit([[0.0], [1.0], [2.0]], [0, 1, 1])


@pytest.mark.parametrize("name", ["LinearRegression", "Lasso", "SGDRegressor", "HuberRegressor", "LawRegressor"])
def test_several_targets_are_several_fits(name):
    targets = np.zeros((3, 2))
    with pytest.raises(gradloop.DataError, match=f"{name}: y has 2 columns, .*MultiOutputRegressor"):
        getattr(gradloop.sklearn, name)().fit([[0.0], [1.0], [2.0]], targets)
