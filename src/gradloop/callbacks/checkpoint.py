"""The checkpoint among callbacks: the options checkpoint, every and resume of a fit, as one object."""

from __future__ import annotations

from gradloop.callbacks.protocol import Callback
from gradloop.errors import OptionError
from gradloop.whole_file import PathLike


class Checkpoint(Callback):
    """Keeps the state of the run in a file, so that it can go on after it was killed, and come to the same bits.

    The same as the options ``checkpoint``, ``every`` and ``resume`` of `gradloop.fit`, which say what a file holds;
    with it the states of callbacks that have ``CHANGES`` are kept.

    Args:
        path: the file; the state before it lies in FILE.previous
        every: seconds between two states, from 0; None: 30
        resume: go on from the file, where there is one; else a file that is there is refused

    Raises: OptionError for an argument out of range, a file that is there, or a solver that cannot go on;
    ModelFileError for a file that cannot be used. All before training begins.

    >>> import tempfile
    >>> import gradloop as gl
    >>> X, y = gl.data.synthetic_data(w=[2.0], b=1.0, rows=20, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep = Checkpoint(folder + "/run", every=0, resume=True)
    ...     first = gl.fit(X, y, solver=gl.Minibatch(gl.sgd(0.1), batch_size=5, epochs=2), callbacks=[keep])
    ...     longer = gl.fit(X, y, solver=gl.Minibatch(gl.sgd(0.1), batch_size=5, epochs=3), callbacks=[keep])
    >>> len(longer.history)
    3
    """

    needs_epochs = False

    def __init__(self, path: PathLike, every: float | None = None, resume: bool = False) -> None:
        self.path, self.every, self.resume = path, every, resume


def taken_out(
    callbacks: tuple[Callback, ...], path: PathLike | None, every: float | None, resume: bool
) -> tuple[tuple[Callback, ...], tuple[PathLike | None, float | None, bool]]:
    """The other callbacks, and the options that a checkpoint among them stands for.

    Raises: OptionError where there is more than one, or options beside it.
    """
    found = [each for each in callbacks if isinstance(each, Checkpoint)]
    if not found:
        return callbacks, (path, every, resume)
    if len(found) > 1 or path is not None or every is not None or resume:
        raise OptionError(
            "A run has one checkpoint: give one gl.callbacks.Checkpoint, or the options checkpoint, every and resume."
        )
    others = tuple(each for each in callbacks if each is not found[0])
    return others, (found[0].path, found[0].every, found[0].resume)
