"""Models out of parts, as the concise versions of linear and softmax regression write them."""

from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch.nn import functional, init
from gradloop.textbook.torch.nn.losses import CrossEntropyLoss, HuberLoss, L1Loss, MSELoss
from gradloop.textbook.torch.nn.modules import Flatten, Linear, Module, Parameter, ReLU, Sequential, Sigmoid

__all__ = [
    "CrossEntropyLoss",
    "Flatten",
    "HuberLoss",
    "L1Loss",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "functional",
    "init",
]
__getattr__ = _uncovered("torch.nn", lambda: globals())
