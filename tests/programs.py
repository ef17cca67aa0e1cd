"""Random programs for the tests of tracing and compiling: NumPy functions of one example, as text that can be read.

Every program is a plain function of row inputs x, z, s, y and parameters w, c, b. Values are kept small, and what
jumps (sign, floor, comparisons) sees only numbers that rounding has not touched, so that NumPy and machine code can be
compared number by number.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from gradloop.compiler.loops import Inputs
from gradloop.core.graph import Graph
from gradloop.core.ops import apply
from gradloop.core.spec import Spec
from gradloop.core.trace import trace

ROWS = 9  # two blocks of four lanes, and one left over
LABELS = 3
LARGEST = 64  # entries of a value
BOUND = 6.0  # larger values are squeezed, so that no slope is enormous

Draw = Callable[[Any], Any]


class Value(NamedTuple):
    """A variable of the program: its name, its values for all rows, and whether they are free of rounding."""

    name: str
    rows: list[Any]
    exact: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.rows[0])

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


class Program(NamedTuple):
    """A function by its lines, and data to call it with."""

    lines: tuple[str, ...]
    operations: tuple[str, ...]
    results: tuple[str, ...]
    rows: dict[str, np.ndarray]
    params: dict[str, np.ndarray]

    def __repr__(self) -> str:
        return "\n".join(["", self.text(self.results[-1]), f"shapes: { {n: a.shape for n, a in self.arrays.items()} }"])

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return self.rows | self.params

    @property
    def last(self) -> Callable[..., Any]:
        """The function that returns the last value."""
        return self.function(self.results[-1])

    @property
    def number(self) -> Callable[..., Any]:
        """The function that returns one number to which every value adds its share."""
        return self.function(" + ".join(f"np.mean({name})" for name in self.results))

    def text(self, result: str) -> str:
        body = "".join(f"    {line}\n" for line in self.lines)
        return f"def program({', '.join(self.arrays)}):\n{body}    return {result}\n"

    def function(self, result: str) -> Callable[..., Any]:
        names: dict[str, Any] = {"np": np, "apply": apply}
        exec(self.text(result), names)
        return names["program"]  # type: ignore[no-any-return]

    def in_dtype(self, dtype: Any) -> "Program":
        """The same program on data of another precision."""
        rows = {name: np.ascontiguousarray(a, dtype if a.dtype.kind == "f" else None) for name, a in self.rows.items()}
        return self._replace(rows=rows, params={name: a.astype(dtype) for name, a in self.params.items()})

    def graph(self, function: Callable[..., Any]) -> Graph:
        """The traced function, as it stands."""
        specs = {name: Spec(array.shape[1:], array.dtype) for name, array in self.rows.items()}
        specs |= {name: Spec(array.shape, array.dtype) for name, array in self.params.items()}
        return trace(function, specs)

    def inputs_of(self, graph: Graph) -> Inputs:
        return Inputs(graph.inputs[: len(self.rows)], graph.inputs[len(self.rows) :])

    def at_row(self, i: int) -> dict[str, np.ndarray]:
        return {name: array[i] for name, array in self.rows.items()} | self.params

    @property
    def row_arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(self.rows.values())

    @property
    def flat(self) -> np.ndarray:
        """The parameters one behind the other."""
        return np.concatenate([array.ravel() for array in self.params.values()])


@st.composite
def programs(draw: Draw, most_lines: int = 8, always: str | None = None) -> Program:
    """A random program on random data; `always` names an operation that it must contain."""
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    z_shape = draw(st.sampled_from([(2, 3), (1, 3), (3, 1), (2, 1, 3), (1,), (5,)]))
    c_shape = draw(st.sampled_from([(3,), (1,), (3, 1), (6,), (5, 1), ()]))
    rows = {"x": normal(random, (ROWS, 6)), "z": normal(random, (ROWS, *z_shape)), "s": normal(random, (ROWS,))}
    labels = {"y": random.integers(0, LABELS, ROWS)}
    params = {"w": normal(random, (6, 6)), "c": normal(random, c_shape), "b": normal(random, ())}
    pool = [Value(name, list(array), True) for name, array in rows.items()]
    pool += [Value(name, [array] * ROWS, True) for name, array in params.items()]
    lines: list[str] = []
    wanted = [always] if always else []
    wanted += draw(st.lists(st.sampled_from(sorted(WRITERS)), min_size=1, max_size=most_lines))
    operations = []
    for operation in wanted:
        written = WRITERS[operation](draw, pool)
        if written is not None:
            operations.append(operation)
            add_line(lines, pool, labels["y"], *written)
    results = tuple(value.name for value in pool if value.name.startswith("v")) or ("x",)
    return Program(tuple(lines), tuple(operations), results, rows | labels, params)


def normal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers that float32 holds exactly, so that both precisions see the same data."""
    return np.clip(random.normal(size=shape), -3, 3).astype(np.float32).astype(np.float64)


