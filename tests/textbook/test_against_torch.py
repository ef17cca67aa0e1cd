"""Where PyTorch is installed: the same tensors are printed the same, and the same expressions give the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradloop.textbook import torch

pytorch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch compares with the original")

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9) | st.sampled_from(
    [(1001,), (1000,), (40, 30), (3, 400), (11, 12, 10)]
)
SCALES = st.sampled_from([1e-12, 1e-5, 1e-3, 1.0, 100.0, 1e5, 1e9])
TYPES = st.sampled_from(["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])


@st.composite
def values(draw):
    """Numbers of all kinds: of one size, of many sizes, whole ones, and those that are no numbers."""
    shape, dtype = draw(SHAPES), draw(TYPES)
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    found = numbers.normal(size=shape) * draw(SCALES)
    if draw(st.booleans()):
        found = np.round(found)
    if draw(st.booleans()):
        found = found * 10.0 ** numbers.integers(-3, 4, shape)
    if draw(st.integers(0, 4)) == 0:
        found = np.where(numbers.random(shape) < 0.3, numbers.choice([0, np.nan, np.inf, -np.inf], shape), found)
    if dtype[0] in "iub":
        found = np.clip(
            np.nan_to_num(found), 0 if dtype == "uint8" else -(2**31), 255 if dtype == "uint8" else 2**31 - 1
        )
    with np.errstate(over="ignore"):
        return np.asarray(found).astype(dtype)


@given(values(), st.booleans())
@settings(max_examples=400, deadline=None)
def test_printed_forms(numbers, marked):
    ours, theirs = torch.from_numpy(numbers.copy()), pytorch.from_numpy(numbers.copy())
    if marked and numbers.dtype.kind == "f":
        ours.requires_grad_(), theirs.requires_grad_()
    assert repr(ours) == repr(theirs) and str(ours) == str(theirs) and str(ours.shape) == str(theirs.shape)


X = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)
EXPRESSIONS = """
x+1 | 1+x | x-1 | 1-x | x*2 | x/2 | 2/x | x**2 | 2**x | x**x | x@x.t() | x@x[0] | x[0]@x[0] | -x | abs(x) | x.sum()
x.sum(1) | x.sum(dim=0,keepdim=True) | x.mean() | x.mean(1) | x.mean(0,keepdim=True) | x.var() | x.std(1) | x.exp()
x.log() | x.sqrt() | x.sin() | x.sigmoid() | x.tanh() | x.relu() | x.clamp(2,4) | x.pow(2) | x.square() | x.softmax(1)
x.log_softmax(1) | x.logsumexp(1) | x.max() | x.max(1) | x.min(dim=0) | x.argmax() | x.argmax(1) | x.norm() | x.T
x.t() | x.reshape(3,2) | x.reshape(-1) | x.view(6) | x.flatten() | x.unsqueeze(0) | x.unsqueeze(0).squeeze()
x.unsqueeze(0).squeeze(0) | x.expand(2,2,3) | x.transpose(0,1) | x.clone() | x.double() | x.int() | x.long()**2
x.detach() | x[0] | x[:,1] | x[0,1] | x[[0,1]] | x[[0,1],[1,2]] | x[0:1] | x[x>2] | x==1 | x>2 | (x>2).sum()
x.bool() | x.shape | x.size() | x.size(0) | x.dim() | x.numel() | x.dtype | x.device | x.type() | x.is_leaf
(x*2).is_leaf | x.grad | x.sum().item() | f"{x.sum()}" | f"{x}" | "{:.3f}".format(x.sum()) | len(x) | x.requires_grad
bool(x.sum()>3) | x.tolist() | M.cat([x,x]) | M.stack([x,x]) | M.where(x>2,x,x*0) | M.maximum(x,x*2)
M.matmul(x,x[0]) | M.mm(x,x.t()) | M.exp(x) | M.tensor([1,2.5]) | M.tensor([1,2]) | M.tensor([True,False])
M.tensor(3) | M.tensor(3.) | M.tensor([]) | M.zeros(0,3) | M.arange(3) | M.arange(0,1,.25) | M.linspace(0,1,5)
M.eye(2) | M.full((2,),3) | M.full((2,),3.) | M.ones(2,dtype=M.float64) | M.zeros(size=(2,1),requires_grad=True)
M.arange(4)/2 | M.arange(4)//2 | M.arange(4)%3 | M.arange(4)+0.5 | M.arange(4).sum() | M.tensor([1,2])*2.5
M.allclose(x,x) | M.equal(x,x) | M.float32 | M.tensor([2,-3.4])-x.detach()[0,:2] | M.randn(2,3).shape
F.mse_loss(x,x*2) | F.l1_loss(x,x*2) | F.huber_loss(x,x*3) | F.cross_entropy(x,M.tensor([0,1])) | F.linear(x,x)
F.one_hot(M.tensor([0,2])) | F.relu(x).sum() | M.nn.Linear(2,1) | M.nn.MSELoss() | M.nn.CrossEntropyLoss()
M.nn.Sequential(M.nn.Flatten(),M.nn.Linear(4,3),M.nn.ReLU())
"""


@pytest.mark.parametrize(
    "text", [part.strip() for line in EXPRESSIONS.strip().split("\n") for part in line.split(" | ")]
)
def test_expressions(text):
    found = []
    for library in (torch, pytorch):
        x = library.from_numpy(X.copy()).requires_grad_()
        result = eval(text, {"M": library, "F": library.nn.functional, "x": x})
        found.append(str(result))
        if getattr(result, "requires_grad", False) and result is not x:
            weight = library.from_numpy(np.linspace(0.5, 2, result.numel()).reshape(tuple(result.shape)))
            (result * weight).sum().backward()
            found.append(np.zeros(1) if x.grad is None else x.grad.numpy())
    if len(found) == 4:
        assert np.allclose(found[1], found[3], rtol=1e-5, atol=1e-6)
        del found[3], found[1]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["SGD", "SGD with momentum", "SGD with decay", "Adam"])
def test_optimizers_walk_the_same_path(name):
    options = {"SGD with momentum": {"momentum": 0.9}, "SGD with decay": {"weight_decay": 0.1}}.get(name, {})
    found = []
    for library in (torch, pytorch):
        w = library.from_numpy(X.copy()).requires_grad_()
        trainer = getattr(library.optim, name.split()[0])([w], lr=0.01, **options)
        for _ in range(20):
            trainer.zero_grad()
            ((w - 1) ** 2 * w).mean().backward()
            trainer.step()
        found.append(w.detach().numpy())
    assert np.allclose(*found, rtol=1e-5)
