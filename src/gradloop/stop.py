"""Why training stopped."""

from enum import Enum


class Stop(Enum):
    """Why training stopped; the value is the sentence that people read.

    ``CONVERGED`` is for a solver whose certificate bears the word: running out of epochs is not converging.

    >>> print(Stop.FINISHED)
    All epochs were run.
    """

    FINISHED = "All epochs were run."
    CONVERGED = "The certificate shows that the loss cannot be lowered further within the tolerance."
    DIVERGED = "The loss grew beyond doubt: training was stopped and the best parameters so far were kept."
    ITERATIONS = "All iterations that were allowed were used."
    SEARCHED = "Every point of the grid was tried."
    STALLED = "No step lowers the loss any further in this arithmetic."
    SEPARABLE = (
        "The classes are separable: larger parameters are always better, so the best are infinite; add a penalty."
    )
    SETTLED = "The last steps brought less than the tolerance that was asked for."
    ASKED = "A callback asked to stop: the parameters are those of the last finished epoch."
    EARLY = "Early stopping: the parameters are those with the least loss on the rows held out."
    INTERRUPTED = "Training was interrupted: the parameters are those of the last finished epoch."

    def __str__(self) -> str:
        return self.value
