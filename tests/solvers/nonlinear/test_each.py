"""The sums and steps of many fits at once, against NumPy."""

import numpy as np

from gradloop.compiler.program import compile_loop
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.solvers.nonlinear.each import damped_steps, inverses, normal_equations


def test_sums_are_the_normal_equations_of_each_set():
    specs = {"row": Spec((1,), FLOAT64), "a": Spec((), FLOAT64), "k": Spec((2,), FLOAT64)}
    law = trace(lambda row, a, k: a * np.exp(k[0] * row[0]) + k[1], specs)
    program = compile_loop(normal_equations(law, ["a", "k"], weighted=True))
    random = np.random.default_rng(0)
    x, y, weight = random.random((6, 1)), random.random((4, 6)), random.random((4, 6))
    a, k = random.random(4), random.random((4, 2))
    repeated = [np.tile(x, (4, 1)), y.ravel(), weight.ravel(), np.repeat(a, 6), np.repeat(k, 6, axis=0)]
    found = program.sums(repeated, np.empty(0), 6)
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
    steps = damped_steps(A, g, damping)
    for i in range(3):
        system = A[i] + damping[i] * np.diag(np.diag(A[i]))
        assert np.allclose(system @ steps[i], -g[i], rtol=1e-9)


def test_inverses_are_missing_where_a_direction_is():
    good = np.array([[4.0, 1.0], [1.0, 2.0]])
    found = inverses(np.stack([good, np.ones((2, 2)), np.diag([1.0, 0.0]), np.full((2, 2), np.nan)]))
    assert np.allclose(found[0], np.linalg.inv(good))
    assert np.isnan(found[1]).all() and np.isnan(found[3]).all()
