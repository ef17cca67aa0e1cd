"""First values."""

import math

from gradloop.textbook import torch
from gradloop.textbook.torch.nn import init


def test_first_values_are_set_in_place_without_a_record():
    torch.manual_seed(0)
    w = torch.zeros(200, 100, requires_grad=True)
    assert init.normal_(w, std=0.01) is w and abs(w.std().item() - 0.01) < 1e-3 and w.is_leaf and w.requires_grad
    assert abs(init.normal_(w, 3.0, 0.5).mean().item() - 3) < 0.02
    assert init.uniform_(w, 2, 3).min().item() >= 2 and w.max().item() <= 3
    assert set(init.constant_(w, 4).flatten().tolist()) == {4}
    assert init.zeros_(w).sum().item() == 0 and init.ones_(w).mean().item() == 1
    reach = math.sqrt(6 / 300)
    assert reach * 0.95 < init.xavier_uniform_(w).max().item() <= reach
