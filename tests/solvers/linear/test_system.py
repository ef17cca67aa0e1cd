import numpy as np
import pytest

from gradloop.solvers.linear.system import FEW, independent, make_system, singular_values, upper_triangle

random = np.random.default_rng(0)


def unit(X):
    return X / np.linalg.norm(X, axis=0)


def test_the_triangle_of_few_rows_is_square():
    rows = random.normal(size=(2, 4))
    R = upper_triangle(rows)
    np.testing.assert_allclose(R.T @ R, rows.T @ rows, atol=1e-14)
    assert R.shape == (4, 4)


def test_columns_are_judged_from_left_to_right():
    X = random.normal(size=(6, 3))
    X = np.column_stack([X[:, 0], np.zeros(6), X[:, 1], X[:, 0] - 2 * X[:, 1], X[:, 2]])
    lengths = np.linalg.norm(X, axis=0)
    kept, condition = independent(np.divide(X, lengths, out=np.zeros_like(X), where=lengths > 0))
    assert kept.tolist() == [0, 2, 4]
    assert condition == pytest.approx(np.linalg.cond(unit(X[:, [0, 2, 4]])))


def test_a_column_after_a_dependent_one_is_not_lost():
    # Where the rounding errors of the copy are taken for a direction, the last column seems to lie in it.
    X = np.array([[1.0, 1.0, 0.3], [0.2, 0.2, 1.0], [0.0, 0.0, 0.0]])
    X[1, 1] = np.nextafter(0.2, 1)
    assert independent(unit(X))[0].tolist() == [0, 2]


def test_what_is_left_after_near_dependence_is_judged_rightly():
    a, b, _ = np.linalg.qr(random.normal(size=(3, 3)))[0]
    X = np.column_stack([a, a + 1e-11 * b, a + 0.5e-11 * b])
    assert independent(unit(X))[0].tolist() == [0, 1]


def test_total_inverse_and_target():
    X, y = random.normal(size=(20, 2)) + 7, random.normal(size=20)
    rows = np.column_stack([np.ones(20), X, y])
    system = make_system(upper_triangle(rows), np.zeros(3, int), np.zeros(3), True)
    assert system.total_norm * 2.0 ** system.exponents[-1] == pytest.approx(np.linalg.norm(y - y.mean()))
    lengths = np.append(np.ldexp(1.0, -system.exponents[:-1]), 1.0)
    expected = np.linalg.inv(rows[:, [1, 2, 0]].T @ rows[:, [1, 2, 0]])
    np.testing.assert_allclose(system.inverse @ system.inverse.T * np.outer(lengths, lengths), expected, rtol=1e-10)
    point = system.start()
    slopes, intercept = system.in_units(point.slopes, point.intercept)
    np.testing.assert_allclose([intercept, *slopes], np.linalg.lstsq(rows[:, :3], y)[0], rtol=1e-10)


@pytest.mark.parametrize("condition", [1.0, 30.0, 900.0, 1e5, 1e7, 1e9, 1e13])
@pytest.mark.parametrize("columns", [5, FEW + 1, 150])
def test_singular_values_of_many_columns_have_six_digits(condition, columns):
    left, right = (np.linalg.qr(random.normal(size=(columns, columns)))[0] for _ in range(2))
    sizes = np.geomspace(1, 1 / condition, columns)
    found = singular_values(left * sizes @ right)
    assert (np.diff(found) <= 0).all()
    np.testing.assert_allclose(found, sizes, rtol=1e-6 if condition < 1e10 else 0.1)


@pytest.mark.parametrize("columns", [3, FEW + 1, 150])
def test_the_root_is_the_factors_inverse(columns):
    rows = random.normal(size=(2 * columns, columns + 1))
    system = make_system(upper_triangle(rows), np.zeros(columns + 1, int), np.zeros(columns + 1), False)
    np.testing.assert_allclose(system.root @ system.factor, np.eye(columns), atol=1e-11)
    np.testing.assert_array_equal(system.root, np.triu(system.root))
