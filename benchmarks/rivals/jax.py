"""JAX: the whole epoch in one jitted function, the batches in a lax.scan.

Fairness. Nothing but the loop is Python: gather, batches, gradient and update are one XLA program (jit +
scan), compiled before the clock starts, with donated parameters. The update rule is written out, as
optax.sgd would compute it, to spare a dependency. The order is drawn by NumPy's Generator outside, because
jax.random.permutation sorts random keys and is some fifteen times slower on a CPU; drawing it is timed, as
it is for everyone. The last, short batch is a step of its own after the scan. Narrow rows are gathered once
for the whole epoch, wide ones batch by batch: whichever is faster. The textbook problem runs its three
epochs in one call, several times faster than a call for each epoch with its order from jax.random. Threads
are XLA's own choice.
"""

from functools import lru_cache, partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.problems.descent import Descent, data
from benchmarks.rivals import NotComparableError, Turn

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


SOLVES = {Descent: descent}
