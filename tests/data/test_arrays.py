"""Arrays are converted without losing a digit, or refused in a sentence with the cure."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from gradloop.data.arrays import check_features, check_target
from gradloop.errors import DataError

BASE = np.array([[1, 2], [3, 4], [5, 6]])


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        (BASE, np.float64),
        (BASE.tolist(), np.float64),
        (BASE.astype(np.int8), np.float64),
        (BASE.astype(np.uint64), np.float64),
        (BASE.astype(np.float16), np.float32),
        (BASE.astype(np.float32), np.float32),
        (BASE.astype(">f8"), np.float64),
        (BASE.astype(">f4"), np.float32),
        (BASE.astype(np.longdouble), np.float64),
        (np.asfortranarray(BASE.astype(float)), np.float64),
        (np.repeat(BASE.astype(float), 2, axis=1)[:, ::2], np.float64),
        (np.ma.masked_array(BASE, mask=False), np.float64),
    ],
)
def test_features_of_any_type_and_layout(given, dtype):
    X = check_features(given)
    assert X.dtype == dtype and X.dtype.isnative and X.flags.c_contiguous and type(X) is np.ndarray
    assert np.array_equal(X, BASE)


def test_good_features_are_not_copied_even_if_read_only():
    X = BASE.astype(float)
    X.flags.writeable = False
    assert np.shares_memory(check_features(X), X)


def test_booleans_and_large_exact_integers():
    assert check_features([[True], [False]]).tolist() == [[1.0], [0.0]]
    assert check_features([[2**60], [-(2**60)]]).tolist() == [[2.0**60], [-(2.0**60)]]


def test_finite_numbers_with_an_infinite_sum_are_taken():
    largest = np.finfo(float).max
    assert check_features([[largest, largest], [-largest, -largest]]).max() == largest
    assert check_features(np.full((2, 2), np.finfo(np.float32).max, np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2, 3], r"X has shape (3,), and (rows, features) is needed: write X.reshape(-1, 1)"),
        (5, "X has shape (), and (rows, features) is needed; give one row per example"),
        (np.zeros((2, 3, 4)), "write X.reshape(len(X), -1)"),
        (np.zeros((0, 3)), "X has shape (0, 3) and so no rows"),
        (np.zeros((3, 0)), "X has shape (3, 0) and so no features"),
        ([[1, 2], [3]], "X cannot be made an array"),
        ([["a", "b"]], "X holds values of type <U1 and numbers are needed"),
        ([[Fraction(1, 2)]], "X holds values of type object and numbers are needed; try X.astype(float)"),
        ([[1j]], "X holds complex numbers; give real ones"),
        (np.array([["2020-01-01"]], "M8[D]"), "X holds values of type datetime64[D]"),
        (scipy.sparse.eye(3), "X is a sparse matrix and a dense array is needed; write X.toarray()"),
        (np.ma.masked_array([[1.0]], mask=True), "X has masked entries"),
        ([[1.0, np.nan], [np.inf, 1]], "X[0, 1] is nan (the first of 2 entries that are not finite)"),
        ([[1.0, 2], [-np.inf, 1]], "X[1, 0] is -inf; fill"),
        ([[1.0, np.inf]], "X[0, 1] is inf; fill"),
        ([[2**53 + 1]], "X holds the integer 9007199254740993, which a 64-bit float cannot"),
        ([[2**64 - 1]], "X holds the integer 18446744073709551615"),
    ],
)
def test_what_is_refused_as_features(given, said):
    with pytest.raises(DataError) as caught:
        check_features(given)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ([0, 1, 1], np.int64),
        (np.array([0, 1, 1], np.uint8), np.int64),
        ([False, True, True], np.int64),
        ([0.0, 1, 1], np.float64),
        (np.array([0, 1, 1], ">f4"), np.float32),
    ],
)
def test_targets(given, dtype):
    y = check_target(given, rows=3)
    assert y.dtype == dtype and y.dtype.isnative and y.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([[1], [2], [3]], "y has shape (3, 1), and (3,) is needed: minus predictions of shape (3,) it would become"),
        ([[1, 2, 3]], "write y.ravel()"),
        (np.eye(3), "write y.argmax(axis=1)"),
        (4.0, "y has shape (), and one value per row, (3,), is needed"),
        ([1, 2], "y has 2 values and X 3 rows; give one value per row"),
        (["a", "b", "c"], "np.unique(y, return_inverse=True)[1]"),
        ([1.0, np.nan, 2], "y[1] is nan; fill"),
        ([1j, 2, 3], "y holds complex numbers"),
    ],
)
def test_what_is_refused_as_target(given, said):
    with pytest.raises(DataError) as caught:
        check_target(given, rows=3)
    assert said in str(caught.value)


def test_no_targets():
    with pytest.raises(DataError, match="y has no values"):
        check_target([], rows=0)


class Tensor:
    """What offers its memory by DLPack, and nothing else."""

    def __init__(self, array, device=None):
        self.array, self.device = array, device

    @property
    def ndim(self):
        return self.array.ndim

    def __dlpack__(self, **options):
        if self.device:
            raise BufferError(f"the memory is on {self.device}.")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Recording:
    """A tensor as PyTorch's: it has `__array__`, which refuses while gradients are recorded."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.\nUse detach().")


def test_memory_offered_by_dlpack_is_not_copied():
    array = BASE.astype(float)
    assert np.shares_memory(check_features(Tensor(array)), array)
    target = np.array([1.0, 2.0, 3.0])
    assert np.shares_memory(check_target(Tensor(target), rows=3), target)


@pytest.mark.parametrize("given", [Tensor(BASE.astype(float), "a GPU"), Recording()])
def test_tensors_that_are_elsewhere_or_record_are_refused_in_one_sentence(given):
    with pytest.raises(DataError, match="X cannot be read .*; give .* X.detach\\(\\).cpu\\(\\)") as error:
        check_features(given)
    assert "\n" not in str(error.value)


def test_pytorch_is_not_copied():
    torch = pytest.importorskip("torch")
    X = torch.arange(6, dtype=torch.float32).reshape(3, 2)
    assert check_features(X).ctypes.data == X.data_ptr()
    with pytest.raises(DataError, match="requires grad"):
        check_features(X.requires_grad_())
