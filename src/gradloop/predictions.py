"""Predictions for tables of any size: batch by batch, reading only the columns that the model needs."""

from collections.abc import Iterable, Iterator
from typing import Any

from gradloop.data import words
from gradloop.data.ahead import ahead
from gradloop.data.arrow import plain_values
from gradloop.data.remarks import Remarks
from gradloop.data.sources import Source
from gradloop.data.sources.source import check_known
from gradloop.data.sources.tables import Piece, pieces
from gradloop.data.table import Table
from gradloop.errors import DataError, OptionError
from gradloop.inference import Fit, gives_probabilities, tells_classes
from gradloop.intervals import check_level, known_errors

PROBABILITY = "probability of "
OWN = ("prediction", "lower", "upper", "mean lower", "mean upper")  # columns with names of ours
Columns = dict[str, Any]  # arrays, of NumPy or of Arrow


class Predictions:
    """The predictions of a fit for the rows of a source.

    Args: probability, for a column per class with its probability, in place of the likeliest class; level, for the
    ends of intervals of this level, as `Fit.predict_interval` tells them.

    keep, for columns of the source that stand before the predictions, as they are.

    Raises: DataError for a fit to arrays and for columns that the source lacks; OptionError for what the model cannot
    tell.
    """

    def __init__(
        self,
        fit: Fit,
        source: Source,
        probability: bool = False,
        level: float | None = None,
        keep: Iterable[str] = (),
    ) -> None:
        if fit.preparation is None:
            raise DataError("This model was fitted to arrays, which have no column names; predict in Python, from X.")
        if probability and not gives_probabilities(fit.loss):
            fit.predict_probability({})  # says why there is none
        if level is not None and tells_classes(fit.loss) and not probability:
            raise OptionError("A class has no interval, and its probability has; ask for that too: --probability.")
        if level is not None:
            check_level(level)
            known_errors(fit)
        self.fit, self.source, self.probability, self.level = fit, source, probability, level
        self.keep = tuple(dict.fromkeys(keep))
        for name in self.keep:
            if name in OWN or name.startswith(PROBABILITY):
                raise OptionError(f"{words.name(name)} is what predictions are called; rename the column to keep it.")
        self._names = source.schema().names
        self._needed = fit.preparation.needed(source.name, self._names)
        check_known(source.name, self._names, self.keep)
        self._written = source.as_written(self.keep)
        self.found = Remarks(fit.preparation)

    def batches(self) -> Iterator[Columns]:
        """The columns of predictions for some rows after the other.

        Raises: DataError for rows that do not fit the model.
        """
        found = False
        for columns in self.some():
            found = True
            yield columns
        if not found:
            raise DataError(f"{self.source.name} has no rows; give at least one.")

    def some(self) -> Iterator[Columns]:
        """The same, also of no rows."""
        columns = [self._written.get(name, name) for name in self.keep]
        for found, remarks in ahead(self._answer, pieces(self.source, [*self._needed, *columns])):
            self.found.combine(remarks)
            yield found

    def unused(self) -> tuple[str, ...]:
        """What there is to say before the first row: columns that the model does not use."""
        return self.found.unused(self.source.name, [name for name in self._names if name not in self.keep])

    def remarks(self) -> tuple[str, ...]:
        """What there is to say of the rows that were predicted: texts not seen in training, cells without a value."""
        return self.found.replacements(self.source.name)

    def _answer(self, piece: Piece) -> tuple[Columns, Remarks]:
        """What is written of some rows, and what is to be said of them."""
        table, remarks = piece.table(self._needed), Remarks(self.found.preparation)
        remarks.add(table)
        return self._beside(piece.cells, self._of(table)), remarks

    def _beside(self, kept: Any, found: Columns) -> Columns:
        """Columns that are kept, as the file or the frame has them, and the predictions."""
        return {name: _lasting(plain_values(kept[self._written.get(name, name)])) for name in self.keep} | found

    def _of(self, table: Table) -> Columns:
        found = self._probabilities(table) if self.probability else {"prediction": self.fit.predict(table)}
        return found if self.level is None else found | self.fit.predict_interval(table, self.level)

    def _probabilities(self, table: Table) -> Columns:
        found = self.fit.predict_probability(table)
        classes = self.fit.classes or range(found.shape[1])
        return {f"{PROBABILITY}{name}": found[:, place] for place, name in enumerate(classes)}


def _lasting(cells: Any) -> Any:
    """Cells in a type that has a name in files: where no cell has a value, text."""
    return cells.cast("string") if str(cells.type) == "null" else cells
