"""Batches."""

import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch
from gradloop.textbook.torch.utils import data

X, Y = torch.arange(10.0).reshape(5, 2), torch.arange(5)


def test_every_row_comes_once_and_the_last_batch_is_short():
    rows = data.TensorDataset(X, Y)
    loader = data.DataLoader(rows, batch_size=2)
    assert [y.tolist() for _, y in loader] == [[0, 1], [2, 3], [4]] and len(loader) == 3
    assert [y.tolist() for _, y in data.DataLoader(rows, 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert len(rows) == 5 and [part.tolist() for part in rows[1]] == [[2, 3], 1]
    torch.manual_seed(0)
    shuffled = [(x, y) for x, y in data.DataLoader(rows, 2, shuffle=True)]
    order = [label for _, y in shuffled for label in y.tolist()]
    assert sorted(order) == list(range(5)) and order != list(range(5))
    assert all(x[:, 0].tolist() == [2 * label for label in y.tolist()] for x, y in shuffled)


def test_the_order_follows_a_generator():
    def order(seed):
        generator = torch.Generator().manual_seed(seed)
        loader = data.DataLoader(data.TensorDataset(torch.arange(50)), 50, shuffle=True, generator=generator)
        return next(iter(loader))[0].tolist()

    assert order(1) == order(1) != order(2)


def test_data_of_ones_own():
    class Squares(data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return torch.tensor([float(index), 1.0]), index**2

    (X, y), _ = data.DataLoader(Squares(), 3, num_workers=4)
    assert X.tolist() == [[0, 1], [1, 1], [2, 1]] and y.tolist() == [0, 1, 4]


def test_wrong_input():
    with pytest.raises(TapeError, match="same number of rows"):
        data.TensorDataset(X, Y[:2])
    with pytest.raises(TapeError, match="whole number from 1"):
        data.DataLoader(data.TensorDataset(X), batch_size=0)
    for call in (lambda: data.Dataset()[0], lambda: len(data.Dataset())):
        with pytest.raises(NotImplementedError):
            call()
