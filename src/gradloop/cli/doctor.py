"""The command that looks at the installation and tries it."""

import typer

from gradloop.cli import options
from gradloop.cli.terminal import FAULT, print_json, say, sentences
from gradloop.doctor import examine


def doctor(json: options.Json = False) -> None:
    """Show versions, processor and extras, and test the engine on problems with known answers."""
    with sentences():
        found = examine()
        if json:
            print_json(found.to_dict())
        else:
            print(found)
        for fault in found.faults:
            say(fault)
        if not found.healthy:
            raise typer.Exit(FAULT)
