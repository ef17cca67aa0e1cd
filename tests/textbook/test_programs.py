"""The seven programs of the textbook run with only their import lines changed, and reach the known answers."""

import ast
import random
import re
from importlib.util import find_spec

import numpy as np
import pytest

import textbook_programs as programs
from gradloop.textbook import d2l, torch
from textbook_programs import run, source

NUMBERS = ("01", "02", "03", "04", "05", "06", "07")


@pytest.fixture(autouse=True)
def seeds_and_figures():
    matplotlib = pytest.importorskip("matplotlib")
    random.seed(0)
    torch.manual_seed(0)
    with matplotlib.rc_context({"backend": "agg"}):
        yield
        d2l.plt.close("all")


@pytest.fixture
def quiet_show(monkeypatch):
    monkeypatch.setattr(d2l.plt, "show", lambda: None)


def losses_printed(text):
    return [float(found) for found in re.findall(r"[Ll]oss\s*=?\s*([\d.e+-]+)", text)]


@pytest.mark.parametrize("number", NUMBERS)
def test_only_import_lines_are_changed(number):
    before, after = source(number, {}).split("\n"), source(number).split("\n")
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert all(old.startswith(("import ", "from ")) for old, _ in changed)
    assert len(changed) == {"02": 2, "04": 0, "05": 0, "06": 2}.get(number, 1)
    imports = [node for node in ast.walk(ast.parse("\n".join(after))) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("torch" in ast.unparse(node) and "gradloop" not in ast.unparse(node) for node in imports)


def test_01_parameters_model_loss_sgd():
    names = run(source("01")).names
    np_, w, b = names["np"], names["w"], names["b"]
    from gradloop.textbook.mxnet import autograd

    truth, intercept = np_.array([[1.5], [-2.5]]), 0.75
    X = np_.random.normal(0, 1, (500, 2))
    y = np_.dot(X, truth).reshape(-1) + intercept
    for _ in range(10):
        for first in range(0, 500, 10):
            with autograd.record():
                loss = names["squared_loss"](names["linreg"](X[first : first + 10], w, b), y[first : first + 10])
            loss.backward()
            names["sgd"]([w, b], 0.1, 10)
    assert np.allclose(w.asnumpy(), truth.asnumpy(), atol=1e-4) and b.item() == pytest.approx(0.75, abs=1e-4)


def test_02_linear_regression(quiet_show):
    printed, names = run(source("02"))
    assert np.allclose(names["w"].detach().numpy().ravel(), [2, -3.4], atol=0.003)
    assert names["b"].item() == pytest.approx(4.2, abs=0.003)
    assert losses_printed(printed)[-1] == pytest.approx(0.01**2 / 2, rel=0.15)  # half the variance of the noise
    assert printed.startswith("features: tensor([") and re.search(
        r"w error: tensor\(\[.*grad_fn=<SubBackward0>\)", printed
    )
    points = d2l.plt.gca().collections[0].get_offsets()
    assert np.allclose(points[:, 0], names["features"][:, 1].numpy()) and len(points) == 1000


def test_03_ohms_law():
    printed, names = run(source("03"))
    assert names["r"].item() == pytest.approx(3.3, abs=0.003) and names["b"].item() == pytest.approx(2.2, abs=0.003)
    assert losses_printed(printed)[-1] == pytest.approx(0.01**2 / 2, rel=0.15)


def test_04_exhaustive_search(quiet_show):
    printed, names = run(source("04"))
    assert names["w_list"][int(np.argmin(names["mse_list"]))] == pytest.approx(2) and printed.count("MSE=") == 41
    line = d2l.plt.gca().lines[0]
    assert np.allclose(line.get_ydata(), 14 / 3 * (np.asarray(line.get_xdata()) - 2) ** 2)  # mean of x² is 14/3


def test_05_gradient_descent(quiet_show):
    printed, names = run(source("05"))
    shrink = 1 - 0.01 * 2 * 14 / 3  # what is left of the distance to 2 after a step
    assert names["w"] == pytest.approx(2 - shrink**100, rel=1e-12)
    assert float(printed.split()[-1]) == pytest.approx(8, abs=3e-4)
    assert np.allclose(d2l.plt.gca().lines[0].get_ydata(), 14 / 3 * shrink ** (2 * np.arange(100)))


def test_06_house_prices():
    printed, names = run(source("06"))
    assert np.allclose(names["w"].asnumpy().ravel(), [2, -3.5], atol=0.003)
    assert names["b"].asscalar() == pytest.approx(3.7, abs=0.003)
    assert losses_printed(printed)[-1] == pytest.approx(0.01**2 / 2, rel=0.1) and "<NDArray 2x1 @cpu(0)>" in printed


def test_07_line():
    printed, names = run(source("07"))
    least_squares = np.linalg.lstsq(
        np.column_stack([names["x"].numpy(), np.ones(100)]), names["y"].numpy().ravel(), rcond=None
    )[0]
    assert [names["w"].item(), names["b"].item()] == pytest.approx(least_squares, abs=1e-4)
    assert [names["w"].item(), names["b"].item()] == pytest.approx([3, 2], abs=0.05)
    assert len(losses_printed(printed)) == 10


# ---- the same numbers as PyTorch ------------------------------------------------------------------------------


def draws(seed, made):
    """torch.normal and torch.randn whose numbers are NumPy's, for either library."""
    numbers = np.random.default_rng(seed)

    def normal(mean, std, size, requires_grad=False):
        x = made((numbers.standard_normal(tuple(size)) * std + mean).astype(np.float32))
        return x.requires_grad_() if requires_grad else x

    return {
        "normal": normal,
        "randn": lambda *size, requires_grad=False: normal(0, 1, size, requires_grad),
    }


@pytest.mark.parametrize("number", ["02", "03", "07"])
def test_losses_and_gradients_are_pytorchs(number, monkeypatch):
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed: pip install torch runs the programs on both")
    import torch as pytorch

    found = []
    for library, lines in ((torch, None), (pytorch, {**programs.LINES, "import torch": "import torch"})):
        for name, function in draws(3, library.from_numpy).items():
            monkeypatch.setattr(library, name, function)
        random.seed(5)
        printed, names = run(source(number, lines))
        w, b = names["r" if number == "03" else "w"], names["b"]
        if number == "07":
            loss = ((names["x"] * w + b - names["y"]) ** 2).mean()
        else:
            loss = names["loss"](names["net"](names["features"], w, b), names["labels"]).sum()
        w.grad.zero_(), b.grad.zero_()
        loss.backward()
        numbers = [w.detach().numpy(), b.detach().numpy(), w.grad.numpy(), b.grad.numpy()]
        found.append((losses_printed(printed), numbers, re.sub(r"[-\d.e]+", "#", printed)))
    (ours, our_numbers, our_text), (theirs, their_numbers, their_text) = found
    assert ours and np.allclose(ours, theirs, rtol=2e-4)
    for mine, other in zip(our_numbers, their_numbers, strict=True):
        assert np.allclose(mine, other, rtol=1e-4, atol=2e-3 if number != "07" else 1e-5)
    assert our_text.split() == their_text.split()
