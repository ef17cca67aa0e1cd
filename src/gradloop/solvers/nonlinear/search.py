"""One search of Gauss-Newton from one start.

A step linearises the law and keeps the loss; it is as long as the trust region allows (Levenberg-Marquardt), and then
bent as the law's second derivative along it says (geodesic acceleration), which follows the curved valleys of sums of
exponentials. Near the minimum, where the loss is too flat to compare, Newton steps with all exact second derivatives
finish, judged by the slope. Only their bowl bears the word converged.

Sources: Moré, The Levenberg-Marquardt algorithm, 1978; Transtrum and Sethna, Improvements to the Levenberg-Marquardt
algorithm for nonlinear least-squares minimization, 2012; Bates and Watts, A relative offset orthogonality convergence
criterion for nonlinear least squares, 1981.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gradloop.core.evaluate import evaluate
from gradloop.errors import OptionError
from gradloop.history import History, Row, Snapshot, epochs_to_keep
from gradloop.progress import Report, tell
from gradloop.solvers.nonlinear.least_absolute import straight_step
from gradloop.solvers.nonlinear.residuals import SEEN, Point, Residuals, column_norms, lost_below
from gradloop.solvers.nonlinear.trust_region import (
    ROWS_IN_BLOCK,
    Directions,
    damped_step,
    free_to_move,
    known_directions,
    step_in_ball,
    step_in_bounds,
    triangle,
)
from gradloop.stop import Stop

SETTLED = 1e-6  # what the law can still reach of the residuals, as a share of all, at which Newton steps take over
WORTH = 1e-4  # a step is taken if it brings this share of the decrease that the model promised
MOST_BENDING = 0.3  # twice the correction of a step, as a share of it, beyond which it is left out
NEWTON_STEPS = 50
SHALLOW = 1e-6  # the bowl's least curvature, beside that of the linearised law, which is trusted
NARROW = 1e-7  # a linear program that finds no way down in a box so small, beside the parameters, proves nothing
EPS = float(np.finfo(np.float64).eps)

Array = Any


class Found(NamedTuple):
    """Where one search ended."""

    point: Point
    stop: Stop
    history: History
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Local:
    """The linearised law at a point, each parameter in a unit that moves the predictions by about one."""

    point: Point
    slopes: Array  # J, (n, p)
    units: Array  # D
    R: Array  # of the weighted J / D = Q R
    t: Array  # Qᵀ weighted residuals: as far as J / D can reach them
    lost: float  # the share of the largest singular value of R below which rounding decides

    @cached_property
    def known(self) -> Directions:
        """Those of R."""
        return known_directions(self.R, self.lost)


class Bowl(NamedTuple):
    """The exact second-order model at a point, in coordinates where the linearised law is a round bowl."""

    local: Local
    decrement: float  # √(gᵀ H⁻¹ g): the distance to the bottom, counted in residuals
    step: Array | None  # to the bottom, in the units D; None where this is no bowl
    unknown: Array  # directions that the data do not determine, in the units D


def nonzero(units: Array) -> Array:
    """A unit for what has no effect, too."""
    return np.where((units > 0) & np.isfinite(units), units, 1.0)


def floor(point: Point) -> float:
    """The length of what rounding may have changed in the weighted residuals."""
    return 10 * float(np.linalg.norm(np.sqrt(np.abs(point.strength)) * point.noise))


class Search:
    """A search from one start: what is given, then what changes."""

    def __init__(
        self, view: Residuals, low: Array, high: Array, tolerance: float, iterations: int, report: Report | None,
        first_reach: float = 1.0,
    ) -> None:  # fmt: skip
        self.view, self.low, self.high, self.report = view, low, high, report
        self.tolerance, self.iterations, self.first_reach = tolerance, iterations, first_reach
        self.lost = lost_below(len(low), view.problem.X.dtype)
        self.bounded = bool(np.isfinite(low).any() or np.isfinite(high).any())
        self.plain = view.squared == 1.0 and bool((view.weights == 1.0).all())
        self.units = np.zeros(len(low))
        self.radius = 0.0
        self.passes, self.begun = 0, time.perf_counter()
        self.table: list[Row] = []
        self.kept: list[Snapshot] = []
        self.keep = epochs_to_keep(iterations, len(low))

    def run(self, start: Array) -> Found:
        """Descend, finish, and say what is known."""
        here, stop = self.local(self.at(start)), Stop.ITERATIONS
        notes: list[str] = []
        try:
            for _ in range(self.iterations):
                self.record(here)
                after = self.advance(here)
                if isinstance(after, Stop):
                    stop = after
                    break
                here = after
            if not self.view.straight:
                here, stop, notes = self.finish(here, stop)
        except KeyboardInterrupt:
            stop = Stop.INTERRUPTED
        notes += self.on_bounds(here.point)
        return Found(here.point, stop, History.from_rows(self.table, self.kept), tuple(notes))

    # ---- where the search stands ----
    def at(self, params: Array) -> Point:
        self.passes += 1
        point = self.view.at(np.clip(params, self.low, self.high))
        if (point.strength < 0).any():
            raise OptionError(
                f"The {self.view.problem.loss.name} loss is not least where the prediction meets y, so Gauss-Newton "
                "cannot follow it; choose another solver."
            )
        return point

    def local(self, point: Point) -> Local:
        self.passes += 1
        slopes = self.view.jacobian(point.params)
        root = None if self.view.straight or self.plain else np.sqrt(point.strength)
        rough = nonzero(column_norms(slopes[:ROWS_IN_BLOCK]))
        R, t = triangle(slopes / rough, point.residuals, root)
        norms = rough * column_norms(R)
        self.units = np.maximum(self.units, np.where(np.isfinite(norms), norms, 0.0))
        units = nonzero(self.units)
        return Local(point, slopes, units, R * (rough / units), t, self.lost)

    def room(self, here: Local) -> tuple[Array, Array]:
        """How far the bounds are, in the units of the step."""
        return (self.low - here.point.params) * here.units, (self.high - here.point.params) * here.units

    # ---- descent ----
    def advance(self, here: Local) -> Local | Stop:
        """One step that lowers the loss; or the reason why there is none."""
        point = here.point
        if not np.isfinite(here.t).all() or self.settled(here):
            return Stop.STALLED
        size = float(np.linalg.norm(here.units * point.params))
        self.radius = self.radius or self.first_reach * (size or float(np.linalg.norm(point.residuals)) or 1.0)
        while self.radius > 4 * EPS * size:
            z, bend, promised = self.propose(here)
            if not promised > self.least_decrease(point):
                return Stop.CONVERGED if self.view.straight and self.radius > NARROW * size else Stop.STALLED
            trial = self.at(point.params + (z + bend) / here.units)
            ratio = (point.cost - trial.cost) / promised
            after = self.local(trial) if ratio > WORTH else here
            ratio = ratio if np.isfinite(after.t).all() else -np.inf
            length = float(np.max(np.abs(z)) if self.view.straight else np.linalg.norm(z))
            if ratio > 0.75:
                self.radius = max(self.radius, 2 * length)
            elif not ratio > 0.25:
                self.radius = 0.25 * min(self.radius, length)
            if ratio > WORTH:
                return after
        return Stop.STALLED

    def least_decrease(self, point: Point) -> float:
        """What rounding may change in the sum of the losses."""
        noise = float(np.maximum(*self.sides()) @ point.noise) if self.view.straight else 0.0
        return max(10 * EPS * point.cost, noise)

    def settled(self, here: Local) -> bool:
        """Whether what the law can still reach of the residuals is little beside the rest."""
        if self.view.straight:
            return False
        reach = float(np.linalg.norm(self.open_directions(here).U.T @ here.t))
        return reach <= max(SETTLED * float(np.sqrt(2 * here.point.cost)), floor(here.point))

    def open_directions(self, here: Local) -> Directions:
        """Those of the parameters that no bound holds."""
        free = free_to_move(here.R.T @ here.t, *self.room(here)) if self.bounded else np.True_
        return here.known if free.all() else known_directions(here.R[:, free], self.lost)

    def propose(self, here: Local) -> tuple[Array, Array, float]:
        """A step, its correction for the law's bending, and by how much it would lower the loss of a linear law."""
        low, high = self.room(here)
        if self.view.straight:
            return self.propose_straight(here, np.maximum(low, -self.radius), np.minimum(high, self.radius))
        if self.bounded:
            z, damping = step_in_bounds(here.R, here.known, here.t, self.radius, low, high, self.lost)
        else:
            z, damping = step_in_ball(here.known, here.t, self.radius)
        moved = here.R @ z
        promised = -float(here.t @ moved) - 0.5 * float(moved @ moved)
        return z, self.correction(here, z, damping), promised

    def correction(self, here: Local, z: Array, damping: float | None) -> Array:
        """Half the second-order change of the best step along z; none where it is large, so that z is no guide."""
        if damping is None:
            return np.zeros(len(z))
        pulled = self.view.pulled_by_bending(here.point, here.slopes, z / here.units) / here.units
        self.passes += 1
        if not np.isfinite(pulled).all():
            return np.zeros(len(z))
        found = 0.5 * damped_step(here.known, pulled, damping)
        small = 2 * np.linalg.norm(found) <= MOST_BENDING * np.linalg.norm(z)
        return found if small else np.zeros(len(z))

    # ---- losses made of two straight lines ----
    def propose_straight(self, here: Local, low: Array, high: Array) -> tuple[Array, Array, float]:
        J, residuals, (up, down) = here.slopes / here.units, here.point.residuals, self.sides()
        found = straight_step(J, residuals, up, down, low, high)
        z = np.zeros(len(low)) if found is None else found
        after = residuals + J @ z
        lowest = float(np.sum(np.where(after > 0, up, -down) * after))
        return z, np.zeros(len(z)), here.point.cost - lowest

    def sides(self) -> tuple[Array, Array]:
        """The slopes of a straight loss above y and below it, times the weights."""
        values = [{"y_hat": np.array(v), "y": np.array(0.0)} for v in (1.0, -1.0)]
        up, down = (abs(float(evaluate(self.view.slope, value)[0])) / self.view.unit for value in values)
        return self.view.weights * up, self.view.weights * down

    # ---- the end ----
    def finish(self, here: Local, stop: Stop) -> tuple[Local, Stop, list[str]]:
        """Newton steps while they help, and the verdict."""
        best = self.bowl(here)
        for _ in range(NEWTON_STEPS):
            if best.step is None or best.decrement <= floor(best.local.point):
                break
            trial = self.bowl(self.local(self.at(best.local.point.params + best.step / best.local.units)))
            least = best.local.point.cost * (1 + 1e-9) + floor(here.point) ** 2
            if not trial.decrement < best.decrement or not trial.local.point.cost <= least:
                break
            gained, best = trial.decrement < 0.5 * best.decrement, trial
            self.record(best.local)
            if not gained:
                break
        names = self.undetermined(best)
        if names:
            return best.local, stop, [not_determined(names)]
        return best.local, Stop.CONVERGED if self.at_bottom(best) else stop, []

    def bowl(self, here: Local) -> Bowl:
        """The second-order model, in the coordinates u = S V z where R = U S V."""
        nothing = Bowl(here, np.inf, None, np.zeros((0, len(here.units))))
        if not np.isfinite(here.R).all() or not np.isfinite(here.t).all():
            return nothing
        free = free_to_move(here.R.T @ here.t, *self.room(here))
        U, sizes, V = np.linalg.svd(here.R[:, free])
        sizes = np.concatenate([sizes, np.zeros(len(V) - len(sizes))])
        known = sizes > self.lost * sizes.max(initial=0.0)
        unknown = np.zeros((int((~known).sum()), len(free)))
        unknown[:, free] = V[~known]
        back = V[known].T / sizes[known]
        curved = self.curved(here)[np.ix_(free, free)]
        H = np.eye(back.shape[1]) + back.T @ curved @ back
        bent, directions = np.linalg.eigh(H) if np.isfinite(H).all() else (np.array([-1.0]), H)
        if not (bent > SHALLOW).all():
            return nothing._replace(unknown=unknown)
        steep = directions.T @ (U.T @ here.t)[: len(known)][known[: len(U)]]
        step = np.zeros(len(free))
        step[free] = -back @ (directions @ (steep / bent))
        return Bowl(here, float(np.linalg.norm(steep / np.sqrt(bent))), step, unknown)

    def curved(self, here: Local) -> Array:
        """What the quadratic model leaves out, in the units D."""
        left_out = self.view.left_out(here.point, here.slopes)
        self.passes += len(here.units)
        return left_out / here.units[:, None] / here.units

    def at_bottom(self, bowl: Bowl) -> bool:
        """Whether the bottom is so near that no standard error, or no rounding, would notice."""
        point = bowl.local.point
        freedom = self.view.rows - len(point.params)
        deviation = float(np.sqrt(2 * point.cost / freedom)) if freedom > 0 else 0.0
        near = self.tolerance * deviation * float(np.sqrt(len(point.params)))
        return bowl.decrement <= max(near, floor(point))

    def undetermined(self, bowl: Bowl) -> list[str]:
        """The parameters that have a share in a direction which the data do not determine."""
        shares = np.abs(bowl.unknown).max(axis=0, initial=0.0)
        return [name for name, share in self.view.problem.unpack(shares).items() if (share > SEEN).any()]

    def on_bounds(self, point: Point) -> list[str]:
        ends = (point.params <= self.low) | (point.params >= self.high)
        names = [name for name, end in self.view.problem.unpack(ends).items() if end.any()]
        return [f"{', '.join(names)} ended on a bound: the data want a value beyond it."] if names else []

    def record(self, here: Local) -> None:
        iteration, problem, point = len(self.table) + 1, self.view.problem, here.point
        loss, seconds = self.view.mean_loss(point), time.perf_counter() - self.begun
        slope = here.slopes.T @ point.pull * (self.view.unit * self.view.unit / self.view.weight)
        rows = self.passes * len(problem.X)
        self.table.append(Row(iteration, loss, float(np.linalg.norm(slope)), float("nan"), rows, seconds))
        if iteration in self.keep:
            self.kept.append((iteration, problem.unpack(point.params)))
        tell(self.report, self.table[-1], self.iterations, point.params)


def not_determined(names: list[str]) -> str:
    return (
        f"The data do not determine {', '.join(names)}: other values fit as well; begin elsewhere, hold one of them "
        "fixed, or measure where it matters."
    )
