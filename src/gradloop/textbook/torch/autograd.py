"""Derivatives: ``torch.autograd.grad``, and whether operations are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradloop.eager import tape
from gradloop.eager.recording import STATE, Recording, no_grad, record
from gradloop.errors import TapeError

__all__ = ["backward", "enable_grad", "grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


def enable_grad() -> Recording:
    """Record what happens to tensors inside the block."""
    return record()


class set_grad_enabled(Recording):  # noqa: N801 - PyTorch's name
    """Record from here on, or inside a block, or do not.

    >>> with set_grad_enabled(False):
    ...     print(is_grad_enabled())
    False
    """

    __slots__ = ()

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self.before = (STATE.recording, None)
        STATE.recording = self.recording

    def __enter__(self) -> Recording:
        STATE.recording = self.recording
        return self


def is_grad_enabled() -> bool:
    """Whether operations are recorded here."""
    return STATE.recording is not False


def listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple | list) else [x]


def backward(tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None) -> None:
    """Walk back from several tensors at once, into the ``grad`` of the leaves."""
    heads = listed(tensors)
    tape.backward(heads, listed(grad_tensors) if grad_tensors is not None else [None] * len(heads), bool(retain_graph))


def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """The derivatives of outputs with respect to inputs, which may be intermediate results; ``grad`` stays as it is.

    Raises: TapeError when an output is not one number, or an input was not used.
    """
    heads, wanted = listed(outputs), listed(inputs)
    seeds: Sequence[Any] = [None] * len(heads) if grad_outputs is None else listed(grad_outputs)
    for head, seed in zip(heads, seeds, strict=True):
        if head.value.size != 1 and seed is None:
            raise TapeError(
                f"grad() starts from one number, and this tensor has the shape {tuple(head.shape)}: give grad_outputs, "
                "one weight for each entry, or take .sum() first."
            )
    if any(not x.requires_grad for x in wanted):
        raise TapeError("An input was not marked before it was used: give it requires_grad=True.")
    found = tape.gradients(heads, wanted, seeds, create_graph if retain_graph is None else retain_graph, create_graph)
    if not allow_unused and any(share is None for share in found):
        raise TapeError("One of the inputs was not used for the outputs; allow_unused=True gives None for it.")
    return tuple(
        None if share is None else share if hasattr(share, "node") else x.like(share)
        for share, x in zip(found, wanted, strict=True)
    )
