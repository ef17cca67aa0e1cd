"""Examples whose truth is known, to see whether training finds it: any number of rows, in memory or in a file.

>>> import gradloop as gl
>>> data = gl.data.synthetic.ohm(rows=1000, resistance=3.3, offset=2.2, noise=0.01, seed=1)
>>> fit = gl.fit(data.columns, target=data.target, model=data.model, start={"resistance": 1.0, "offset": 0.0})
>>> print({name: round(float(value), 2) for name, value in fit.params.items()}, data.truth)
{'resistance': 3.3, 'offset': 2.2} {'resistance': 3.3, 'offset': 2.2}
"""

from gradloop.data.synthetic.examples import Synthetic
from gradloop.data.synthetic.kinds import KINDS, classes, houses, line, ohm, planck, polynomial
from gradloop.data.synthetic.textbook import synthetic_data

__all__ = [
    "KINDS",
    "Synthetic",
    "classes",
    "houses",
    "line",
    "ohm",
    "planck",
    "polynomial",
    "synthetic_data",
]
