"""The sentence for a name that the textbook's programs do not need: what is covered, and where to look."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import NoReturn


def uncovered(owner: str, names: Callable[[], Iterable[str]]) -> Callable[[str], NoReturn]:
    """A module's ``__getattr__``: it refuses every name that the module does not have.

    Args: owner, what the sentence calls the module; names, those it has.

    >>> uncovered("torch", lambda: ["matmul", "zeros"])("zeroes")
    Traceback (most recent call last):
    AttributeError: torch.zeroes is not covered by gradloop.textbook (did you mean zeros?): it has what linear and ...
    """

    def refuse(name: str) -> NoReturn:
        raise AttributeError(sentence(owner, name, names()))

    return refuse


def sentence(owner: str, name: str, names: Iterable[str]) -> str:
    """What is said about a name that is not there; nothing more than the name where only machines ask."""
    if name.startswith("__"):
        return name
    near = difflib.get_close_matches(name, [known for known in names if not known.startswith("_")], n=2)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    return (
        f"{owner}.{name} is not covered by gradloop.textbook{hint}: it has what linear and softmax regression need, "
        f"which dir({owner}) lists; for more, take PyTorch itself."
    )
