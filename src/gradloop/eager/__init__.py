"""Arrays with a tape: the derivatives of what was computed, found by walking back. On the one table of operations."""

from gradloop.eager.array import Array
from gradloop.eager.derivatives import grad, hessian
from gradloop.eager.recording import no_grad, record

__all__ = ["Array", "grad", "hessian", "no_grad", "record"]
