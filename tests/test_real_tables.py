"""Real tables from the shell, each in one line, and as good on rows held out as scikit-learn's best pipeline.

The pipelines are of the same family: linear models of standardised numbers and one-hot categories, with and without a
penalty, of which the best on the very rows that judge them counts.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from shell import run
from tables import SHARED, needs_shared


class Case(NamedTuple):
    """A table, its target, columns that only name its rows or give the answer away, and the options of the fit."""

    file: str
    target: str
    left_out: tuple[str, ...] = ()
    options: str = ""


NUMBERS = (
    Case("auto_mpg.csv", "mpg", ("name",), "--missing mean"),
    Case("diamonds.csv", "price", ("rownames",)),
    Case("galton.csv", "child", ("rownames",)),
    Case("housing_california.csv", "median_house_value", (), "--missing mean --unseen other"),
    Case("saratoga_houses.csv", "price", ("rownames",)),
    Case("tips.csv", "tip"),
    Case("wage.csv", "wage", ("rownames", "logwage")),
    Case("ames_openintro.csv", "price", ("rownames", "Order", "PID"), "--missing indicator --unseen other --l2 0.005"),
)
CLASSES = (
    Case("iris.csv", "species", (), "--model softmax --l2 1e-5"),
    Case("penguins.csv", "species", (), "--model softmax --missing mean --l2 1e-4"),
    Case(
        "titanic_train.csv", "Survived", ("PassengerId", "Name", "Ticket", "Cabin"), "--model logistic --missing mean"
    ),
)
REGRESSIONS = [LinearRegression(), *(Ridge(strength) for strength in (0.1, 1, 10, 100))]
CLASSIFIERS = [LogisticRegression(C=inverse, max_iter=5000) for inverse in (1e5, 100, 10, 1)]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def halves(case):
    """Writes the rows to train on and a fifth to judge by, cut as text; gives their places."""
    lines = (SHARED / "tables" / case.file).read_text().splitlines()
    order = np.random.default_rng(0).permutation(len(lines) - 1)
    parts = np.split(order, [len(order) // 5])
    for name, places in zip(("test.csv", "train.csv"), parts, strict=True):
        Path(name).write_text("\n".join([lines[0], *(lines[1 + place] for place in places)]) + "\n")
    return parts


def ours(case):
    """The score on the rows held out: R², or the share that is right."""
    out = [word for name in case.left_out for word in ("--leave-out", name)]
    page, _ = run("fit", "train.csv", "--target", case.target, *case.options.split(), *out, "-o", "model")
    assert page.count("note:") < 12
    found = json.loads(run("evaluate", "model", "test.csv", "--json")[0])
    return found["R2"] if "R2" in found else found["accuracy"]


def theirs(case, models):
    """The best of scikit-learn's pipelines."""
    train, test = (pandas.read_csv(name).dropna(subset=[case.target]) for name in ("train.csv", "test.csv"))
    numbers = make_column_selector(dtype_include="number")
    rest = make_column_selector(dtype_exclude="number")
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), rest),
    )
    columns = [name for name in train.columns if name not in (case.target, *case.left_out)]
    return max(
        make_pipeline(prepared, model).fit(train[columns], train[case.target]).score(test[columns], test[case.target])
        for model in models
    )


@needs_shared
@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case.file)
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_quantities_are_predicted_as_well_as_by_the_best_pipeline(case):
    halves(case)
    assert ours(case) >= 0.99 * theirs(case, REGRESSIONS)


@needs_shared
@pytest.mark.parametrize("case", CLASSES, ids=lambda case: case.file)
def test_classes_are_told_apart_as_well_as_by_the_best_pipeline(case):
    halves(case)
    assert ours(case) >= 0.99 * theirs(case, CLASSIFIERS)


@needs_shared
def test_every_table_is_here():
    small = {"anscombe.csv"}  # four tiny tables beside each other, without one target
    assert {case.file for case in (*NUMBERS, *CLASSES)} | small == {
        path.name for path in (SHARED / "tables").glob("*.csv")
    }
