"""What is to be said of a table that a model is applied to: what it does not use, and what it takes for something."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gradloop.data import words
from gradloop.data.missing import lacking_cells
from gradloop.data.table import Table

if TYPE_CHECKING:
    from gradloop.data.preparation import Preparation


class Remarks:
    """Sentences about a table, which may be seen batch by batch.

    >>> from gradloop.data import Preparation
    >>> houses = Table.from_columns({"area": [50, 80, 95], "price": [1, 2, 4]})
    >>> found = Remarks(Preparation.learn(houses, "price"))
    >>> found.add(houses)
    >>> found.sentences("houses.csv", ["area", "price", "street"])
    ("houses.csv: the model does not use column 'street'.",)
    """

    def __init__(self, preparation: "Preparation") -> None:
        self.preparation = preparation
        self.rows = 0
        self._lacking: Counter[str] = Counter()
        self._unseen: dict[str, Counter[str]] = {}

    def add(self, table: Table) -> None:
        """Take some rows into account."""
        self.rows += table.rows
        rules, used = self.preparation, self.preparation.used
        if rules.missing in ("mean", "indicator"):
            absent = {feature.name: table.missing.get(feature.name) for feature in used}
            self._lacking.update({name: int(mask.sum()) for name, mask in absent.items() if mask is not None})
        for feature in used:
            if feature.kind == "text" and (feature.pooled or rules.unseen == "other"):
                self._add_unseen(feature.name, feature.unseen(table))

    def combine(self, other: "Remarks") -> None:
        """Take into account what another has, too."""
        self.rows += other.rows
        self._lacking.update(other._lacking)
        for name, counts in other._unseen.items():
            self._add_unseen(name, counts)

    def sentences(self, source: str, names: Iterable[str]) -> tuple[str, ...]:
        """What is to be said of columns of these names, and of all rows seen."""
        return (*self.unused(source, names), *self.replacements(source))

    def unused(self, source: str, names: Iterable[str]) -> tuple[str, ...]:
        """What is to be said of columns of these names, which is known before any row is read."""
        known = {self.preparation.target_name, *(feature.name for feature in self.preparation.used)}
        extra = [name for name in names if name not in known]
        return (f"{source}: the model does not use {words.columns(extra)}.",) if extra else ()

    def replacements(self, source: str) -> tuple[str, ...]:
        """What is to be said of all rows seen."""
        return tuple(f"{source}: {sentence}" for sentence in self._replaced())

    def _add_unseen(self, name: str, counts: Mapping[str, int]) -> None:
        """Count the rows of texts, of which the first few are remembered."""
        found = self._unseen.setdefault(name, Counter())
        for text, count in counts.items():
            found[text if text in found or len(found) < words.MOST else ""] += count

    def _replaced(self) -> Iterator[str]:
        if self._lacking:
            yield f"{lacking_cells(self._lacking)}, and the mean of the training rows was taken."
        pooled = {feature.name for feature in self.preparation.used if feature.pooled}
        for name, found in self._unseen.items():
            if found:
                rows, first = words.counted(found.total(), "row"), words.value(next(iter(found)))
                what = 'that are "other"' if name in pooled else "not seen in training"
                yield f"column {words.name(name)} holds texts {what} in {rows}, such as {first}."
