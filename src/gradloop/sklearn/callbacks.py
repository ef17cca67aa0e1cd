"""Callbacks of estimators: scikit-learn's, which hear of tasks, and gradloop's own, which hear of epochs.

A call of fit is a task, and each epoch (or iteration) a task within it. What gradloop's callbacks need is carried
among scikit-learn's, so that `clone`, and with it `GridSearchCV`, hands both on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from gradloop.callbacks.calls import as_callbacks
from gradloop.callbacks.protocol import Callback, Outline, name_of
from gradloop.errors import OptionError
from gradloop.progress import Progress

Attributes = Callable[[Progress], dict[str, Any]]
Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin, FitCallback
    from sklearn.callback import with_callbacks as torn_down
except ImportError:  # callbacks came with scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """What stands in its place before."""

        def set_callbacks(self, *callbacks: Any) -> Self:
            raise OptionError(
                f"{type(self).__name__}.set_callbacks needs scikit-learn 1.9 or newer, which knows callbacks; "
                'pip install "scikit-learn>=1.9".'
            )

    FitCallback = ()

    def torn_down(method: Method) -> Method:
        return method


def with_callbacks(method: Method) -> Method:
    """A method after which callbacks are told that it is over, whatever happened in it."""
    found: Method = torn_down(method)
    return found


class Own:
    """One of gradloop's callbacks in scikit-learn's list: of tasks it does not want to hear."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback

    def setup(self, estimator: Any, context: Any) -> None:
        return None

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        return None

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        return None

    def teardown(self, estimator: Any, context: Any) -> None:
        return None


def in_one_list(callbacks: tuple[Any, ...]) -> list[Any]:
    """Callbacks of both kinds as scikit-learn's.

    Raises: OptionError for what is neither.
    """
    theirs = [isinstance(each, FitCallback) and not isinstance(each, type) for each in callbacks]
    return [
        each if known else Own(as_callbacks(None, [each])[0]) for each, known in zip(callbacks, theirs, strict=True)
    ]


class Task:
    """A call of fit that has callbacks, while it goes on.

    Args: estimator; context, scikit-learn's; most, how many epochs a run may have, None where that is not
    known; data, what callbacks may ask for: X, y, metadata.
    """

    def __init__(self, estimator: Any, context: Any, most: int | None, data: dict[str, Any]) -> None:
        self.estimator, self.context, self.most, self.data = estimator, context, most, data
        found = estimator._skl_callbacks
        self.own = tuple(each.callback for each in found if isinstance(each, Own))
        self.theirs = tuple(each for each in found if not isinstance(each, Own))

    def listeners(self, attributes: Attributes | None, part: str) -> tuple[Callback, ...]:
        """Who hears of a run.

        Args: attributes, those of an estimator that was fitted so far, None where a single run does not make one;
        part, what the run is called where fit needs several.
        """
        if not self.theirs or self.most == 0:
            return self.own
        return (*self.own, Epochs(self, attributes, part))


class Epochs(Callback):
    """A task of scikit-learn's for each epoch of a run.

    Each begins when the one before it has ended. Where a run ends earlier than it might have, the task that had begun
    then ends without data, as scikit-learn's own logistic regression has it.
    """

    needs_epochs = False

    def __init__(self, task: Task, attributes: Attributes | None, part: str) -> None:
        self.task, self.attributes, self.part = task, attributes, part
        self.above: Any = None  # the task of the run
        self.context: Any = None  # that of the epoch
        self.begun = 0
        self.__qualname__ = ", ".join(type(each).__name__ for each in task.theirs)  # what sentences name

    def on_start(self, outline: Outline) -> None:
        self.above = self.task.context
        if self.part:
            self.above = self.above.subcontext(task_name=self.part, max_subtasks=self.task.most)
            self.above.call_on_fit_task_begin(estimator=self.task.estimator, **self.task.data)
        if outline.solver != "ClosedForm":
            self.begin()

    def begin(self) -> None:
        """The next epoch, if there may be one more."""
        if self.task.most is not None and self.begun >= self.task.most:
            return
        self.begun += 1
        self.context = self.above.subcontext(task_name="epoch")
        self.context.call_on_fit_task_begin(estimator=self.task.estimator, **self.task.data)

    def on_epoch(self, progress: Progress) -> Any:
        if self.context is None:
            return None
        attributes = self.attributes
        asked = self.context.call_on_fit_task_end(
            estimator=self.task.estimator, **self.task.data,
            reconstruction_attributes=None if attributes is None else lambda: attributes(progress),
        )  # fmt: skip
        self.context = None
        if not asked and progress.epoch < progress.epochs:
            self.begin()
        return asked

    def on_stop(self, fit: Any) -> None:
        for context in (self.context, self.above if self.part else None):
            if context is not None:
                context.call_on_fit_task_end(estimator=self.task.estimator)
        self.context = None


class Heard(CallbackSupportMixin):  # type: ignore[misc]  # scikit-learn tells nothing of its types
    """An estimator that callbacks may listen to."""

    _task: Task

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Let callbacks listen to each fit from now on: scikit-learn's, or gradloop's own; without any, let none.

        Raises: OptionError for what is no callback.
        """
        super().set_callbacks(*in_one_list(callbacks))
        return self

    @contextmanager
    def _heard(
        self, X: Any, y: Any, sample_weight: Any, most: int | None, runs: int = 1, name: str = "fit"
    ) -> Iterator[None]:
        """A call of fit, of which callbacks hear, if there are any.

        Args: X, y, sample_weight, as they were given; most, how many epochs a run may have; runs, how many there are.
        """
        if not getattr(self, "_skl_callbacks", None):
            yield
            return
        context = self._init_callback_context(task_name=name, max_subtasks=most if runs == 1 else runs)
        data = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
        self._task = Task(self, context, most, data)
        context.call_on_fit_task_begin(estimator=self, **data)
        try:
            yield
        finally:
            del self._task
        context.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes={})

    def _listeners(self, attributes: Attributes | None, part: str = "") -> tuple[Callback, ...]:
        """Who hears of a run within this call of fit."""
        task = getattr(self, "_task", None)
        return () if task is None else task.listeners(attributes, part)

    def _only_tasks(self) -> None:
        """A single pass over rows given one by one has no epochs that gradloop's own callbacks could hear of."""
        task = getattr(self, "_task", None)
        if task is not None and task.own:
            raise OptionError(
                f"{type(self).__name__}: partial_fit has no epochs that it could tell {name_of(task.own[0])} of; call "
                "fit, or set_callbacks() before partial_fit."
            )
