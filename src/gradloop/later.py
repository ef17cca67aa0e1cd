"""What is loaded when it is asked for, so that `import gradloop` and a small fit do not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def asked_for(package: str, places: dict[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__``: each name is a module, or stands in one, as "module:name".

    >>> asked_for("math", {"pi": "cmath:pi"})("pi")
    3.141592653589793
    """

    def found(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, inside = places[name].partition(":")
        return getattr(import_module(module), inside) if inside else import_module(module)

    return found


class Later:
    """An attribute of a class until it is asked for: then the module is loaded that puts the true one in its place."""

    def __init__(self, name: str, module: str) -> None:
        self.name, self.module = name, module

    def __get__(self, instance: Any, owner: type) -> Any:
        import_module(self.module)
        if vars(owner).get(self.name) is self:
            raise AttributeError(f"{self.module} puts no {self.name} there")
        return getattr(owner if instance is None else instance, self.name)
