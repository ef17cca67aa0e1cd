"""A model as one SELECT, which a database computes itself: DuckDB, and PostgreSQL and SQLite as far as they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from gradloop.core.graph import Graph, Node
from gradloop.core.ops import apply
from gradloop.core.trace import Tracer
from gradloop.data import words
from gradloop.data.features import Feature
from gradloop.errors import OptionError
from gradloop.export.cells import Cell, cells_of, graph_of_cells
from gradloop.export.expressions import ANY, ATOM, PRODUCT, SUM, Form, Language, Writer, Written, between, call, infix
from gradloop.export.formula import Formula, formula_of
from gradloop.export.rewriting import without
from gradloop.export.scalars import folded
from gradloop.result import Result

FORMS: dict[str, Form] = {
    "negative": Form("-{0}", PRODUCT, (ATOM,)),
    "exp": Form("CASE WHEN {0} < -745e0 THEN 0e0 ELSE EXP({0}) END", ATOM, (SUM,)),  # PostgreSQL stops at underflow
    "log": call("LN"),
    "sqrt": call("SQRT"),
    "abs": call("ABS"),
    "sign": Form("CAST(SIGN({0}) AS DOUBLE PRECISION)"),
    "floor": call("FLOOR"),
    "sin": call("SIN"),
    "cos": call("COS"),
    "arctan": call("ATAN"),
    "tanh": call("TANH"),
    "logical_not": Form("(NOT {0})", ATOM, (ATOM,)),
    "convert": Form("CAST({0} AS DOUBLE PRECISION)"),
    "add": infix("+", SUM),
    "subtract": infix("-", SUM),
    "multiply": infix("*", PRODUCT),
    "divide": infix("/", PRODUCT),
    "power": call("POWER", 2),
    "maximum": Form("CASE WHEN {0} >= {1} THEN {0} ELSE {1} END", ATOM, (SUM, SUM)),  # SQLite has no GREATEST
    "minimum": Form("CASE WHEN -{0} >= -{1} THEN {0} ELSE {1} END", ATOM, (ATOM, ATOM)),  # NaN is larger than all
    "less": between("<"),
    "less_equal": between("<="),
    "equal": between("="),
    "logical_and": between("AND"),
    "logical_or": between("OR"),
    "where": Form("CASE WHEN {0} THEN {1} ELSE {2} END", ATOM, (ANY, ANY, ANY)),
}
REWRITTEN = frozenset({"expm1", "log1p", "logaddexp", "logistic"})
_TO_BOOL = between("<>").text.replace("{1}", "0")
_CONVERSIONS = {"f": FORMS["convert"], "i": Form("CAST(TRUNC({0}) AS BIGINT)"), "b": Form(_TO_BOOL, 1, (SUM,))}
_LARGEST = 1.797e308  # beyond is no number, or not finite; the very largest some databases round to infinity
_INFINITE = "CAST(9e999 AS DOUBLE PRECISION)"  # the only way that no database takes for a number
_INLINED = 10_000  # SQLite and PostgreSQL do so, unless told not to; DuckDB streams, unless told so
_DAY = 86_400  # seconds


def to_sql(fit: Result, table: str = "data", keep: Sequence[str] = ()) -> str:
    """A fit as a SELECT over a table with the model's columns: one row of predictions for each of its rows.

    The result has the columns in ``keep``, then ``prediction``, and with a model of probabilities a column
    "probability of ..." for each class. Where ``Fit.predict`` refuses a row (a missing value, an unseen category), the
    prediction is NULL.

    Args: table, its name, or in DuckDB a file's; keep, columns to pass on, such as a key.

    Raises: OptionError for a model that cannot be said so, and for names that SQL cannot tell apart.

    >>> import numpy as np
    >>> import gradloop as gl
    >>> current, voltage = np.array([[1.0], [2.0], [4.0]]), np.array([3.0, 5.0, 9.0])
    >>> fit = gl.fit(current, voltage, model=lambda x, r: 1 + r * x[0], start={"r": 1.0})
    >>> print(to_sql(fit, "meter"))
    -- A <lambda> model, squared loss, written by gradloop ...
    WITH step1 AS (
    SELECT
      CAST("x[0]" AS DOUBLE PRECISION) AS v1
    FROM "meter"
    ), step2 AS (
    SELECT
      v1,
      1.0e0 + ...e0 * v1 AS v2
    FROM step1
    ), ...
    """
    formula = formula_of(fit)
    names = [feature.name for feature in formula.features]
    _check_names(names)
    _check_names(keep)
    _check_results(formula, keep)
    cells = cells_of(formula)
    graph = without(graph_of_cells(formula, cells), REWRITTEN)
    told = "".join(f"-- {line}\n" for line in formula.told)
    return told + _query(formula, graph, cells, _Place(table, tuple(keep), tuple(names)))


class _Place(NamedTuple):
    table: str
    keep: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """What names of our own begin with, so that they are nobody else's."""
        taken = [name.lower() for name in (self.table, *self.keep, *self.columns)]
        prefix = ""
        while any(name.startswith((f"{prefix}v", f"{prefix}step")) for name in taken):
            prefix += "_"
        return prefix


