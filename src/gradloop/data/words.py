"""How names, values, lists and counts are written in sentences about data."""

from collections.abc import Iterable

from gradloop.text import printable

LONGEST = 40  # characters of a name or value; files hold cells of megabytes
MOST = 6  # things in a list


def name(text: object) -> str:
    """A column's name in single quotes, harmless and short.

    >>> print(name("price"))
    'price'
    """
    return f"'{_short(text)}'"


def value(text: object) -> str:
    """A cell's text in double quotes, harmless and short.

    >>> print(value("n/a"))
    "n/a"
    """
    return f'"{_short(text)}"'


def listed(items: Iterable[str], most: int = MOST) -> str:
    """The items with commas and an "and"; a long list is cut and its rest counted.

    >>> listed(["a", "b", "c"]), listed("abcdefgh", most=2)
    ('a, b and c', 'a, b and 6 others')
    """
    items = list(items)
    if len(items) > most + 1:
        items = [*items[:most], f"{len(items) - most} others"]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def columns(names: Iterable[str], most: int = MOST) -> str:
    """The word column with the names.

    >>> print(columns(["a", "b"]))
    columns 'a' and 'b'
    """
    names = list(names)
    return f"column{'s' * (len(names) != 1)} {listed(map(name, names), most)}"


def _short(text: object) -> str:
    text = str(text)
    return printable(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
