"""The textbook's programs, with only their import lines changed, run in a namespace of their own."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROGRAMS = Path(__file__).parent.parent.parent / "shared" / "textbook"

# What stands there, and what stands here. `display` of IPython is imported by 06 and not used.
LINES = {
    "import torch": "from gradloop.textbook import torch",
    "from d2l import torch as d2l": "from gradloop.textbook import d2l",
    "from mxnet import nd, autograd": "from gradloop.textbook.mxnet import nd, autograd",
    "from IPython import display": "",
}
OF_01 = {"import numpy as np": "from gradloop.textbook.mxnet import np"}


class Run(NamedTuple):
    """What a program printed, and its names at the end."""

    printed: str
    names: dict[str, Any]


def source(number: str, lines: dict[str, str] | None = None) -> str:
    """A program whose import lines are replaced; every other line is untouched."""
    found = sorted(PROGRAMS.glob(f"{number}_*.py"))
    if not found:
        pytest.skip("the textbook's programs are not here: ../shared/textbook")
    known = (LINES | (OF_01 if number == "01" else {})) if lines is None else lines
    return "\n".join(known.get(line, line) for line in found[0].read_text("utf-8").split("\n"))


def run(text: str, **names: Any) -> Run:
    """Run a program and keep what it prints."""
    printed = io.StringIO()
    space = {"__name__": "__main__", **names}
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "<textbook>", "exec"), space)
    return Run(printed.getvalue(), space)
