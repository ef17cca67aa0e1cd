"""Arguments of estimators, checked when fit is called, as scikit-learn wants it: honoured, or refused in a sentence."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from gradloop.errors import OptionError


def allow(estimator: Any, name: str, allowed: tuple[Any, ...], because: str) -> None:
    """Refuse every value of an argument but these.

    Args: because, a clause that ends the sentence: why the others cannot be honoured, and what to do.
    """
    value = getattr(estimator, name)
    if not any(value is one or (type(value) is type(one) and value == one) for one in allowed):
        raise OptionError(f"{type(estimator).__name__}: {name}={value!r} cannot be honoured, because {because}.")


def check_number(
    estimator: Any, name: str, least: float = 0.0, most: float = np.inf, *, above: bool = False, infinite: bool = False
) -> float:
    """A real number in its range, `least` itself excluded where it must be above."""
    value = getattr(estimator, name)
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        number = float(value)
        if least <= number <= most and not (above and number == least) and (infinite or np.isfinite(number)):
            return number
    bound = f"above {least:g}" if above else f"from {least:g}"
    upper = "" if most == np.inf else f" to {most:g}"
    raise OptionError(f"{type(estimator).__name__}: {name} is {value!r}, but it must be a number {bound}{upper}.")


def check_whole(estimator: Any, name: str, least: int = 1) -> int:
    """A whole number from `least`."""
    value = getattr(estimator, name)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral) or value < least:
        raise OptionError(
            f"{type(estimator).__name__}: {name} is {value!r}, but it must be a whole number from {least}."
        )
    return int(value)


def check_choice(estimator: Any, name: str, choices: tuple[Any, ...]) -> Any:
    """One of some words, or None where that is one of them."""
    value = getattr(estimator, name)
    if (value is None or isinstance(value, str)) and value in choices:
        return value
    raise OptionError(
        f"{type(estimator).__name__}: there is no {name}={value!r}; choose one of {', '.join(map(repr, choices))}."
    )


def check_flags(estimator: Any, *names: str) -> None:
    """Arguments that are True or False."""
    for name in names:
        value = getattr(estimator, name)
        if not isinstance(value, (bool, np.bool_)):
            raise OptionError(f"{type(estimator).__name__}: {name} is {value!r}, but it must be True or False.")


def check_threads(estimator: Any) -> None:
    """n_jobs may ask for what is done in any case: a pass over the rows uses every processor that pays."""
    allow(
        estimator, "n_jobs", (None, -1),
        "one fit uses as many threads as pay, whatever n_jobs says; leave it out, and give n_jobs to GridSearchCV or "
        "cross_validate instead",
    )  # fmt: skip


def seed_of(random_state: Any) -> int:
    """The seed of the order of rows, a whole number, from what scikit-learn calls random_state."""
    from sklearn.utils import check_random_state

    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
