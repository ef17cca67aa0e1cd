"""Types, shapes and devices."""

import numpy as np
import pytest

from gradloop.errors import TapeError
from gradloop.textbook import torch
from gradloop.textbook.torch.dtypes import BY_NUMPY, Device, Size, numpy_dtype


def test_types_print_as_there():
    assert [str(torch.zeros(1, dtype=t).dtype) for t in (torch.float64, torch.int64, torch.bool)] == [
        "torch.float64",
        "torch.int64",
        "torch.bool",
    ]
    assert repr(Size((2, 3))) == "torch.Size([2, 3])" and repr(Size(())) == "torch.Size([])"


@pytest.mark.parametrize(
    ("given", "found"), [(torch.float, "f4"), (float, "f4"), (int, "i8"), (bool, "?"), ("f8", "f8")]
)
def test_a_type_has_several_names(given, found):
    assert numpy_dtype(given) == np.dtype(found)
    assert numpy_dtype(None) is None


@pytest.mark.parametrize("wrong", ["float31", complex, "U3", object])
def test_other_types_are_refused(wrong):
    with pytest.raises(TapeError, match="choose torch.float32"):
        torch.zeros(2, dtype=wrong)


def test_numpy_takes_the_types():
    for numpys, ours in BY_NUMPY.items():
        assert np.zeros(1, ours).dtype == numpys and ours.itemsize == numpys.itemsize


def test_the_only_device_is_the_processor():
    assert torch.zeros(2).to("cpu").device == Device("cpu:0") == "cpu"
    assert {Device(): 1}[Device()] == 1
    for where in (lambda: torch.zeros(2, device="cuda"), lambda: torch.zeros(2).to("cuda"), lambda: Device("mps")):
        with pytest.raises(TapeError, match="write 'cpu'"):
            where()
