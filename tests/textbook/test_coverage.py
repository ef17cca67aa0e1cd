"""Names that are not covered are answered with a sentence, everywhere."""

import importlib

import pytest

from gradloop.textbook import d2l, mxnet, torch
from gradloop.textbook.coverage import sentence, uncovered

PARTS = [
    (torch, "torch"),
    (torch.nn, "torch.nn"),
    (torch.nn.functional, "torch.nn.functional"),
    (torch.nn.init, "torch.nn.init"),
    (torch.optim, "torch.optim"),
    (torch.utils, "torch.utils"),
    (torch.utils.data, "torch.utils.data"),
    (torch.zeros(2), "torch.Tensor"),
    (mxnet, "mxnet"),
    (mxnet.nd, "mxnet.nd"),
    (mxnet.np, "mxnet.np"),
    (mxnet.npx, "mxnet.npx"),
    (mxnet.autograd, "mxnet.autograd"),
    (mxnet.np.random, "mxnet.np.random"),
    (mxnet.nd.random, "mxnet.nd.random"),
    (mxnet.nd.zeros(2), "mxnet.nd.NDArray"),
    (mxnet.np.zeros(2), "mxnet.np.ndarray"),
    (d2l, "d2l"),
]


@pytest.mark.parametrize(("part", "name"), PARTS, ids=[name for _, name in PARTS])
def test_each_part_says_what_it_does_not_cover(part, name):
    with pytest.raises(AttributeError, match=f"^{name}.conv7d is not covered by gradloop.textbook.*dir\\({name}\\)"):
        part.conv7d  # noqa: B018


@pytest.mark.parametrize(("part", "name"), PARTS, ids=[name for _, name in PARTS])
def test_what_dir_lists_is_there(part, name):
    for public in (found for found in dir(part) if not found.startswith("_")):
        if (name, public) not in (("d2l", "plt"), ("torch.Tensor", "T")):
            getattr(part, public)


def test_a_near_name_is_proposed():
    with pytest.raises(AttributeError, match="did you mean matmul"):
        torch.matmull  # noqa: B018
    assert "did you mean" not in sentence("torch", "qqqq", ["matmul"])


def test_machines_that_ask_for_inner_names_get_a_plain_answer():
    with pytest.raises(AttributeError, match="^__wrapped__$"):
        uncovered("torch", lambda: [])("__wrapped__")
    assert not hasattr(torch.zeros(2), "__cuda_array_interface__")


def test_from_import_of_a_missing_name_is_an_import_error():
    with pytest.raises(ImportError, match="conv2d"):
        exec("from gradloop.textbook.torch import conv2d")


@pytest.mark.parametrize("name", ["torch.nn", "torch.utils.data", "torch.optim", "mxnet.nd", "d2l"])
def test_parts_are_modules_that_can_be_imported(name):
    importlib.import_module(f"gradloop.textbook.{name}")


def test_the_books_own_import_lines_work_behind_the_prefix():
    names = {}
    for line in (
        "from gradloop.textbook.d2l import torch as d2l",
        "from gradloop.textbook.torch import nn",
        "from gradloop.textbook.torch.utils import data",
        "import gradloop.textbook.torch.nn.functional as F",
        "from gradloop.textbook.mxnet import autograd, np, npx",
        "from gradloop.textbook import mxnet as mx",
    ):
        exec(line, names)
    assert names["d2l"] is d2l and names["nn"].Linear and names["data"].DataLoader and names["F"].relu
    assert names["mx"].nd.array([1]).sum().asscalar() == 1
