"""Words for people: text that cannot harm a terminal, numbers of readable length, and plain tables."""

from collections.abc import Iterable, Sequence

LONGEST = 160  # characters of a cell of a table; a name in a file may have thousands


def printable(text: object) -> str:
    r"""The text with everything that does not print (control and direction characters) written as an escape.

    Names come from files, and a file may hold anything: a terminal must show them, never obey them.

    >>> printable("price\x1b[2J")
    'price\\x1b[2J'
    """
    if (plain := str(text)).isprintable():
        return plain
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in plain
    )


def number(value: float) -> str:
    """A number with six significant digits; whole numbers stay whole.

    >>> number(442), number(152.13348416), number(float("nan"))
    ('442', '152.133', 'not defined')
    """
    if value != value:
        return "not defined"
    return f"{value:.6g}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A plain table: the first column flush left, the others flush right; a row may be short, and no cell is long.

    >>> print(table(["", "w"], [["area", "2.5"], ["age", "-1"]]))
            w
    area  2.5
    age    -1
    """
    lines = [[_short(printable(cell)) for cell in row] + [""] * (len(header) - len(row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
