"""What `nd` and `npx` do with entries: softmax and its kin, picking by label, ones for labels."""

from __future__ import annotations

from typing import Any

import numpy
from numpy.lib.array_utils import normalize_axis_index

from gradloop.core.ops import apply
from gradloop.eager.base import raw

Array = Any  # ours, or a tracer


def dot(a: Array, b: Array) -> Array:
    """Product of matrices and vectors; of a number with anything, the product entry by entry."""
    return a @ b if 0 < numpy.ndim(a) < 3 and 0 < numpy.ndim(b) < 3 else numpy.dot(a, b)


def relu(data: Array) -> Array:
    """max(x, 0), whose derivative at 0 is 0."""
    return apply("where", data > 0, data, 0.0)


def sigmoid(data: Array) -> Array:
    """1 / (1 + e⁻ˣ), without overflow."""
    return apply("logistic", data)


def log_softmax(data: Array, axis: int = -1) -> Array:
    """Logarithms of the shares that softmax gives."""
    place = normalize_axis_index(axis, numpy.ndim(data))
    shape = tuple(1 if i == place else n for i, n in enumerate(data.shape))
    return data - apply("reshape", apply("logsumexp", data, axis=(place,)), shape=shape)


def softmax(data: Array, axis: int = -1) -> Array:
    """Positive shares that add up to 1 along an axis, in proportion to eˣ."""
    return numpy.exp(log_softmax(data, axis))


def pick(data: Array, index: Any, axis: int = -1) -> Array:
    """One entry of each row: the one with the number in index."""
    labels = numpy.asarray(raw(index)).astype(numpy.int64)
    rows = numpy.arange(data.value.size).reshape(data.value.shape)
    places = numpy.take_along_axis(rows, numpy.expand_dims(labels, axis), axis).squeeze(axis)
    return data.reshape(-1)[places]


def one_hot(data: Array, depth: int) -> Array:
    """A one in the place of each label, zeros elsewhere."""
    return data.like(numpy.eye(depth, dtype=data.real)[data.value.astype(numpy.int64)])
