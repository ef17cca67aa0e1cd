"""The best step of a quadratic model within a ball, and within bounds.

    minimise ½ |t + R z|²   subject to   |z| ≤ radius,   low ≤ z ≤ high

R has as many columns as there are parameters, few, so the ball's multiplier is found from singular values; bounds are
met by fixing what would leave them, and solving again for the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

ROUNDS = 20  # of Newton's method for the multiplier, which needs a handful
CLOSE = 0.01  # how exactly the step has the length of the radius
ROWS_IN_BLOCK = 4096
Array = Any


def triangle(A: Array, b: Array, root: Array | None = None) -> tuple[Array, Array]:
    """R and t = Qᵀ b of A = Q R; the rows of A and b are multiplied by `root` first."""
    top, columns = tall_triangle(A, b, root), A.shape[1]
    return top[:columns, :columns], top[:columns, columns]


def tall_triangle(A: Array, b: Array, root: Array | None = None) -> Array:
    """The triangle of [A b], block by block of rows.

    Source: Demmel, Grigori, Hoemmen and Langou, Communication-optimal parallel and sequential QR, 2012.
    """
    top: Array = np.zeros((0, A.shape[1] + 1))
    for first in range(0, len(A), ROWS_IN_BLOCK):
        rows = slice(first, first + ROWS_IN_BLOCK)
        block = np.column_stack([A[rows], b[rows]])
        block = block if root is None else block * root[rows, None]
        top = np.linalg.qr(np.vstack([top, block]) if first else block, mode="r")
    return top


class Directions(NamedTuple):
    """The singular values of R that rounding does not decide, with their directions: R ≈ U diag(sizes) V."""

    U: Array
    sizes: Array
    V: Array


def known_directions(R: Array, lost: float) -> Directions:
    """Those whose singular value is above a share `lost` of the largest."""
    U, sizes, V = np.linalg.svd(R, full_matrices=False)
    known = sizes > lost * sizes.max(initial=0.0)
    return Directions(U, sizes, V) if known.all() else Directions(U[:, known], sizes[known], V[known])


def step_in_ball(known: Directions, t: Array, radius: float) -> tuple[Array, float]:
    """The step z of at most this length, and the damping μ with which it solves (RᵀR + μ) z = -Rᵀ t.

    Directions that are not known stay put.

    Source: Moré, The Levenberg-Marquardt algorithm: implementation and theory, 1978.
    """
    U, sizes, V = known
    along = U.T @ t
    z, damping = along / sizes, 0.0
    length = float(np.linalg.norm(z))
    if length <= (1 + CLOSE) * radius:
        return -V.T @ z, damping
    for _ in range(ROUNDS):
        slope = float(np.sum(z**2 / (sizes**2 + damping)))
        damping += length * length / slope * (length - radius) / radius
        z = sizes * along / (sizes**2 + damping)
        length = float(np.linalg.norm(z))
        if abs(length - radius) <= CLOSE * radius:
            break
    return -V.T @ z, damping


def damped_step(known: Directions, slope: Array, damping: float) -> Array:
    """The step that solves (RᵀR + μ) z = -slope."""
    _, sizes, V = known
    return -V.T @ (V @ slope / (sizes**2 + damping))


def step_in_bounds(
    R: Array, known: Directions, t: Array, radius: float, low: Array, high: Array, lost: float
) -> tuple[Array, float | None]:
    """The same between bounds on each entry of z, low ≤ 0 ≤ high; the damping is None where a bound stops an entry."""
    free = free_to_move(R.T @ t, low, high)
    z, damping = np.zeros(R.shape[1]), None if not free.all() else 0.0
    while free.any():
        if not free.all():
            known = known_directions(R[:, free], lost)
        z[free], found = step_in_ball(known, t + R[:, ~free] @ z[~free], radius)
        leaving = free & ((z < low) | (z > high))
        if not leaving.any():
            return z, None if damping is None else found
        z, damping = np.clip(z, low, high), None
        free &= ~leaving
    return z, damping


def free_to_move(slope: Array, low: Array, high: Array) -> Array:
    """Which entries are not held at a bound by the slope."""
    held = ((low >= 0) & (slope > 0)) | ((high <= 0) & (slope < 0))
    return np.asarray(~held)
