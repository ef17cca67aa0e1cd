"""What all problems have in common."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

MANY_ROWS = 10_000


class Judged(NamedTuple):
    """An answer, measured by the same judge for everyone.

    objective: what is minimised, over all examples; error: the largest relative error of a coefficient, where the right
    ones are known.
    """

    objective: float | None = None
    error: float | None = None


@dataclass(frozen=True)
class Problem:
    """What is to be done, and how well.

    unit: what one timing is spread over, such as a step or an epoch; gap: how far above the least objective of all
    rivals an answer may stay and still count, relative to that objective, or None where the way is prescribed and not
    the goal; threads: on how many processors it runs, all of the machine's if 0.
    """

    name: str
    text: str
    rows: int = 0
    features: int = 0
    unit: str = "fit"
    gap: float | None = None
    threads: int = 0
    rounds: int = 5
    quick: bool = True  # whether a quick look includes it
    among: tuple[str, ...] = ()  # the only rivals that take part, where all of them would take too long

    def smaller(self) -> Self:
        """The same with a tenth of the rows, where there are many: a look, not a record."""
        return replace(self, rows=self.rows // 10) if self.rows > MANY_ROWS else self

    def judge(self, answer: Any) -> Judged:
        """The objective of what a rival found; nothing by default."""
        return Judged()
