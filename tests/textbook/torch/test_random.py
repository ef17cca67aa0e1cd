"""Seeds."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch
from gradloop.textbook.torch.random import draw_normal, draw_uniform


def test_the_same_seed_gives_the_same_numbers():
    torch.manual_seed(7)
    first = torch.randn(5)
    torch.manual_seed(7)
    assert torch.equal(first, torch.randn(5)) and not torch.equal(first, torch.randn(5))
    assert torch.initial_seed() == 7
    torch.manual_seed(-1)


def test_a_generator_of_ones_own_disturbs_no_other():
    torch.manual_seed(7)
    first = torch.randn(3)
    own = torch.Generator().manual_seed(3)
    torch.manual_seed(7)
    drawn = torch.rand(4, generator=own)
    assert torch.equal(first, torch.randn(3)) and torch.equal(drawn, torch.rand(4, generator=own.manual_seed(3)))


def test_draws_have_the_moments_that_were_asked_for():
    torch.manual_seed(0)
    x = draw_normal((100_000,), 2.0, 3.0, np.float32)
    assert x.dtype == np.float32 and abs(x.mean() - 2) < 0.04 and abs(x.std() - 3) < 0.03
    u = draw_uniform((100_000,), -1, 3, np.float64)
    assert abs(u.mean() - 1) < 0.02 and u.min() >= -1 and u.max() < 3


def test_wrong_seeds_and_deviations():
    with pytest.raises(TapeError, match="whole number"):
        torch.manual_seed("a")
    with pytest.raises(TapeError, match="from 0"):
        torch.normal(0, -1, (2,))