def add_line(lines: list[str], pool: list[Value], labels: Any, expression: str, exact: bool) -> None:
    """Write `v3 = expression`, squeezed if the values are large."""
    name = f"v{len(lines) + 1}"

    def computed(text: str) -> list[Any]:
        code = compile(text, "<program>", "eval")
        scope: dict[str, Any] = {"np": np, "apply": apply}
        return [
            eval(code, scope | {value.name: value.rows[i] for value in pool} | {"y": labels[i]}) for i in range(ROWS)
        ]

    rows = computed(expression)
    if max(np.max(np.abs(row)) for row in rows) > BOUND:
        expression, exact = f"4.0 * np.tanh(({expression}) / 8.0)", False
        rows = computed(expression)
    lines.append(f"{name} = {expression}")
    pool.append(Value(name, rows, exact))


# ---- one writer for each operation: (draw, pool) -> (expression, free of rounding), or None where nothing fits ----


def pick(draw: Draw, pool: list[Value], fits: Callable[[Value], bool] = lambda value: True) -> Value:
    """A value; late ones as likely as early ones."""
    return draw(st.sampled_from([value for value in pool if fits(value)]))  # type: ignore[no-any-return]


def pick_exact(draw: Draw, pool: list[Value]) -> Value:
    return pick(draw, pool, lambda value: value.exact)


def fitting(draw: Draw, pool: list[Value], *others: Value, exact: bool = False) -> Value:
    """A value that broadcasts with the others to a small array."""

    def fits(value: Value) -> bool:
        try:
            shape = np.broadcast_shapes(value.shape, *(other.shape for other in others))
        except ValueError:
            return False
        return int(np.prod(shape)) <= LARGEST and len(shape) <= 3 and (value.exact or not exact)

    return pick(draw, pool, fits)  # the single numbers s and b always fit


