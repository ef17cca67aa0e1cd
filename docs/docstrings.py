"""Docstrings as Markdown, for the reference: examples become blocks of code, and the words before a colon stand out."""

import re
from typing import Any

try:
    from griffe import Extension
except ImportError:  # the tests look at the text only
    Extension = object

EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*?(?=\n\s*\n|\Z)", re.M | re.S)
WORD = re.compile(r"^(?P<indent> *)(?P<word>Args|Attributes|Raises|Source|Sources|Returns): (?=\S)", re.M)


def as_markdown(docstring: str) -> str:
    """A docstring whose examples are fenced.

    >>> as_markdown("Source: Gauss.")
    '**Source:** Gauss.'
    """
    fenced = EXAMPLE.sub(lambda found: f"{found['indent']}```pycon\n{found[0]}\n{found['indent']}```", docstring)
    return WORD.sub(r"\g<indent>**\g<word>:** ", fenced).replace("::\n", ":\n")


class Docstrings(Extension):  # type: ignore[misc,valid-type]
    """Rewrites each docstring once it has been read."""

    def on_instance(self, *, obj: Any, **others: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