# ---- names and values ----------------------------------------------------------------------------------------


def identifier(name: str) -> str:
    """A name in double quotes, in which it may hold anything but the character NUL.

    >>> print(identifier('the "price"'))
    "the ""price\"""
    """
    _check_text(name)
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as SQL writes it; numbers keep every digit, and are never taken for decimal fractions of few digits.

    >>> print(literal("it's"), literal(0.1), literal(True))
    'it''s' 0.1e0 TRUE
    """
    if isinstance(value, str):
        _check_text(value)
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if value != value:
        return f"({_INFINITE} - {_INFINITE})"
    if value in (float("inf"), float("-inf")):
        return _INFINITE if value > 0 else f"-{_INFINITE}"
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def _check_text(text: str) -> None:
    problem = "is empty" if not text else "holds the character NUL" if "\0" in text else ""
    try:
        text.encode()
    except UnicodeEncodeError:
        problem = "is no Unicode"
    if problem:
        raise OptionError(
            f"The name or text {words.value(text)} {problem}, which SQL cannot write; rename it and fit again."
        )


def _check_names(names: Iterable[str]) -> None:
    counts = Counter(name.lower() for name in names)
    alike = [name for name in names if counts[name.lower()] > 1]
    if alike:
        raise OptionError(
            f"SQL does not tell {words.columns(alike)} apart, whose names differ at most in capitals; rename one and "
            "fit again."
        )


def _check_results(formula: Formula, keep: Sequence[str]) -> None:
    results = {name.lower() for name in _result_names(formula)}
    taken = [name for name in keep if name.lower() in results]
    if taken:
        raise OptionError(f"A result is called {words.name(taken[0])} too; leave it out of the columns to keep.")


def _result_names(formula: Formula) -> list[str]:
    classes = formula.classes if formula.has_probabilities else ()
    return ["prediction", *(f"probability of {name}" for name in classes)]


# ---- cells ---------------------------------------------------------------------------------------------------


def _read(formula: Formula, cell: Cell) -> str:
    """A cell as an expression."""
    if cell.what == "missing":
        return f"({_missing(cell.feature)})"
    if cell.what == "level":
        return _level(formula, cell.feature)
    number = _number(cell.feature)
    if not formula.optional:
        return number
    return f"CASE WHEN {_missing(cell.feature)} THEN {literal(cell.feature.fill[0])} ELSE {number} END"


def _number(feature: Feature) -> str:
    """The cell as a number; NULL for a truth that is none."""
    column = identifier(feature.name)
    if feature.kind == "date":
        day = date.fromisoformat(feature.origin or "1970-01-01")
        start = literal(float((day - date(1970, 1, 1)).days * _DAY))
        return f"((CAST(EXTRACT(EPOCH FROM {column}) AS DOUBLE PRECISION) - {start}) / {literal(float(_DAY))})"
    if feature.kind == "bool":
        text = f"LOWER({_text(feature)})"
        return f"CASE WHEN {text} IN ('true', '1', '1.0') THEN 1e0 WHEN {text} IN ('false', '0', '0.0') THEN 0e0 END"
    return f"CAST({column} AS DOUBLE PRECISION)"


def _text(feature: Feature) -> str:
    return f"CAST({identifier(feature.name)} AS VARCHAR)"


def _missing(feature: Feature) -> str:
    """A condition that is never NULL."""
    if feature.kind == "text":
        return f"TRIM(COALESCE({_text(feature)}, '')) = ''"
    if feature.kind in ("presence", "bool"):  # which may hold anything
        return f"LOWER(TRIM(COALESCE({_text(feature)}, ''))) IN ('', 'nan')"
    column, number = identifier(feature.name), _number(feature)
    if feature.kind == "number":  # of all that is not NULL only NaN is larger than that on both sides of 0
        return f"{column} IS NULL OR ({number} > {_LARGEST} AND -{number} > {_LARGEST})"
    return f"{column} IS NULL"


def _level(formula: Formula, feature: Feature) -> str:
    """The place of a text among the levels, -1 where the learned shares are to be taken, NULL where it is refused."""
    kept = feature.levels[:-1] if feature.pooled else feature.levels
    others = len(kept) if feature.pooled else "NULL" if formula.refuses_new(feature) else -1
    missing = -1 if formula.optional else "NULL"
    cases = [f"WHEN {_text(feature)} = {literal(level)} THEN {place}" for place, level in enumerate(kept)]
    if missing != others:
        cases.append(f"WHEN {_missing(feature)} THEN {missing}")
    return f"CASE {' '.join(cases)} ELSE {others} END"


# ---- the query -----------------------------------------------------------------------------------------------


def _query(formula: Formula, graph: Graph, cells: list[Cell], place: _Place) -> str:
    results, needed = _results(formula, graph)
    answered = folded("logical_and", [*filter(None, map(_usable, cells)), *map(_finite, graph.outputs)])
    inputs = tuple(cell.node for cell in cells)
    leaves = {id(cell.node): _read(formula, cell) for cell in cells}
    # what a later step reads of a row, the first has to pass on
    named = [*needed, *inputs, answered]
    writer = Writer(Graph("", inputs, (*needed, answered)), Language(_form, literal), leaves, named, place.prefix)
    answers = [
        f"CASE WHEN {writer[answered].text} THEN {form.format(*(writer[node].text for node in nodes))} END "
        f"AS {identifier(name)}"
        for name, (form, nodes) in results.items()
    ]
    mentions = {name for node in (*needed, answered) for name in writer[node].mentions}
    return _steps(writer.lines, answers, mentions, place)


def _usable(cell: Cell) -> Node | None:
    """What a cell must fulfil so that the model can use it; NULL fulfils nothing."""
    if cell.what == "missing":
        return None
    return _finite(cell.node) if cell.what == "number" else (Tracer(cell.node) >= -1).node


def _finite(node: Node) -> Node:
    limited: Tracer = apply("less_equal", apply("abs", Tracer(node)), _LARGEST)
    return limited.node


def _results(formula: Formula, graph: Graph) -> tuple[dict[str, tuple[str, list[Node]]], list[Node]]:
    """Each result as a text with places for the nodes it is made of; and these nodes."""
    outputs = list(graph.outputs)
    name, *others = _result_names(formula)
    if formula.answer == "number":
        return {name: ("{0}", outputs)}, outputs
    if formula.answer == "binary":
        no, yes = map(_braced, formula.classes)
        found = {name: (f"CASE WHEN {{0}} > {literal(formula.threshold)} THEN {yes} ELSE {no} END", outputs)}
        return found | dict(zip(others, [("1e0 - {0}", outputs), ("{0}", outputs)], strict=bool(others))), outputs
    largest = folded("maximum", outputs)
    cases = [f"WHEN {{{k}}} = {{{len(outputs)}}} THEN {_braced(level)}" for k, level in enumerate(formula.classes)]
    nodes = [*outputs, largest]
    found = {name: (f"CASE {' '.join(cases)} END", nodes)}
    return found | {each: ("{0}", [output]) for each, output in zip(others, outputs, strict=False)}, nodes


def _braced(value: Any) -> str:
    """A literal within a text that is a format."""
    return literal(value).replace("{", "{{").replace("}", "}}")


def _form(node: Node) -> Form:
    return _CONVERSIONS[node.spec.dtype.kind] if node.op == "convert" else FORMS[node.op]


def _steps(lines: list[tuple[str, Written]], answers: list[str], mentions: set[str], place: _Place) -> str:
    """The query: each step is a SELECT from the one before it, and computes what needs no more than that."""
    level: dict[str, int] = {}
    for name, written in lines:
        level[name] = 1 + max((level[each] for each in written.mentions), default=0)
    source, steps = identifier(place.table), []
    once = "AS MATERIALIZED" if _written_out(lines) > _INLINED else "AS"
    kept = [identifier(name) for name in place.keep]
    for step in range(1, max(level.values(), default=0) + 1):
        later = mentions.union(*(written.mentions for name, written in lines if level[name] > step))
        columns = [*kept, *(name for name in level if level[name] < step and name in later)]
        columns += [f"{written.text} AS {name}" for name, written in lines if level[name] == step]
        steps.append(f"{place.prefix}step{step} {once} (\n{_select(columns, source)}\n)")
        source = f"{place.prefix}step{step}"
    beginning = f"WITH {', '.join(steps)}\n" if steps else ""
    return beginning + _select([*kept, *answers], source)


def _written_out(lines: list[tuple[str, Written]]) -> int:
    """How many times something is computed if a database puts each value's text where its name stands."""
    size: dict[str, int] = {}
    for name, written in lines:
        size[name] = 1 + sum(written.text.count(each) * size[each] for each in written.mentions)
    return sum(size.values())


def _select(columns: Sequence[str], source: str) -> str:
    return "SELECT\n" + ",\n".join(f"  {column}" for column in columns) + f"\nFROM {source}"
