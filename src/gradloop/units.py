"""The units of columns and parameters: words that reports and files tell. Nothing is converted."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradloop.errors import OptionError
from gradloop.model_names import is_ours
from gradloop.result import Result
from gradloop.text import printable

LONGEST = 40  # characters of a unit


def as_units(given: Any, known: Iterable[str]) -> dict[str, str]:
    """Units by the names of columns and parameters, once it is sure that there are such.

    Raises: OptionError.

    >>> as_units({"area": "m²"}, ["area", "price"])
    {'area': 'm²'}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(part, str) for pair in given.items() for part in pair):
        raise OptionError(f'units is {given!r}, but it must name columns, for instance units={{"area": "m²"}}.')
    known = list(known)
    for name, unit in given.items():
        if name not in known:
            there = ", ".join(map(printable, known[:12]))
            raise OptionError(f"There is no {printable(name)!r} to have a unit; there are {there}.")
        if not unit.strip() or len(unit) > LONGEST or not unit.isprintable():
            raise OptionError(f"The unit of {printable(name)!r} is {unit[:LONGEST]!r}; give a short word, such as m².")
    return dict(given)


def unit_of(fit: Result, label: str) -> str:
    """The unit of a coefficient by its label in the summary; empty where it does not follow from those given.

    A weight is in units of the target for one unit of its column; with a level of a text, and for the intercept, in
    units of the target.
    """
    columns, target = dict(_columns(fit)), _target(fit)
    if not columns:
        return fit.units.get(label.partition("[")[0], "")
    if label == "(intercept)":
        return target or ""
    name, _, power = label.rpartition("^") if label not in columns and "^" in label else (label, "", "1")
    unit = columns.get(name)
    if target is None or unit is None:
        return ""
    return _ratio(target, unit, int(power))


def _target(fit: Result) -> str | None:
    """The unit of what the model adds up: a pure number for the logarithm of odds; None where it is not known."""
    if fit.loss.target != "number":
        return "" if fit.model.name == "logistic" else None
    return None if fit.preparation is None else fit.units.get(fit.preparation.target_name)


def _columns(fit: Result) -> Iterator[tuple[str, str | None]]:
    """The unit of each feature of gradloop's own models; a level or a flag is a pure number, and dates are days."""
    if fit.preparation is None or not is_ours(fit.model):
        return
    for feature in fit.preparation.used:
        measured = {"number": fit.units.get(feature.name), "date": "d"}
        for place, name in enumerate(feature.names):  # a flag for missing values comes second
            yield name, measured.get(feature.kind, "") if place == 0 else ""


def _ratio(target: str, unit: str, power: int) -> str:
    if not unit:
        return target
    below = unit if unit.isalpha() or (power == 1 and not set(unit) & set("/ ·*")) else f"({unit})"
    return f"{target or 1}/{below}" + (f"^{power}" if power > 1 else "")
