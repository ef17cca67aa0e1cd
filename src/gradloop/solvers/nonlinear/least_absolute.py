"""The best step for a loss made of two straight lines: an exact linear program, in place of the quadratic model.

    minimise Σ w loss(r + J s)   subject to   low ≤ s ≤ high

With loss(r) = up · r above zero and down · (-r) below, the dual program has one equation per parameter only,

    maximise λ · r + low · g - high · h   subject to   Jᵀ λ = g - h,   -down ≤ λ ≤ up,   g, h ≥ 0

and the step is the price of its equations. At a vertex as many rows are met exactly as there are parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MET = 1e-7  # a residual so much smaller than the typical one is meant to be zero
Array = Any


def straight_step(J: Array, residuals: Array, up: Array, down: Array, low: Array, high: Array) -> Array | None:
    """The step s that lowers the sum most; None where the linear program could not be solved.

    Args: J (n, p), with columns of similar size; residuals (n,); up, down (n,), the loss's slopes, weights included;
    low, high (p,), finite bounds of the step.

    Source: Osborne and Watson, On an algorithm for discrete nonlinear L1 approximation, 1971.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix, eye, hstack

    columns = J.shape[1]
    size, cost = float(np.mean(np.abs(residuals))) or 1.0, float(max(np.max(up), np.max(down)))
    balance = hstack([csr_matrix(J.T), -eye(columns), eye(columns)], format="csr")
    prices = np.concatenate([-residuals / size, -low / size, high / size])
    ends = np.concatenate([np.stack([-down, up], axis=1) / cost, np.tile([0.0, np.inf], (2 * columns, 1))])
    found = linprog(prices, A_eq=balance, b_eq=np.zeros(columns), bounds=ends)
    if found.status != 0:
        return None
    step = np.clip(found.eqlin.marginals * size, low, high)
    return polished(J, residuals, step, low, high, size)


def polished(J: Array, residuals: Array, step: Array, low: Array, high: Array, size: float) -> Array:
    """The vertex to full precision: the rows that the program meets to its own tolerance, solved for exactly."""
    met = np.abs(residuals + J @ step) <= MET * size
    free = (step > low) & (step < high)
    if met.sum() != free.sum() or not free.any():
        return step
    fixed = np.where(free, 0.0, step)
    try:
        solved = np.linalg.solve(J[np.ix_(met, free)], -(residuals[met] + J[met] @ fixed))
    except np.linalg.LinAlgError:
        return step
    exact = fixed.copy()
    exact[free] = solved
    near = np.abs(exact - step) <= 1e-3 * (np.abs(step) + size)
    return exact if near.all() and (exact >= low).all() and (exact <= high).all() else step
