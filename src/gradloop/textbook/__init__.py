"""The textbook's programs run again: `torch`, `mxnet`, `d2l` with the originals' names, arguments and printed forms.

Change a program's import lines and run it::

    from gradloop.textbook import torch            # import torch
    from gradloop.textbook import d2l              # from d2l import torch as d2l
    from gradloop.textbook.mxnet import nd, autograd  # from mxnet import nd, autograd
    from gradloop.textbook.mxnet import np         # from mxnet import np

They cover what linear and softmax regression need, from scratch and concise; another name is answered with a sentence.
Random numbers are seeded by `torch.manual_seed` and `mxnet.random.seed`, and are not the originals' streams.

The same functions can then be compiled: `gl.fit` takes the model and the loss as they are, and the update rule by
`as_optimizer`.

>>> import gradloop as gl
>>> torch.manual_seed(0) and None
>>> X, y = d2l.synthetic_data(torch.tensor([2, -3.4]), 4.2, 1000)
>>> sgd = gl.Minibatch(as_optimizer(d2l.sgd, lr=0.03, batch_size=10), batch_size=10, epochs=3)
>>> fit = gl.fit(X, y.ravel(), model=d2l.linreg, loss=d2l.squared_loss, solver=sgd,
...              start={"w": torch.zeros(2, 1), "b": torch.zeros(1)})
>>> print(fit.params["w"].ravel().round(2), fit.params["b"].round(2))
[ 2.  -3.4] [4.2]
"""

from gradloop.textbook import d2l, mxnet, torch
from gradloop.textbook.update_rule import as_optimizer

__all__ = ["as_optimizer", "d2l", "mxnet", "torch"]