def formula(*texts: str) -> Any:
    """One input, any of these formulas."""

    def write(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
        a = pick(draw, pool)
        return draw(st.sampled_from(texts)).format(a=a.name, b=fitting(draw, pool, a).name), False

    return write


def exact_formula(text: str) -> Any:
    """Inputs that rounding has not touched, and a result that it does not touch."""

    def write(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
        a = pick_exact(draw, pool)
        return text.format(a=a.name, b=fitting(draw, pool, a, exact=True).name), True

    return write


def choice(condition: str) -> Any:
    """np.where on a condition between exact values."""

    def write(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
        p = pick_exact(draw, pool)
        q = fitting(draw, pool, p, exact=True)
        a = fitting(draw, pool, p, q)
        b = fitting(draw, pool, p, q, a)
        asked = condition.format(p=p.name, q=q.name)
        return f"np.where({asked}, {a.name}, {b.name})", a.exact and b.exact

    return write


def folded(text: str, exact: bool) -> Any:
    """A reduction over some axes."""

    def write(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
        a = pick(draw, pool, lambda value: len(value.shape) > 0 and (value.exact or not exact))
        rank = len(a.shape)
        axis = draw(st.sampled_from([None, 0, -1, tuple(range(rank)), (0, rank - 1)][: 5 if rank > 1 else 4]))
        return text.format(a=a.name, axis=axis, keep=draw(st.booleans())), exact

    return write


def write_convert(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick_exact(draw, pool)
    return f"({a.name} > 0.3).astype(float) * {fitting(draw, pool, a).name}", False


def write_reshape(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool)
    shapes = [(a.size,), (1, a.size), (a.size, 1), a.shape[::-1]]
    shapes += [(n, a.size // n) for n in (2, 3, 5) if a.size % n == 0]
    return f"np.reshape({a.name}, {draw(st.sampled_from(shapes))})", a.exact


def write_transpose(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool)
    return f"np.transpose({a.name}, {tuple(draw(st.permutations(range(len(a.shape)))))})", a.exact


def write_broadcast(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: value.size * 2 <= LARGEST and len(value.shape) < 3)
    return f"apply('broadcast', {a.name}, shape={(2, *a.shape)})", a.exact


def write_index(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: len(value.shape) > 0)
    keys = ["0", "-1", "::-1", "::2", "None", "...", "..., 0", "..., None, -1", "-1:"]
    keys += ["1:"] if a.shape[0] > 1 else []
    keys += ["0, ::-1", ":, -1", "..., ::-1"] if len(a.shape) > 1 else []
    keys = [key for key in keys if len(a.shape) < 3 or "None" not in key]
    return f"{a.name}[{draw(st.sampled_from(keys))}]", a.exact


def write_unindex(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: value.size <= 16)
    if not a.shape:
        return f"apply('unindex', {a.name}, key=(1,), shape=(3,))", a.exact
    length, rest = a.shape[0], a.shape[1:]
    key, shape = f"(slice(1, {1 + length}), ...)", (length + 2, *rest)
    if draw(st.booleans()):
        key, shape = f"(slice({2 * length}, 0, -2), ...)", (2 * length + 1, *rest)
    return f"apply('unindex', {a.name}, key={key}, shape={shape})", a.exact


def write_take(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: len(value.shape) > 0 and value.shape[0] >= LABELS)
    return f"{a.name}[y]", a.exact


def write_place(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: value.size * 4 <= LARGEST and len(value.shape) < 3)
    return f"apply('place', {a.name}, y, length={draw(st.integers(LABELS, 4))})", a.exact


def write_concatenate(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    a = pick(draw, pool, lambda value: value.size * 2 <= LARGEST and len(value.shape) < 3)
    b = pick(draw, pool, lambda value: value.shape == a.shape)
    axis = draw(st.integers(-len(a.shape) - 1, len(a.shape)))
    if not a.shape or draw(st.booleans()):
        return f"np.stack([{a.name}, {b.name}], axis={axis})", a.exact and b.exact
    axis = draw(st.integers(0, len(a.shape) - 1))
    return f"np.concatenate([{a.name}, {b.name}, {a.name}], axis={axis})", a.exact and b.exact


def write_matmul(draw: Draw, pool: list[Value]) -> tuple[str, bool]:
    """Vectors and matrices in all combinations."""
    a = pick(draw, pool, lambda value: len(value.shape) in (1, 2))
    inner = a.shape[-1]
    partners = [v for v in pool if len(v.shape) in (1, 2) and v.shape[max(0, len(v.shape) - 2)] == inner]
    texts = [f"{a.name} @ {b.name}" for b in partners if a.size * b.size // inner**2 <= LARGEST]
    texts += [f"np.dot({a.name}, np.transpose({a.name}))"]
    return draw(st.sampled_from(texts)), False


WRITERS: dict[str, Callable[[Draw, list[Value]], tuple[str, bool] | None]] = {
    "negative": exact_formula("-{a}"),
    "abs": exact_formula("np.abs({a})"),
    "sign": exact_formula("np.sign({a})"),
    "floor": exact_formula("np.floor({a})"),
    "maximum": exact_formula("np.maximum({a}, {b})"),
    "minimum": exact_formula("np.minimum({a}, {b})"),
    "max": folded("np.max({a}, axis={axis}, keepdims={keep})", exact=True),
    "less": choice("{p} < {q}"),
    "less_equal": choice("{p} >= {q}"),
    "equal": choice("{p} == {q}"),
    "logical_and": choice("({p} < 0.5) & ({q} > -0.5)"),
    "logical_or": choice("({p} < -0.5) | ({q} > 0.5)"),
    "logical_not": choice("~({p} < {q})"),
    "where": choice("{p} != {q}"),
    "convert": write_convert,
    "exp": formula("np.exp({a})"),
    "expm1": formula("np.expm1({a})", "np.exp({a}) - 1"),
    "log": formula("np.log(0.5 + {a} * {a})"),
    "log1p": formula("np.log1p({a} ** 2)", "np.log(1 + {a} ** 2)"),
    "sqrt": formula("np.sqrt(0.1 + {a} * {a})", "(0.1 + {a} * {a}) ** 0.5"),
    "sin": formula("np.sin({a})"),
    "cos": formula("np.cos({a})"),
    "arctan": formula("np.arctan({a})"),
    "tanh": formula("np.tanh({a})"),
    "logistic": formula("1 / (1 + np.exp(-{a}))", "np.exp({a}) / (1 + np.exp({a}))", "1 - 1 / (1 + np.exp({a}))"),
    "add": formula("{a} + {b}", "{a} + 0.7"),
    "subtract": formula("{a} - {b}", "1.3 - {a}"),
    "multiply": formula("{a} * {b}", "-2.0 * {a}", "np.square({a})"),
    "divide": formula("{a} / (1.5 + {b} * {b})", "2.0 / (1.0 + np.abs({a}) + np.square({b}))"),
    "power": formula("{a} ** 3", "(1 + {a} * {a}) ** -1.5", "(0.5 + {a} * {a}) ** np.tanh({b})", "2.0 ** np.tanh({a})"),
    "logaddexp": formula("np.logaddexp({a}, {b})", "np.log(1 + np.exp({a}))", "np.log(np.exp({a}) + np.exp({b}))"),
    "sum": folded("np.sum({a}, axis={axis}, keepdims={keep})", exact=False),
    "logsumexp": folded("np.log(np.sum(np.exp({a}), axis={axis}, keepdims={keep}))", exact=False),
    "reshape": write_reshape,
    "transpose": write_transpose,
    "broadcast": write_broadcast,
    "index": write_index,
    "unindex": write_unindex,
    "take": write_take,
    "place": write_place,
    "concatenate": write_concatenate,
    "matmul": write_matmul,
}
