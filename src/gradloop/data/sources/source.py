"""What every source of rows can do, and the road from one to a table in memory."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from gradloop.data import words
from gradloop.data.arrow import arrow_column
from gradloop.data.table import Table, check_unique
from gradloop.errors import DataError
from gradloop.text import printable

if TYPE_CHECKING:
    import pyarrow

CURE = "it is damaged: fetch or write it again"
CONTROL_GROUP = "/sys/fs/cgroup/memory.max"  # what a container may take
_BYTES_OF_A_CELL = 8


class Source(ABC):
    """Rows of named columns, from wherever they are, in batches of Arrow.

    ``name`` is what messages call it; ``rows`` how many there are, where that is known without reading them;
    ``one_pass`` whether they can be read only once, as from a pipe; ``quick`` whether reading them again costs no more
    than reading numbers; ``files`` the paths it reads.
    """

    name: str
    rows: int | None = None
    one_pass: bool = False
    quick: bool = False
    files: tuple[str, ...] = ()

    @abstractmethod
    def schema(self) -> "pyarrow.Schema":
        """The names and types of the columns, in order."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns, in order."""
        return tuple(self.schema().names)

    @abstractmethod
    def batches(self, columns: Sequence[str] | None = None) -> Iterator["pyarrow.RecordBatch"]:
        """All rows, with these columns in this order (all, unless given); from files in the same order every time.

        Where a file does not declare types, a column of whole numbers may turn into one of fractions between two
        batches, and one without values into any other.

        Raises: DataError for unknown columns, for what cannot be read, and when the data changed since the
        source was opened.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """A text that changes when the data do: two passes, or two runs, with equal ones saw the same rows."""

    def place(self, row: int) -> str:
        """Where a row, counted from 0, is found: "in row 15", "in line 17", "in row group 3, row 12"."""
        return f"in row {row}"

    def length(self, most: int) -> int | None:
        """How many bytes there are to read, counted until they are more than so many; None where it does not tell."""
        return sum(map(os.path.getsize, self.files)) if self.files else None

    def as_written(self, names: Sequence[str]) -> dict[str, str]:
        """Columns of the text that stands in the file for these, by names under which ``batches`` then gives them too.

        None where types are the source's own: its values are what was written.
        """
        return {}

    def read(self) -> Table:
        """All rows in memory."""
        return arrow_table(self.name, self.schema(), self.batches(), self.place)


def read_table(source: Source) -> Table:
    """All rows of a source in memory.

    Raises: DataError for no columns, no rows, columns of one name, what cannot be read, or more than memory.
    """
    check_room(source)
    return source.read()


def arrow_table(
    name: str, schema: "pyarrow.Schema", batches: Iterator["pyarrow.RecordBatch"], place: Callable[[int], str]
) -> Table:
    """The table of some batches of Arrow.

    Raises: DataError for no columns, no rows, or columns of one name.
    """
    import pyarrow

    check_columns(name, schema)
    return table_of_cells(name, pyarrow.Table.from_batches(within_memory(name, batches), schema), place)


def table_of_cells(name: str, cells: "pyarrow.Table", place: Callable[[int], str]) -> Table:
    """The table of columns of Arrow, judged; ``check_columns`` has looked at their names.

    Raises: DataError for no rows.
    """
    if not cells.num_rows:
        raise DataError(f"{name} has no rows; give at least one.")
    judged = {column: arrow_column(cells[column], place) for column in cells.column_names}
    return Table.of_columns(judged, name, where=place)


def within_memory(name: str, batches: Iterator["pyarrow.RecordBatch"]) -> Iterator["pyarrow.RecordBatch"]:
    """The batches, as long as all of them together may fit into memory.

    Raises: DataError when they do not: a query may return rows without end.
    """
    held, most = 0, memory() // 12  # a fit takes six times as much, and may take half of the memory
    for batch in batches:
        held += batch.nbytes
        if held > most:
            raise DataError(
                f"{name} gives more than {most / 1e9:.3g} GB, a twelfth of the memory here; take fewer rows or "
                "columns, or let a fit keep them on disk by saying how much memory it may take."
            )
        yield batch


def check_columns(name: str, schema: "pyarrow.Schema") -> None:
    """Raise DataError unless there are columns, each with a name of its own."""
    if not schema.names:
        raise DataError(f"{name} has no columns; give at least one.")
    unnamed = [str(place) for place, column in enumerate(schema.names, 1) if not column.strip()]
    if unnamed:
        raise DataError(
            f"{name} has {words.counted(len(unnamed), 'column')} without a name ({words.listed(unnamed)}, counted "
            "from 1); give every column a name."
        )
    check_unique(schema.names, name)


def checked(schema: "pyarrow.Schema") -> "pyarrow.Schema":
    """The schema, once it is sure that its names are text, which pyarrow finds out only when they are looked at.

    Raises: ValueError, which ``damage_told`` tells.
    """
    for name in schema.names:
        name.encode()
    return schema


def check_known(name: str, known: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise DataError if a column is wanted that there is not."""
    Table(dict.fromkeys(known, _NOTHING), name).check_known(wanted)


def check_room(source: Source) -> None:
    """Raise DataError if the rows and columns that a source announces could never be held in memory."""
    if source.rows is None:
        return
    needed, there_is = source.rows * len(source.names) * _BYTES_OF_A_CELL, memory()
    if needed > there_is:
        raise DataError(
            f"{source.name} announces {source.rows} rows, for which {needed / 1e9:.0f} GB would be needed, and this "
            f"machine has {there_is / 1e9:.0f} GB; give fewer rows or columns."
        )


@contextmanager
def damage_told(place: str, cure: str = CURE) -> Iterator[None]:
    """Turn what a reader says about data that it cannot read into one sentence."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{place}: it cannot be read ({said_by(error)}); {cure}.") from None


def said_by(error: Exception) -> str:
    """What went wrong in the words of another package, on one line and without its full stop."""
    return printable((str(error).strip().splitlines() or [type(error).__name__])[0][:200]).rstrip(".;: ")


def digest(*parts: object) -> str:
    """One short text for several, different whenever one of them differs."""
    return hashlib.sha256(repr(parts).encode("utf-8", "backslashreplace")).hexdigest()


def memory() -> int:
    """The bytes of memory that the machine has, or that this process may take of it; 16 GB where nobody tells."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 34]
    with suppress(ImportError):  # not a system of the Unix family
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_AS)[0]  # ulimit -v
        found += [allowed] if allowed != resource.RLIM_INFINITY else []
    with suppress(OSError, ValueError), open(CONTROL_GROUP) as file:  # no group, or one without a limit: "max"
        found.append(int(file.read()))
    return min(found)


_NOTHING: Any = ()
