"""What a file says, taken out of its records only where it is of the kind that it must be."""

from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]

DAMAGED = "does not say what a model file must say, so it is refused; it was not written by this gradloop."


class RefusedError(Exception):
    """Why a file is refused, as the end of a sentence that begins with its name."""


def agree(condition: bool) -> None:
    """Go on only if the file agrees with itself."""
    if not condition:
        raise RefusedError(DAMAGED)


def take(record: Mapping[str, Any], key: str, kind: type) -> Any:
    """A value of exactly this type: a boolean is no number."""
    value = record.get(key)
    agree(type(value) is kind)
    return value


def texts(record: Record, key: str) -> tuple[str, ...]:
    """A list of texts."""
    found = take(record, key, list)
    agree(all(type(text) is str for text in found))
    return tuple(found)
