"""The group of commands, of which only the one that is asked for is loaded: a fit does not wait for the others."""

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """Commands that are there, and those in modules of this package that are loaded when they are called or listed."""

    LATER: ClassVar[dict[str, str]] = {
        "predict": "predict",
        "evaluate": "predict",
        "inspect": "inspect",
        "explain": "explain",
        "export": "export",
        "plot": "plot",
        "sweep": "sweep",
        "doctor": "doctor",
        "page": "page",
        "synth": "synth",
    }

    def list_commands(self, ctx: Any) -> list[str]:
        return list(dict.fromkeys([*self.commands, *self.LATER]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        names = [cmd_name] if cmd_name in self.list_commands(ctx) else self.list_commands(ctx)
        for name in names:  # all of them, where a name is wrong and one that is like it may be proposed
            if name not in self.commands:
                self.add_command(command(name, self.LATER[name]), name)
        return self.commands.get(cmd_name)


def command(name: str, module: str) -> Any:
    """The command of this name, which is a function of the same name in a module."""
    alone = typer.Typer(add_completion=False)
    alone.command(name)(getattr(import_module(f"gradloop.cli.{module}"), name))
    return typer.main.get_command(alone)
