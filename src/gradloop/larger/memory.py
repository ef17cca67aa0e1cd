"""Memory: how much a fit may take, and how much the process has taken."""

from __future__ import annotations

import re
import sys

from gradloop.data.sources import Source
from gradloop.data.sources.frames import FrameSource, TableSource
from gradloop.data.sources.source import memory
from gradloop.errors import OptionError

SHARE = 2  # of the machine's memory: a fit may take the half, unless told otherwise
LEAST = 16 * 2**20  # bytes with which a pass over rows can be made at all
BYTES_OF_A_CELL = 48  # that a fit in memory takes for each cell of a table: several times its value
BYTES_OF_A_BYTE = 5  # and for each byte of text
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SIZE = re.compile(r"\s*([0-9]+|[0-9]*\.[0-9]+)\s*([a-z]*)\s*")


def as_bytes(given: object) -> int:
    """How many bytes a fit may take: a number of them, or a text such as "2GB" or "500 MiB"; None: half the machine.

    Raises: OptionError for anything else, and for less than is needed for any pass.

    >>> as_bytes("1.5 GB")
    1500000000
    """
    if given is None:
        return memory() // SHARE
    found = _SIZE.fullmatch(str(given).lower())
    if isinstance(given, bool | float) or found is None or found[2] not in _UNITS:
        raise OptionError(f'memory is {given!r}, but it must be a number of bytes, or a text such as "2GB" or "500MB".')
    size = int(float(found[1]) * _UNITS[found[2]])
    if size < LEAST:
        raise OptionError(f"memory is {told(size)}, but a pass over the rows needs at least {told(LEAST)}.")
    return size


def fits(source: Source, limit: int) -> bool | None:
    """Whether the rows of a source may be in memory, as columns and as features; None where it does not tell.

    What is in memory already stays there.
    """
    if isinstance(source, TableSource) or (isinstance(source, FrameSource) and not source.one_pass):
        return True
    if source.rows is not None:
        return source.rows * len(source.schema().names) * BYTES_OF_A_CELL <= limit
    length = source.length(limit // BYTES_OF_A_BYTE)
    return None if length is None else length * BYTES_OF_A_BYTE <= limit


def peak() -> int | None:
    """The most bytes that this process has had in memory so far; None where the system does not say."""
    try:
        import resource
    except ImportError:  # not a system of the Unix family
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def told(size: float) -> str:
    """A number of bytes as people say it.

    >>> told(1_536_000_000)
    '1.54 GB'
    """
    for unit, many in (("GB", 1e9), ("MB", 1e6)):
        if size >= many:
            return f"{size / many:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"
