"""Data in batches: ``torch.utils.data``."""

from gradloop.textbook.coverage import uncovered as _uncovered
from gradloop.textbook.torch.utils import data

__all__ = ["data"]
__getattr__ = _uncovered("torch.utils", lambda: __all__)
