"""What the tape is made of."""

import gc
import weakref

from gradloop.eager import Array
from gradloop.eager.steps import Leaf, Memory, Step, clock


def test_steps_are_numbered_as_they_come() -> None:
    first, second = Step("add", (), {}, None, ()), Step("add", (), {}, None, ())
    assert first.number < second.number < next(clock)


def test_leaf_does_not_keep_its_array() -> None:
    array = Array([1.0])
    leaf = Leaf(array, adds=True, from_one_number=True)
    assert leaf.array() is array
    gc.disable()
    try:
        gone = weakref.ref(array)
        del array
        assert leaf.array() is None and gone() is None
    finally:
        gc.enable()


def test_memory_begins_unchanged() -> None:
    memory, other = Memory(), Memory()
    memory.changed = 3
    assert (other.changed, other.rewritten, other.shared) == (0, 0, False)
