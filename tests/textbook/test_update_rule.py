"""A book's functions, handed to gl.fit, walk the same path as the book's own loop on the tape."""

import numpy as np
import pytest

import gradloop as gl
from gradloop.errors import ModelError, OptionError, TapeError, TracingError
from gradloop.textbook import as_optimizer, d2l, torch
from gradloop.textbook.mxnet import autograd, nd

ROWS, BATCH, EPOCHS, RATE = 60, 10, 4, 0.05
X, Y = gl.data.synthetic_data(w=[2, -3.4], b=4.2, rows=ROWS, noise=0.1, seed=0)
START = {"w": np.array([[0.5], [-0.5]]), "b": np.array([0.25])}


def linreg(X, w, b):
    return torch.matmul(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def torch_sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


def whole_sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size


def data_sgd(params, lr, batch_size):
    for param in params:
        param.data.sub_(lr * param.grad / batch_size)
        param.grad.data.zero_()


def assigned_sgd(params, lr, batch_size):
    for param in params:
        param.data = param.data + -1 * (lr * param.grad / batch_size)


def decaying_sgd(params, lr, batch_size, decay=0.1):
    with torch.no_grad():
        for param in params:
            param *= 1 - lr * decay
            param -= lr * param.grad / batch_size
            param.grad.fill_(0)


def clipped_sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * torch.clamp(param.grad, -5, 5) / batch_size  # of the sum: the batch size matters


def sign_sgd(params, lr):
    with torch.no_grad():
        for param in params:
            param.add_(torch.sign(param.grad), alpha=-lr)


RULES = [torch_sgd, whole_sgd, data_sgd, assigned_sgd, decaying_sgd, clipped_sgd, sign_sgd, d2l.sgd]
TAKES_SIZE = {rule: {} if rule is sign_sgd else {"batch_size": BATCH} for rule in RULES}


def on_the_tape(rule, batch_size, rate=RATE):
    """The book's loop, in float64, on the rows as they lie: the mean loss after each epoch, and the parameters."""
    features, labels = torch.tensor(X), torch.tensor(Y).reshape(-1, 1)
    w, b = (torch.tensor(START[name], requires_grad=True) for name in "wb")
    losses, steps = [], 0
    for _ in range(EPOCHS):
        for first in range(0, ROWS, batch_size):
            rows = slice(first, first + batch_size)
            squared_loss(linreg(features[rows], w, b), labels[rows]).sum().backward()
            steps += 1
            given = {"lr": rate(steps) if callable(rate) else rate} | (
                {} if rule is sign_sgd else {"batch_size": batch_size}
            )
            with torch.no_grad():  # for the rules of mxnet's idiom, which records nothing here anyway
                rule([w, b], **given)
            w.grad, b.grad = None, None
        losses.append(squared_loss(linreg(features, w, b), labels).mean().item())
    return losses, {"w": w.detach().numpy(), "b": b.detach().numpy()}


def compiled(rule, batch_size, rate=RATE, **more):
    size = {} if rule is sign_sgd else {"batch_size": batch_size}
    solver = gl.Minibatch(as_optimizer(rule, lr=rate, **size), batch_size=batch_size, epochs=EPOCHS, shuffle=False)
    return gl.fit(X, Y, model=linreg, loss=squared_loss, start=START, solver=solver, **more)


@pytest.mark.parametrize("batch_size", [BATCH, ROWS])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_path_is_that_of_the_tape(rule, batch_size):
    losses, params = on_the_tape(rule, batch_size)
    fit = compiled(rule, batch_size)
    assert np.allclose(fit.history["loss"], losses, rtol=1e-10)
    assert all(np.allclose(fit.params[name], params[name], rtol=1e-10) for name in params)


def test_a_schedule_is_followed():
    rate = gl.schedules.exponential(0.1, 0.9)
    losses, _ = on_the_tape(torch_sgd, BATCH, rate)
    fit = compiled(torch_sgd, BATCH, rate)
    assert np.allclose(fit.history["loss"], losses, rtol=1e-10)
    assert fit.history["learning_rate"][0] == pytest.approx(rate(ROWS // BATCH))


def test_the_engines_agree():
    native, reference = compiled(torch_sgd, BATCH), compiled(torch_sgd, BATCH, engine="numpy")
    assert np.allclose(native.history["loss"], reference.history["loss"], rtol=1e-12)


def test_of_the_short_last_batch_the_mean_is_taken():
    fit = compiled(torch_sgd, 25)  # 25, 25 and 10 rows
    w, b = START["w"].copy(), START["b"].copy()
    for _ in range(EPOCHS):
        for first in (0, 25, 50):
            rows = X[first : first + 25]
            miss = (rows @ w).ravel() + b - Y[first : first + 25]
            w, b = w - RATE * (rows.T @ miss / len(rows))[:, None], b - RATE * miss.mean()
    assert np.allclose(fit.params["w"], w, rtol=1e-12) and np.allclose(fit.params["b"], b, rtol=1e-12)
    _, book = on_the_tape(torch_sgd, 25)  # which divides by 25 always
    assert not np.allclose(book["w"], w, rtol=1e-4)


def test_mxnets_functions_too():
    def linreg(x, w, b):
        return nd.dot(x, w) + b

    solver = gl.Minibatch(as_optimizer(whole_sgd, lr=RATE, batch_size=BATCH), batch_size=BATCH, epochs=1, shuffle=False)
    fit = gl.fit(X, Y, model=linreg, loss=squared_loss, start=START, solver=solver)
    w, b = nd.array(START["w"], dtype="float64"), nd.array(START["b"], dtype="float64")
    w.attach_grad()
    b.attach_grad()
    for first in range(0, ROWS, BATCH):
        rows = slice(first, first + BATCH)
        with autograd.record():
            loss = squared_loss(linreg(nd.array(X[rows]), w, b), nd.array(Y[rows]))
        loss.backward()
        whole_sgd([w, b], RATE, BATCH)
    assert np.allclose(fit.params["w"], w.asnumpy(), rtol=1e-10)


def test_a_books_tensors_are_taken_as_data_and_start():
    torch.manual_seed(0)
    features, labels = d2l.synthetic_data(torch.tensor([2, -3.4]), 4.2, 1000)
    w, b = torch.zeros(size=(2, 1), requires_grad=True), torch.zeros(1, requires_grad=True)
    solver = gl.Minibatch(as_optimizer(d2l.sgd, lr=0.03, batch_size=10), batch_size=10, epochs=3)
    arguments = {"model": d2l.linreg, "loss": d2l.squared_loss, "solver": solver}
    fit = gl.fit(features, labels.ravel(), start={"w": w.detach(), "b": b.detach()}, **arguments)
    assert np.allclose(fit.params["w"].ravel(), [2, -3.4], atol=0.005) and fit.params["w"].dtype == np.float32
    with pytest.raises(TapeError, match="detach"):
        gl.fit(features, labels.ravel(), start={"w": w, "b": b}, **arguments)
    with pytest.raises(ValueError, match="ravel"):
        gl.fit(features, labels, start={"w": w.detach(), "b": b.detach()}, **arguments)


def test_a_rate_that_is_too_large_is_announced():
    def sgd(params, lr, batch_size):
        torch_sgd(params, lr, batch_size)

    fit = compiled(sgd, ROWS, 50.0)
    assert any("The learning rate 50 is too large" in note for note in fit.notes)


def test_the_update_works_on_numbers_too():
    w, state = as_optimizer(data_sgd, lr=0.5, batch_size=4).update(np.array([1.0, 2.0]), np.array([2.0, 0.0]), (), 1)
    assert w.tolist() == [0, 2] and state == () and isinstance(w, np.ndarray)


@pytest.mark.parametrize(
    ("rule", "arguments", "sentence"),
    [
        (
            torch_sgd,
            {"lr": 0.1},
            r"torch_sgd \(test_update_rule.py.*batch_size.*as_optimizer\(torch_sgd, lr=..., batch_size",
        ),
        (torch_sgd, {"lr": 0.1, "batch_size": 10, "momentum": 0.9}, "momentum"),
        (torch_sgd, {"lr": -0.1, "batch_size": 10}, "lr is -0.1"),
        (torch_sgd, {"lr": "fast", "batch_size": 10}, "lr is 'fast'"),
        (torch_sgd, {"lr": 0.1, "batch_size": 0}, "batch_size is 0"),
        ("sgd", {"lr": 0.1}, "give a function"),
    ],
)
def test_wrong_arguments(rule, arguments, sentence):
    with pytest.raises(OptionError, match=sentence):
        as_optimizer(rule, **arguments)


def returns(params, lr):
    return [param - lr * param.grad for param in params]


def rebinds(params, lr):
    for param in params:
        param = param - lr * param.grad


def asks(params, lr):
    for param in params:
        if param.grad.sum() > 0:
            param -= lr


def widens(params, lr):
    for param in params:
        param[:] = lr * torch.matmul(param.grad, torch.ones(1, 3, dtype=torch.float64))


def entry(params, lr):
    for param in params:
        param[0] = 0.0


@pytest.mark.parametrize(
    ("rule", "kind", "sentence"),
    [
        (returns, OptionError, "returns something.*in place"),
        (rebinds, OptionError, "changes no parameter.*in place"),
        (asks, TracingError, r"test_update_rule.py, line \d+, in asks.*np.where"),
        (widens, ModelError, r"line \d+, in widens.*keep the shape"),
        (entry, TracingError, r"line \d+, in entry.*change all of them"),
    ],
)
def test_rules_that_cannot_be_taken(rule, kind, sentence):
    solver = gl.Minibatch(as_optimizer(rule, lr=0.1), batch_size=10, epochs=1)
    with pytest.raises(kind, match=sentence):
        gl.fit(X, Y, model=linreg, loss=squared_loss, start=START, solver=solver)
