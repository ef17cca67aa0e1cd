"""The printed form by its rules; test_against_torch.py compares thousands of tensors with PyTorch's own."""

import numpy as np
import pytest

from gradloop.textbook.torch.printing import as_text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.float32(0.1), "tensor(0.1000)"),
        (3, "tensor(3)"),
        ([1.0, 2.0], "tensor([1., 2.])"),
        ([0.1234, -1.23456], "tensor([ 0.1234, -1.2346])"),
        ([True, False], "tensor([ True, False])"),
        ([1, -20], "tensor([  1, -20])"),
        ([1.0, np.nan, -np.inf], "tensor([1., nan, -inf])"),
        ([0.5, 1000.0], "tensor([5.0000e-01, 1.0000e+03])"),
        ([1e-5, 2.5e-5], "tensor([1.0000e-05, 2.5000e-05])"),
        ([2e8, 3e8], "tensor([2.0000e+08, 3.0000e+08])"),
        ([0.0, 0.0], "tensor([0., 0.])"),
        ([], "tensor([])"),
        ([[1, 2], [3, 4]], "tensor([[1, 2],\n        [3, 4]])"),
        ([[[1]], [[2]]], "tensor([[[1]],\n\n        [[2]]])"),
    ],
)
def test_rules(values, text):
    assert as_text(np.array(values)) == text


def test_long_lines_are_broken_before_eighty_letters():
    lines = as_text(np.arange(100)).split("\n")
    assert max(map(len, lines)) <= 80 and {line[:8] for line in lines[1:]} == {" " * 8}
    assert np.array_equal(eval("".join(lines), {"tensor": np.array}), np.arange(100))


def test_many_numbers_are_shortened():
    assert as_text(np.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    lines = as_text(np.ones((500, 10))).split("\n")
    assert len(lines) == 7 and lines[3].strip() == "...," and lines[0].count("1.") == 6


def test_a_remark_that_does_not_fit_gets_its_own_line():
    assert as_text(np.ones(3), ["requires_grad=True"]).endswith("1.], requires_grad=True)")
    values = np.full(17, 10)
    assert as_text(values, ["requires_grad=True"]).split("\n")[-1] == "       requires_grad=True)"
