"""The loop of softmax regression, on scikit-learn's digits."""

import pytest

from gradloop.textbook import d2l, torch
from gradloop.textbook.mxnet import nd
from gradloop.textbook.torch import nn


@pytest.fixture(scope="module")
def digits():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_digits(return_X_y=True)
    torch.manual_seed(0)
    order = torch.randperm(len(X))
    X, y = torch.tensor(X / 16, dtype=torch.float32)[order], torch.tensor(y)[order]
    return d2l.load_array((X[:1400], y[:1400]), 32), d2l.load_array((X[1400:], y[1400:]), 32, is_train=False)


@pytest.fixture
def closed_figures():
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"backend": "agg"}):
        yield
        d2l.plt.close("all")


def test_softmax_regression_from_scratch(digits, closed_figures):
    torch.manual_seed(1)
    W, b = torch.normal(0, 0.01, size=(64, 10), requires_grad=True), torch.zeros(10, requires_grad=True)

    def softmax(X):
        X_exp = torch.exp(X)
        return X_exp / X_exp.sum(1, keepdim=True)

    def net(X):
        return softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)

    def cross_entropy(y_hat, y):
        return -torch.log(y_hat[range(len(y_hat)), y])

    train, test = digits
    d2l.train_ch3(net, train, test, cross_entropy, 20, lambda batch_size: d2l.sgd([W, b], 0.5, batch_size))
    assert d2l.evaluate_accuracy(net, test) >= 0.95 and d2l.evaluate_loss(net, test, cross_entropy) < 0.25
    curves = [line.get_ydata() for line in d2l.plt.gca().lines]
    assert [len(curve) for curve in curves] == [20, 20, 20] and curves[0][-1] < curves[0][0]


def test_softmax_regression_concise(digits, closed_figures):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    net.apply(lambda part: nn.init.normal_(part.weight, std=0.01) if type(part) is nn.Linear else None)
    loss, trainer = nn.CrossEntropyLoss(reduction="none"), torch.optim.SGD(net.parameters(), lr=0.5)
    d2l.train_ch3(net, *digits, loss, 20, trainer)
    assert d2l.evaluate_accuracy(net, digits[1]) >= 0.95 and not net.training


def test_accuracy_of_labels_and_of_scores():
    labels = torch.tensor([0, 2])
    assert d2l.accuracy(torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]), labels) == 1
    assert d2l.accuracy(torch.tensor([0, 2]), labels) == 2 and d2l.accuracy(torch.tensor([[0], [1]]), labels) == 1
    assert d2l.evaluate_accuracy(lambda X: X, [(labels, labels), (labels, torch.tensor([0, 1]))]) == 0.75


def test_an_epoch_returns_the_mean_loss_and_the_share():
    X, y = torch.eye(2), torch.tensor([0, 1])
    W = torch.eye(2, dtype=torch.float32).requires_grad_()
    seen = []
    found = d2l.train_epoch_ch3(
        lambda X: X @ W, [(X, y)], lambda y_hat, y: nn.functional.cross_entropy(y_hat, y, "none"), seen.append
    )
    expected = torch.log(1 + torch.exp(torch.tensor(-1.0))).item()
    assert found == (pytest.approx(expected), 1.0) and seen == [2] and W.grad is not None


def test_an_optimizer_walks_by_the_mean_and_a_function_by_the_sum():
    X, y = torch.ones(4, 1), torch.zeros(4, 1)
    slopes = []
    for make in (lambda w: torch.optim.SGD([w], lr=1.0), lambda w: lambda batch_size: d2l.sgd([w], 1.0, batch_size)):
        w = torch.tensor([[0.5]], requires_grad=True)
        d2l.train_epoch_ch3(lambda X, w=w: X @ w, [(X, y)], lambda y_hat, y: y_hat * 0.25, make(w))
        slopes.append(0.5 - w.item())
    assert slopes == [0.25, 0.25]


def test_the_loop_serves_mxnet_too():
    X, y = nd.array([[1.0], [2.0]]), nd.array([2.0, 4.0])
    w = nd.zeros((1, 1))
    w.attach_grad()
    batches = d2l.load_array((X, y), 2, is_train=False)
    first, _ = d2l.train_epoch_ch3(
        lambda X: nd.dot(X, w), batches, d2l.squared_loss, lambda size: d2l.sgd([w], 0.1, size)
    )
    assert first == 5 and w.asscalar() == pytest.approx(0.1 * (2 + 8) / 2)
