"""JAX with optax: the whole epoch in one jitted function, the batches in a lax.scan.

Fairness. Nothing but the loop is Python: gather, batches, gradient and update are one XLA program (jit + scan),
compiled before the clock starts, with donated parameters. The update rule is written out, as optax.sgd would compute
it, to spare a dependency. The order is drawn by NumPy's Generator outside, because jax.random.permutation sorts random
keys and is some fifteen times slower on a CPU; drawing it is timed, as it is for everyone. The last, short batch is a
step of its own after the scan. Narrow rows are gathered once for the whole epoch, wide ones batch by batch: whichever
is faster. The textbook problem runs its three epochs in one call, several times faster than a call for each epoch with
its order from jax.random. Threads are XLA's own choice.

Least squares by jnp.linalg.lstsq; logistic and softmax regression by optax.lbfgs with its line search, in a
lax.while_loop inside one jitted function; the exhaustive search as a vmap over one axis of the grid and a scan over the
other; one law by Gauss-Newton with jax.jacfwd and a damping that is written out, and many laws as a vmap of it. All of
these in float64.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.cold import code, words
from benchmarks.problems import laws, least_squares, likelihood, search
from benchmarks.problems.descent import Descent, data
from benchmarks.problems.laws import START, Spectra
from benchmarks.problems.least_squares import LeastSquares
from benchmarks.problems.likelihood import Likelihood, Passes
from benchmarks.problems.processes import Process
from benchmarks.problems.search import Search, Surface
from benchmarks.rivals import NotComparableError, Turn, once

Params = dict[str, Any]
NARROW = 64  # features: between 20, where gathering ahead won by 2×, and 100, where it lost by 1.6×


def describe() -> str:
    return f"JAX {jax.__version__} (jit + scan), XLA's thread pool"


def descent(problem: Descent) -> Turn:
    if problem.by_hand:
        raise NotComparableError("a program that is run step by step is not what JAX is for")
    if problem.unit == "compilation":
        return lambda: ([compile_seconds(problem) for _ in range(problem.repetitions)], None)
    X, y = on_device(problem)
    together = problem.epochs if problem.unit == "step" else 1
    train = compiled(problem, together)
    random = np.random.default_rng(0)

    def turn() -> tuple[list[float], Any]:
        seconds = []
        for _ in range(problem.repetitions):
            params = start(problem)
            for _ in range(problem.epochs // together):
                begin = perf_counter()
                params = train(params, X, y, orders(problem, together, random))
                jax.block_until_ready(params)
                seconds.append((perf_counter() - begin) / problem.units_timed)
        return seconds, {name: np.asarray(value) for name, value in params.items()}

    return turn


def compile_seconds(problem: Descent) -> float:
    """From the Python function to machine code, with nothing remembered from the last time."""
    X, y = on_device(problem)
    order = orders(problem, problem.epochs, np.random.default_rng(0))
    jax.clear_caches()
    begin = perf_counter()
    program(problem, problem.epochs).lower(start(problem), X, y, order).compile()
    return perf_counter() - begin


def loss(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
    y_hat = X @ params["w"] + params["b"]
    if y_hat.ndim == 1:
        return jnp.mean((y_hat - y) ** 2) / 2
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y_hat), y[:, None], axis=1))


def program(problem: Descent, epochs: int) -> Any:
    """Parameters, data and orders (epochs, rows) -> parameters after these epochs."""
    rate, batch_size = problem.learning_rate, problem.batch_size
    whole = problem.rows // batch_size

    def step(params: Params, X: jax.Array, y: jax.Array) -> Params:
        return jax.tree.map(lambda p, g: p - rate * g, params, jax.grad(loss)(params, X, y))

    def epoch(params: Params, order: jax.Array, X: jax.Array, y: jax.Array) -> Params:
        batches = order[: whole * batch_size].reshape(whole, batch_size)
        if problem.features < NARROW:
            params, _ = jax.lax.scan(lambda p, batch: (step(p, *batch), None), params, (X[batches], y[batches]))
        else:
            params, _ = jax.lax.scan(lambda p, rows: (step(p, X[rows], y[rows]), None), params, batches)
        rest = order[whole * batch_size :]
        return step(params, X[rest], y[rest]) if rest.size else params

    @partial(jax.jit, donate_argnums=0)
    def train(params: Params, X: jax.Array, y: jax.Array, orders: jax.Array) -> Params:
        return jax.lax.scan(lambda p, order: (epoch(p, order, X, y), None), params, orders)[0]

    return train


compiled = lru_cache(program)


def orders(problem: Descent, epochs: int, random: np.random.Generator) -> np.ndarray[Any, Any]:
    return np.stack([random.permutation(problem.rows).astype(np.int32) for _ in range(epochs)])


def start(problem: Descent) -> Params:
    outputs = (problem.classes,) if problem.classes else ()
    return {"w": jnp.zeros((problem.features, *outputs)), "b": jnp.zeros(outputs)}


@lru_cache(maxsize=1)
def on_device(problem: Descent) -> tuple[jax.Array, jax.Array]:
    X, y = data(problem)
    return jnp.asarray(X), jnp.asarray(y)


def in_float64(*arrays: Any) -> list[jax.Array]:
    jax.config.update("jax_enable_x64", True)
    return [jnp.asarray(array) for array in arrays]


def lstsq(problem: LeastSquares) -> Turn:
    X, y = in_float64(*least_squares.data(problem))

    @jax.jit
    def solve(X: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.linalg.lstsq(jnp.column_stack([jnp.ones(len(X)), X]), y)[0]

    def fit() -> dict[str, Any]:
        found = np.asarray(solve(X, y))
        return {"w": found[1:], "b": found[0]}

    return once(fit)


def passes(problem: Passes) -> Turn:
    X, y = in_float64(*likelihood.data(problem))

    @jax.jit
    def step(params: Params, X: jax.Array, y: jax.Array) -> Params:
        def objective(params: Params) -> jax.Array:
            return optax.sigmoid_binary_cross_entropy(X @ params["w"] + params["b"], y).mean()

        return jax.tree.map(lambda p, g: p - problem.learning_rate * g, params, jax.grad(objective)(params))

    def turn() -> tuple[list[float], Any]:
        params, seconds = {"w": jnp.zeros(problem.features), "b": jnp.zeros(())}, []
        for _ in range(problem.steps):
            begin = perf_counter()
            params = jax.block_until_ready(step(params, X, y))
            seconds.append(perf_counter() - begin)
        return seconds, {name: np.asarray(value) for name, value in params.items()}

    return turn


def lbfgs(problem: Likelihood) -> Turn:
    X, y = in_float64(*likelihood.data(problem))
    outputs = () if problem.classes == 2 else (problem.classes,)
    optimizer = optax.lbfgs()

    def objective(params: Params, X: jax.Array, y: jax.Array) -> jax.Array:
        scores = X @ params["w"] + params["b"]
        if not outputs:
            return optax.sigmoid_binary_cross_entropy(scores, y).mean()
        return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()

    @jax.jit
    def train(X: jax.Array, y: jax.Array) -> Params:
        value_and_slope = optax.value_and_grad_from_state(lambda params: objective(params, X, y))

        def step(carry: Any) -> Any:
            params, state, _, count = carry
            value, slope = value_and_slope(params, state=state)
            change, state = optimizer.update(
                slope, state, params, value=value, grad=slope, value_fn=lambda params: objective(params, X, y)
            )
            return optax.apply_updates(params, change), state, optax.global_norm(slope), count + 1

        first = {"w": jnp.zeros((problem.features, *outputs)), "b": jnp.zeros(outputs)}
        carry = (first, optimizer.init(first), jnp.inf, 0)
        return jax.lax.while_loop(lambda carry: (carry[2] > 1e-7) & (carry[3] < 500), step, carry)[0]

    return once(lambda: {name: np.asarray(value) for name, value in train(X, y).items()})


def losses_of(problem: Search) -> Callable[[], jax.Array]:
    x, y = in_float64(*search.data(problem))
    w, b = in_float64(*problem.candidates)

    @jax.jit
    def losses(x: jax.Array, y: jax.Array) -> jax.Array:
        return jax.lax.map(lambda one: jax.vmap(lambda c: jnp.mean((one * x + c - y) ** 2) / 2)(b), w)

    return lambda: losses(x, y)


def exhaustive(problem: Search) -> Turn:
    losses, (w, b) = losses_of(problem), problem.candidates

    def best() -> dict[str, Any]:
        found = losses()
        i, j = np.unravel_index(int(jnp.argmin(found)), found.shape)
        return {"w": float(w[i]), "b": float(b[j])}

    return once(best)


def surface(problem: Surface) -> Turn:
    losses = losses_of(problem)
    return once(lambda: np.asarray(losses()))


def black_body(wavelength: jax.Array, scale: Any, temperature: Any) -> jax.Array:
    return scale * 11.910429723971884 / wavelength**5 / jnp.expm1(14387.768775039337 / (wavelength * temperature))


def spectra(problem: Spectra) -> Turn:
    wavelength, measured = in_float64(*laws.data(problem))
    units = jnp.asarray(list(START.values()))

    def residual(params: jax.Array, y: jax.Array) -> jax.Array:
        return black_body(wavelength, *(params * units)) - y

    def step(carry: Any, y: jax.Array) -> Any:
        params, damping = carry
        r, J = residual(params, y), jax.jacfwd(residual)(params, y)
        curvature = J.T @ J
        tried = params - jnp.linalg.solve(curvature + damping * jnp.diag(jnp.diag(curvature)), J.T @ r)
        better = jnp.sum(residual(tried, y) ** 2) < jnp.sum(r**2)
        return jnp.where(better, tried, params), jnp.where(better, damping / 10, damping * 10)

    @jax.jit
    def fit_all(measured: jax.Array) -> jax.Array:
        def one(y: jax.Array) -> jax.Array:
            return jax.lax.fori_loop(0, 30, lambda _, carry: step(carry, y), (jnp.ones(2), 1e-3))[0]

        return jax.vmap(one)(measured) * units

    return once(lambda: dict(zip(START, np.asarray(fit_all(measured)).T, strict=True)), len(measured))


TEXTBOOK = (
    "import jax, jax.numpy as jnp, numpy as np",
    "X = np.random.default_rng(0).standard_normal((1000, 2)).astype('f')",
    "y = X @ np.array([2, -3.4], 'f') + 4.2",
    "loss = lambda p, X, y: jnp.mean((X @ p[0] + p[1] - y) ** 2) / 2",
    "update = lambda p, rows: (jax.tree.map(lambda p, g: p - 0.03 * g, p, jax.grad(loss)(p, X[rows], y[rows])), None)",
    "train = jax.jit(lambda p, order: jax.lax.scan(update, p, order)[0])",
    "order = np.concatenate([np.random.permutation(1000).reshape(-1, 10) for _ in range(3)])",
    "X, y = jnp.asarray(X), jnp.asarray(y)",
    "jax.block_until_ready(train((jnp.zeros(2), 0.0), order))",
)
COMMANDS = {"import": code("import jax"), "textbook": code(*TEXTBOOK)}
SOLVES = {
    Descent: descent,
    LeastSquares: lstsq,
    Likelihood: lbfgs,
    Passes: passes,
    Search: exhaustive,
    Surface: surface,
    Spectra: spectra,
    Process: lambda problem: words(problem, COMMANDS),
}
