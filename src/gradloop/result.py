"""What training found: everything that is known about a fit, before anything is done with it."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from gradloop.certificate import Certificate
from gradloop.data.preparation import Preparation
from gradloop.history import History
from gradloop.losses import Loss
from gradloop.models import Model
from gradloop.statistics import Statistics
from gradloop.stop import Stop

Params = dict[str, NDArray[Any]]


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

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels in the order of their probabilities; None for numbers and for a fit to arrays."""
        return None if self.preparation is None else self.preparation.classes
