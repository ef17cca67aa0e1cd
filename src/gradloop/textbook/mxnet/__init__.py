"""MXNet's names for what linear and softmax regression need, on gradloop's arrays with a tape.

Operations are recorded inside ``with autograd.record():`` only, a walk back overwrites the gradients, and `backward()`
of several numbers is that of their sum. `nd` holds the older arrays, `np` and `npx` those with NumPy's names; a single
number of `nd` has the shape (), where MXNet has (1,). Random numbers come from another generator, so a seed gives
another stream.

>>> w = nd.array([2, -3.4])
>>> w.attach_grad()
>>> with autograd.record():
...     y = w * w
>>> y.backward()
>>> w.grad
<BLANKLINE>
[ 4.  -6.8]
<NDArray 2 @cpu(0)>
"""

from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.mxnet import autograd, nd, np, npx, random

ndarray = nd
cpu = npx.cpu

__all__ = ["autograd", "cpu", "nd", "ndarray", "np", "npx", "random"]
__getattr__ = _uncovered("mxnet", lambda: __all__)
