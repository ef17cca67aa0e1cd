"""Preparations as plain data in a model's file: nothing that comes from there is believed unchecked."""

import math
from datetime import date
from typing import Any, get_args

from gradloop.data.features import OTHER, Class, Feature, Kind
from gradloop.errors import ModelFileError


def demand(condition: object, what: str) -> None:
    """Raise ModelFileError, naming what is wrong, unless the condition holds."""
    if not condition:
        raise ModelFileError(
            f"The model file describes the preparation of its data wrongly ({what}); it is damaged or forged."
        )


def fields_of(document: Any, types: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The document, if it is a dict with these fields of exactly these types (True is no number).

    Older files lack the fields that have defaults.
    """
    demand(isinstance(document, dict), "its fields")
    found = {**defaults, **document}
    demand(set(found) == set(types), "its fields")
    for name, kinds in types.items():
        demand(type(found[name]) in (kinds if isinstance(kinds, tuple) else (kinds,)), name)
    return found


def feature_of(document: Any) -> Feature:
    """A feature that was written as plain data."""
    number = (int, float)
    types = {"name": str, "kind": str, "center": number, "scale": number, "levels": list}
    added: dict[str, Any] = {"origin": None, "pooled": False, "fill": [], "indicator": False}
    types |= {"origin": (str, type(None)), "pooled": bool, "fill": list, "indicator": bool}
    fields = fields_of(document, types, added)
    kind, center, scale, levels, fill = (fields[name] for name in ("kind", "center", "scale", "levels", "fill"))
    demand(kind in get_args(Kind), "kind")
    demand(_is_finite(center) and _is_finite(scale) and scale > 0, "center and scale")
    demand(kind in ("number", "date") or (center, scale) == (0, 1), "center and scale")
    demand(_are_levels(levels, fields["pooled"]) if kind == "text" else not (levels or fields["pooled"]), "levels")
    demand(_is_day(fields["origin"]) if kind == "date" else fields["origin"] is None, "origin")
    demand(kind != "presence" or fields["indicator"], "indicator")
    demand(all(type(value) in number and _is_finite(value) for value in fill), "fill")
    feature = Feature(
        **fields
        | {"center": float(center), "scale": float(scale), "levels": tuple(levels), "fill": tuple(map(float, fill))}
    )
    demand(len(fill) in (0, len(feature.centers) - feature.indicator), "fill")
    return feature


def _are_levels(levels: list[Any], pooled: bool) -> bool:
    """Whether these are sorted texts, of which the last may be the one for all others."""
    kept = levels[:-1] if pooled else levels
    return len(levels) >= 2 and _is_sorted(kept, (str,)) and (not pooled or (levels[-1] == OTHER and OTHER not in kept))


def _is_day(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def classes_of(values: list[Any] | None) -> tuple[Class, ...] | None:
    """The classes of a target, if these can be some."""
    if values is None:
        return None
    demand(
        len(values) >= 2 and any(_is_sorted(values, kinds) for kinds in ((str,), (bool,), (int, float))),
        "classes",
    )
    return tuple(values)


def _is_sorted(values: list[Any], kinds: tuple[type, ...]) -> bool:
    """Whether the values are of these types, finite, different and in order."""
    known = all(type(value) in kinds and (isinstance(value, str) or _is_finite(value)) for value in values)
    return known and values == sorted(set(values))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False
