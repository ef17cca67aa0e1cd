"""The sums and steps of many fits at once, against NumPy."""

import numpy as np

from gradloop.compiler.program import compile_loop
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.each import fit_each
from gradloop.solvers.nonlinear.each import damped_steps, inverses, normal_equations


def test_sums_are_the_normal_equations_of_each_set():
    specs = {"row": Spec((1,), FLOAT64), "a": Spec((), FLOAT64), "k": Spec((2,), FLOAT64)}
    law = trace(lambda row, a, k: a * np.exp(k[0] * row[0]) + k[1], specs)
    program = compile_loop(normal_equations(law, ["a", "k"], weighted=True, together=4))
    random = np.random.default_rng(0)
    x, y, weight = random.random((6, 1)), random.random((4, 6)), random.random((4, 6))
    a, k = random.random(4), random.random((4, 2))
    rows = [x, np.ascontiguousarray(y.T), np.ascontiguousarray(weight.T)]
    found = program.sum(rows, np.concatenate([a, *k.T])).reshape(-1, 4).T
    for i in range(4):
        power = np.exp(k[i, 0] * x[:, 0])
        residual = a[i] * power + k[i, 1] - y[i]
        J = np.column_stack([power, a[i] * x[:, 0] * power, np.ones(6)])
        expected = [weight[i] @ residual**2 / 2, *(J.T @ (weight[i] * residual)), *(J.T * weight[i] @ J).ravel()]
        assert np.allclose(found[i], expected, rtol=1e-12)


def test_steps_solve_the_damped_system():
    random = np.random.default_rng(0)
    J = random.normal(size=(3, 5, 2)) * [1, 1e6]
    A, g, damping = J.transpose(0, 2, 1) @ J, random.normal(size=(3, 2)), np.array([0.0, 1.0, 1e3])
    steps = damped_steps(A.T, g.T, damping).T
    for i in range(3):
        system = A[i] + damping[i] * np.diag(np.diag(A[i]))
        assert np.allclose(system @ steps[i], -g[i], rtol=1e-9)


def test_many_sets_have_the_bits_of_few():
    """A set's answer depends neither on its place nor on what its neighbours do."""
    x = np.linspace(0.1, 4, 12)
    random = np.random.default_rng(0)
    a, rate = random.uniform(1, 3, (1500, 1)), random.uniform(0.2, 2, (1500, 1))
    y = a * np.exp(-rate * x) + 0.02 * random.standard_normal((1500, 12))

    def fitted(some):
        return fit_each(x, y[some], model=lambda x, a, rate: a * np.exp(-rate * x), start={"a": 1.0, "rate": 0.5})

    whole, backwards = fitted(slice(None)), fitted(slice(None, None, -1))
    assert whole.converged.all() and len(np.unique(whole.iterations)) > 3
    for name in ("a", "rate"):
        assert np.array_equal(whole.params[name], backwards.params[name][::-1])


def test_inverses_are_missing_where_a_direction_is():
    good = np.array([[4.0, 1.0], [1.0, 2.0]])
    found = inverses(np.stack([good, np.ones((2, 2)), np.diag([1.0, 0.0]), np.full((2, 2), np.nan)]))
    assert np.allclose(found[0], np.linalg.inv(good))
    assert np.isnan(found[1]).all() and np.isnan(found[3]).all()
