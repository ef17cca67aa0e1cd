"""Programs as scikit-learn's users write them, run twice: only the import differs."""

import numpy as np
import pytest

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
}
CLOSE = {"one against the rest": 0.02, "out of core": 1e-3, "robust": 1e-3, "digits": 1e-4, "quantiles": 1e-8}


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
