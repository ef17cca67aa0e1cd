"""Where commands may write, found out before any work."""

import os
from pathlib import Path

from gradloop.checkpoint import PREVIOUS
from gradloop.errors import OptionError
from gradloop.tensor_file import check_writable


def check_places(output: Path | None, checkpoint: Path | None, *inputs: str) -> None:
    """Output and checkpoint can be written, and none of them is another or an input.

    Raises: OptionError; ModelFileError where nothing can be written.
    """
    check_output(output, *inputs)
    check_checkpoint(checkpoint, output, *inputs)


def check_output(output: Path | None, *inputs: str | Path) -> None:
    """The output can be written, and is none of the inputs."""
    if output is None:
        return
    for source in inputs:
        if output.exists() and os.path.exists(source) and os.path.samefile(output, source):
            raise OptionError(f"The output {output} is also an input, which would be lost; choose another place.")
    check_writable(output)


def check_checkpoint(checkpoint: Path | None, *others: str | Path | None) -> None:
    """A checkpoint takes two names, of which none may be an input's or the output's."""
    if checkpoint is None:
        return
    taken = {os.path.realpath(place) for place in others if place is not None}
    for place in (str(checkpoint), f"{checkpoint}{PREVIOUS}"):
        if os.path.realpath(place) in taken:
            raise OptionError(f"The checkpoint {place} is also an input or the output; choose another place.")
