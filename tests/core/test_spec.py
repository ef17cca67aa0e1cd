"""Shapes and dtypes: broadcasting as in NumPy, and promotion that keeps to the precision of the data."""

import numpy as np
import pytest

from gradloop.core.spec import BOOL, FLOAT64, INT64, Spec, broadcast, promote, spec_of

FLOAT32 = np.dtype(np.float32)


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [((FLOAT32, FLOAT64), FLOAT64), ((FLOAT32, INT64), FLOAT32), ((FLOAT32, BOOL), FLOAT32), ((INT64, BOOL), INT64),
     ((BOOL, BOOL), BOOL), ((np.dtype(np.uint8), BOOL), INT64), ((FLOAT32,), FLOAT32)],
)  # fmt: skip
def test_promotion(dtypes: tuple[np.dtype, ...], expected: np.dtype) -> None:
    assert promote(*dtypes) == expected == promote(*dtypes[::-1])


def test_a_label_does_not_widen_what_numpy_would() -> None:
    assert promote(FLOAT32, INT64) == FLOAT32 != np.result_type(FLOAT32, INT64)


@pytest.mark.parametrize("shapes", [((3, 1), (2,)), ((), (4,)), ((1, 1), (2, 5)), ((3,), (3,), (1,))])
def test_broadcasting_is_numpys(shapes: tuple[tuple[int, ...], ...]) -> None:
    assert broadcast(*shapes) == np.broadcast(*(np.empty(shape) for shape in shapes)).shape


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        broadcast((3,), (4,))


def test_spec_of_an_array() -> None:
    spec = spec_of(np.zeros((2, 3), np.float32))
    assert spec == Spec((2, 3), FLOAT32)
    assert (spec.size, spec.is_float, str(spec)) == (6, True, "float32[2, 3]")
    assert (Spec((), BOOL).size, Spec((), BOOL).is_float, str(Spec((), BOOL))) == (1, False, "bool[]")
