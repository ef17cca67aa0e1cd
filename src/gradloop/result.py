"""What training found: everything that is known about a fit, before anything is done with it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from gradloop.certificate import Certificate
from gradloop.data.preparation import Preparation
from gradloop.history import History
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.optimizers import Optimizer
from gradloop.penalties import Penalty
from gradloop.statistics import Statistics
from gradloop.stop import Stop

Params = dict[str, NDArray[Any]]


class Course(NamedTuple):
    """How the examples were trained on: enough to train once more and come to the same bits."""

    solver: Any
    optimizer: Optimizer | None  # of minibatches, with its learning rate
    penalty: Penalty | None
    engine: str


class Origin(NamedTuple):
    """What a fit was made from, and how, in words that its file keeps."""

    source: str = ""  # what the data are called
    fingerprint: str = ""  # of the data; empty where they cannot be recognised
    solver: str = ""
    penalty: str = "none"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Result:
    """The parameters, how they were found, and how far to trust them.

    ``params`` belong to the columns in their own units; ``trained_params`` to the columns as training saw
    them (standardised, where there is a preparation), and predictions are made from these.
    """

    params: Params
    trained_params: Params
    model: Model
    loss: Loss
    feature_names: tuple[str, ...]  # one per feature, as the model sees them
    history: History
    stop: Stop
    certificate: Certificate
    preparation: Preparation | None = None  # how a table becomes features and target; None for arrays
    notes: tuple[str, ...] = ()  # sentences that a reader of the result should know
    seed: int = 0
    rows: int = 0  # rows that training saw
    statistics: Statistics | None = None  # standard errors and the like, where a theory gives them
    holdout: dict[str, float] | None = None  # the measures on rows that training did not see
    origin: Origin = Origin()  # noqa: RUF009  # it never changes
    units: dict[str, str] = field(default_factory=dict)  # of columns and parameters, as the user told them
    examples: Any = None  # what it was trained on, for pictures and explanations; never saved
    course: Course | None = None  # how it was trained, for explanations; never saved

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels in the order of their probabilities; None for numbers and for a fit to arrays."""
        return None if self.preparation is None else self.preparation.classes

    def __getstate__(self) -> dict[str, Any]:
        """Pickled, as in a file, a fit leaves behind the data it was trained on."""
        return {**vars(self), "examples": None, "course": None}
