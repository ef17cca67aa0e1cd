"""PyTorch's functions: values by algebra, derivatives by differences, and the same on tracers."""

import numpy as np
import pytest

from gradloop.core.evaluate import evaluate
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.errors import TapeError
from gradloop.textbook import torch
from gradloop.textbook.torch import functions

RANDOM = np.random.default_rng(0)
A, B = RANDOM.uniform(0.5, 2, (3, 4)), RANDOM.uniform(0.5, 2, (3, 4))

# function, inputs, what NumPy says
CASES = {
    "matmul": (torch.matmul, (A, B.T), A @ B.T),
    "matmul vector": (torch.matmul, (A, B[0]), A @ B[0]),
    "mm": (torch.mm, (A, B.T), A @ B.T),
    "mv": (torch.mv, (A, B[0]), A @ B[0]),
    "dot": (torch.dot, (A[0], B[0]), A[0] @ B[0]),
    "exp": (torch.exp, (A,), np.exp(A)),
    "log": (torch.log, (A,), np.log(A)),
    "sqrt": (torch.sqrt, (A,), np.sqrt(A)),
    "abs": (torch.abs, (-A,), A),
    "square": (torch.square, (A,), A * A),
    "pow": (lambda x: torch.pow(x, 3), (A,), A**3),
    "sin": (torch.sin, (A,), np.sin(A)),
    "cos": (torch.cos, (A,), np.cos(A)),
    "sigmoid": (torch.sigmoid, (A,), 1 / (1 + np.exp(-A))),
    "tanh": (torch.tanh, (A,), np.tanh(A)),
    "relu": (lambda x: torch.relu(x - 1), (A,), np.maximum(A - 1, 0)),
    "clamp": (lambda x: torch.clamp(x, 0.8, 1.5), (A,), np.clip(A, 0.8, 1.5)),
    "clamp from below": (lambda x: torch.clamp(x, min=0.8), (A,), np.maximum(A, 0.8)),
    "where": (lambda x, y: torch.where(x > y, x, y), (A, B), np.maximum(A, B)),
    "maximum": (torch.maximum, (A, B), np.maximum(A, B)),
    "minimum": (torch.minimum, (A, B), np.minimum(A, B)),
    "sum": (torch.sum, (A,), A.sum()),
    "sum of rows": (lambda x: torch.sum(x, 1, keepdim=True), (A,), A.sum(1, keepdims=True)),
    "sum of several": (lambda x: torch.sum(x, [0, 1]), (A,), A.sum()),
    "mean": (torch.mean, (A,), A.mean()),
    "mean of columns": (lambda x: torch.mean(x, dim=0), (A,), A.mean(0)),
    "mean by NumPy's word": (lambda x: torch.mean(x, axis=0, keepdims=True), (A,), A.mean(0, keepdims=True)),
    "var": (torch.var, (A,), A.var(ddof=1)),
    "var of rows": (lambda x: torch.var(x, 1), (A,), A.var(1, ddof=1)),
    "std": (lambda x: torch.std(x, correction=0), (A,), A.std()),
    "norm": (torch.norm, (A,), np.sqrt((A * A).sum())),
    "max": (torch.max, (A,), A.max()),
    "min": (torch.min, (A,), A.min()),
    "logsumexp": (lambda x: torch.logsumexp(x, 1), (A,), np.log(np.exp(A).sum(1))),
    "logsumexp kept": (lambda x: torch.logsumexp(x, -1, keepdim=True), (A,), np.log(np.exp(A).sum(1, keepdims=True))),
    "softmax": (lambda x: torch.softmax(x, 1), (A,), np.exp(A) / np.exp(A).sum(1, keepdims=True)),
    "log_softmax": (lambda x: torch.log_softmax(x, 0), (A,), A - np.log(np.exp(A).sum(0))),
    "reshape": (lambda x: torch.reshape(x, (4, 3)), (A,), A.reshape(4, 3)),
    "transpose": (lambda x: torch.transpose(x, 0, 1), (A,), A.T),
    "t": (torch.t, (A,), A.T),
    "unsqueeze": (lambda x: torch.unsqueeze(x, 1), (A,), A[:, None]),
    "squeeze": (lambda x: torch.squeeze(torch.unsqueeze(x, 0)), (A,), A),
    "squeeze one": (lambda x: torch.squeeze(torch.unsqueeze(x, -1), 0), (A,), A[..., None]),
    "cat": (lambda x, y: torch.cat([x, y], 1), (A, B), np.concatenate([A, B], 1)),
    "stack": (lambda x, y: torch.stack((x, y), 1), (A, B), np.stack([A, B], 1)),
    "linreg": (lambda x, y: torch.matmul(x, y[0].reshape((-1, 1))) + 4.2, (A, B), (A @ B[0] + 4.2).reshape(-1, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_value(name):
    function, inputs, expected = CASES[name]
    found = function(*(torch.tensor(x) for x in inputs))
    assert found.dtype is torch.float64 and tuple(found.shape) == np.shape(expected)
    assert np.allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_derivative_by_differences(name):
    function, inputs, expected = CASES[name]
    weight = RANDOM.normal(size=np.shape(expected))

    def number(*values):
        return (function(*values) * torch.tensor(weight)).sum()

    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    number(*tensors).backward()
    for place, x in enumerate(inputs):
        direction = RANDOM.normal(size=x.shape)

        def along(h, place=place, x=x, direction=direction):
            moved = [x + h * direction if i == place else other for i, other in enumerate(inputs)]
            return number(*map(torch.tensor, moved)).item()

        slope = (along(1e-5) - along(-1e-5)) / 2e-5
        assert (tensors[place].grad.numpy() * direction).sum() == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_on_tracers(name):
    function, inputs, expected = CASES[name]
    if name == "stack":
        inputs, expected = (A[0], B[0]), np.stack([A[0], B[0]], 1)
    graph = trace(function, {f"x{i}": Spec(x.shape, FLOAT64) for i, x in enumerate(inputs)})
    assert np.allclose(evaluate(graph, {f"x{i}": x for i, x in enumerate(inputs)})[0], expected, rtol=1e-12)


def test_largest_and_where():
    x = torch.tensor([[1.0, 5.0, 5.0], [7.0, 2.0, 3.0]], requires_grad=True)
    values, indices = x.max(dim=1)
    assert values.tolist() == [5, 7] and indices.tolist() == [1, 0] and indices.dtype is torch.int64
    values.sum().backward()
    assert x.grad.tolist() == [[0, 1, 0], [1, 0, 0]]  # of equal ones, the one that the index names
    assert x.min(0, keepdim=True).values.shape == (1, 3) and x.min(1).indices.tolist() == [0, 1]
    assert x.argmax().item() == 3 and x.argmin(dim=0).tolist() == [0, 1, 1]
    assert torch.max(x, torch.tensor(4.0)).min().item() == 4 and torch.min(x, torch.tensor(4.0)).max().item() == 4
    assert repr(x.min(1)).startswith("torch.return_types.min(\nvalues=tensor([1., 2.]")
    assert repr(x.max(1)).startswith("torch.return_types.max(\nvalues=tensor([5., 7.]")


def test_corners_have_the_derivative_of_there():
    x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
    torch.relu(x).sum().backward()
    assert x.grad.tolist() == [0, 1, 1]
    x.grad.zero_()
    torch.clamp(x, 1, 2).sum().backward()
    assert x.grad.tolist() == [0, 1, 1]


def test_comparisons():
    x = torch.tensor([1.0, np.nan])
    assert torch.equal(x[:1], torch.ones(1)) and not torch.equal(x, x)
    assert torch.allclose(x, x, equal_nan=True) and not torch.allclose(x, x)
    assert torch.isnan(x).tolist() == [False, True] and torch.isfinite(x).tolist() == [True, False]
    assert torch.eq(x, 1).tolist() == [True, False] and torch.sign(-x[0]).item() == -1
    assert torch.numel(x) == 2 and torch.is_tensor(x) and not torch.is_tensor(3)


def test_sums_of_truths_and_types():
    assert (torch.arange(4) > 1).sum().item() == 2
    assert torch.arange(4).sum().dtype is torch.int64
    assert torch.sum(torch.arange(4), dtype=torch.float32).dtype is torch.float32
    assert torch.mean(torch.arange(4), dtype=torch.float64).item() == 1.5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: torch.mm(torch.ones(2), torch.ones(2)), "torch.mm takes a matrix and a matrix.*torch.matmul"),
        (lambda: torch.mv(torch.ones(2, 2), torch.ones(2, 2)), "takes a matrix and a vector"),
        (lambda: torch.dot(torch.ones(2, 2), torch.ones(2)), "takes a vector and a vector"),
        (lambda: torch.arange(3).mean(), "x.float"),
        (lambda: torch.clamp(torch.ones(2)), "min, max or both"),
        (lambda: torch.zeros(2, 2, 2).t(), "transpose"),
        (lambda: torch.ones(2, 3) @ torch.ones(2), "shape"),
    ],
)
def test_wrong_input(call, sentence):
    with pytest.raises(TapeError, match=sentence):
        call()


@pytest.mark.parametrize(
    "function", [torch.softmax, torch.logsumexp, torch.squeeze, torch.unsqueeze, torch.max, torch.min]
)
def test_an_axis_that_is_not_there(function):
    with pytest.raises(IndexError, match="axis 7"):
        function(torch.ones(2, 3), 7)


def test_given_takes_either_word():
    assert functions.given(1, None) == functions.given(None, 1) == 1 and functions.given([0, 1], None) == (0, 1)
