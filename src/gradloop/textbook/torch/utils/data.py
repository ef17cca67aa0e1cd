"""Examples, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradloop.errors import TapeError
from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch import functions
from gradloop.textbook.torch.creation import randperm, tensor
from gradloop.textbook.torch.random import Generator
from gradloop.textbook.torch.tensors import Tensor

__all__ = ["DataLoader", "Dataset", "TensorDataset"]


class Dataset:
    """Examples by number: write ``__getitem__`` and ``__len__`` in one of your own."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__(), which gives one example.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__(), the number of examples.")


class TensorDataset(Dataset):
    """Tensors of the same length; an example is one row of each."""

    def __init__(self, *tensors: Tensor) -> None:
        if len({len(each) for each in tensors}) != 1:
            lengths = ", ".join(str(len(each)) for each in tensors)
            raise TapeError(f"The tensors must have the same number of rows, but have {lengths or 'none'}.")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(each[index] for each in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class DataLoader:
    """Batches of examples; the last one is short where the batch size does not divide their number.

    num_workers is accepted as programs give it: examples are in memory, so this process fetches them.

    >>> rows = TensorDataset(tensor([[1.0], [2.0], [3.0]]), tensor([0, 1, 0]))
    >>> [len(y) for X, y in DataLoader(rows, batch_size=2)]
    [2, 1]
    """

    def __init__(
        self, dataset: Any, batch_size: int = 1, shuffle: bool = False, num_workers: int = 0, drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise TapeError(f"batch_size is {batch_size!r}, but it must be a whole number from 1.")
        self.dataset, self.batch_size, self.num_workers = dataset, batch_size, num_workers
        self.shuffle, self.drop_last, self.generator = shuffle, drop_last, generator

    def __len__(self) -> int:
        rows = len(self.dataset)
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        rows = len(self.dataset)
        order = randperm(rows, generator=self.generator).value if self.shuffle else np.arange(rows)
        for batch in range(len(self)):
            chosen = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            if isinstance(self.dataset, TensorDataset):
                yield list(self.dataset[chosen])
            else:
                yield together([self.dataset[int(row)] for row in chosen])


def together(examples: list[Any]) -> Any:
    """Examples as one batch: tuples by place, tensors and numbers along a new first axis."""
    first = examples[0]
    if isinstance(first, tuple | list):
        return [together(list(column)) for column in zip(*examples, strict=True)]
    return functions.stack(examples) if isinstance(first, Tensor) else tensor(examples)


__getattr__ = _uncovered("torch.utils.data", lambda: __all__)
