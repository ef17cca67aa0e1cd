import ast
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given

import exported
import fits
import gradloop as gl
from gradloop.errors import OptionError
from gradloop.export.python import to_python


def module(fit):
    """The exported module, run: nothing but the standard library's math and datetime may be imported."""
    text = to_python(fit)
    imported = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or node.names[0].name]
    }
    assert imported <= {"math", "datetime"} and "eval" not in text and "exec" not in text
    names = {}
    exec(compile(text, "exported.py", "exec"), names)
    return names


def answers(predict, rows):
    found = []
    for row in rows:
        try:
            found.append(predict(row))
        except ValueError:
            found.append(None)
    return found


@pytest.mark.parametrize(("model", "rules"), exported.KINDS)
def test_a_table_of_every_kind_of_column(model, rules):
    fit, rows = exported.fitted(model, rules)
    names = module(fit)
    wanted = exported.expected(fit, rows)
    assert sum(each is not None for each in wanted) > 10
    exported.agree(answers(names["predict"], rows.to_pylist()), wanted)
    if model in ("logistic", "softmax"):
        found = answers(names["predict_probability"], rows.to_pylist())
        assert {tuple(each) for each in found if each} == {fit.classes}
        shares = [None if each is None else [*each.values()] for each in found]
        exported.agree(shares, exported.expected(fit, rows, "predict_probability"))
    else:
        assert "predict_probability" not in names


@pytest.mark.parametrize("law", exported.LAWS)
def test_a_law_of_the_users(law):
    fit, data = exported.of_law(law)
    ((name, values),) = data.items()
    names = module(fit)
    exported.agree([names["predict"]({name: x}) for x in values.tolist()], fit.predict(data))


MODULES = {fit: module(fit) for fit in exported.OF_TWO}


@given(exported.PAIR)
def test_any_finite_numbers(pair):
    for fit, names in MODULES.items():
        row = dict(zip(names["COLUMNS"], pair, strict=True))
        exported.agree(answers(names["predict"], [row]), [exported.of_pair(fit, pair)])


HOSTILE = [
    'x"""\nimport os; os.abort()\n"""', "x\\", 'x\\"""', "'", "'''", "=1+1", "{0}", "%s", "\x00\x1b[2J", "\u202e", "🙂",
    '"; DROP TABLE data; --', "", "predict", "\r\nraise SystemExit", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_code(name):
    draw = np.random.default_rng(0)
    town = draw.choice(["Ulm", f"{name}!"], 40).tolist()
    x = draw.normal(size=40)
    y = np.where(x + (np.array(town) == "Ulm") > 0.3, "yes", name + "!")
    fit = gl.fit(
        {name: x, f"{name} town": town, f"{name} y": y}, target=f"{name} y", model="logistic", penalty=gl.l2(0.1)
    )
    fit = fits.replace(fit, origin=fit.origin._replace(source=name))
    names = module(fit)
    assert names["COLUMNS"] == (name, f"{name} town")
    assert {each for each in names if not each.startswith("__")} <= KNOWN
    rows = [{name: a, f"{name} town": b} for a, b in zip(x.tolist(), town, strict=True)]
    wanted = fit.predict({name: x, f"{name} town": town}).tolist()
    assert [names["predict"](row) for row in rows] == wanted


KNOWN = {
    "math", "COLUMNS", "CLASSES", "is_missing", "number", "level", "finite", "logistic", "outputs", "predict",
    "predict_probability",
}  # fmt: skip


def test_the_module_says_where_it_came_from():
    told = module(fits.replace(fits.incomplete(), origin=fits.incomplete().origin._replace(source="houses.csv")))[
        "__doc__"
    ]
    assert "A linear model of 'price', squared loss" in told and "Fitted to 10 rows from houses.csv." in told
    assert "The gradient's norm at the end is 0.25." in told
    assert "'area': a number, in the unit of the training data" in told


def test_it_runs_where_nothing_is_installed(tmp_path):
    file = tmp_path / "houses.py"
    file.write_text(to_python(fits.houses()), "utf-8")
    program = "import houses; print(round(houses.predict({'area': 90.0, 'town': 'Ulm'}), 9))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {program}"],
                          cwd=tmp_path, capture_output=True, text=True)  # fmt: skip
    assert (done.stdout, done.stderr) == ("270.0\n", "")


def test_rows_of_a_csv_reader_are_text():
    predict = module(exported.fitted("linear", "strict")[0])["predict"]
    row = {exported.HOSTILE: 90.0, "age": 1e6, "town": "Ulm", "Side": "left", "sold": date(2021, 3, 4), "new": True}
    assert predict({name: str(value) for name, value in row.items()}) == predict(row)
    assert predict(row | {"new": 1}) == predict(row) != predict(row | {"new": 0})


def test_moments_with_a_zone_are_those_of_greenwich():
    fit, rows = exported.fitted()
    predict = module(fit)["predict"]
    row = next(row for row in rows.to_pylist() if None not in row.values() and row["town"] != "Atlantis")
    berlin = predict(row | {"sold": "2021-03-04T13:00:00+01:00"})
    assert berlin == predict(row | {"sold": datetime(2021, 3, 4, 12, tzinfo=UTC)})
    assert berlin == predict(row | {"sold": "2021-03-04 12:00:00"}) != predict(row | {"sold": "2021-03-04"})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"area": None}, "column 'area' has no value"),
        ({"area": float("inf")}, "column 'area' is inf"),
        ({"town": "Mars"}, "column 'town' is 'Mars', which the model has not seen"),
        ({"town": " "}, "column 'town' has no value"),
        ({"area": 1.7e308}, "the prediction is not finite"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        module(fits.houses())["predict"]({"area": 90.0, "town": "Ulm"} | change)
    with pytest.raises(ValueError, match="the row has no column 'town'"):
        module(fits.houses())["predict"]({"area": 90.0})


def test_infinity_in_a_model_is_written():
    def cut(x, a):
        return np.minimum(a * x[0], np.where(x[0] > 0, np.inf, -1.0))

    fit = gl.fit(np.array([[1.0], [2.0]]), np.array([2.0, 4.0]), model=cut, start={"a": 1.0})
    assert np.isclose(module(fit)["predict"]({"x[0]": 3.0}), 6.0)


def test_a_model_too_large_for_a_text_is_refused():
    wide = fits.make("softmax", params={"w": np.ones((1000, 300)), "b": np.zeros(300)})
    with pytest.raises(OptionError, match="too long; export it to ONNX"):
        to_python(wide)
