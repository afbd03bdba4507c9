"""Points, while they are still a matrix and once they are a grid."""

from typing import Any

import keras
import numpy as np

from keras_segaug.engine.sampling_grid import SamplingGrid
from keras_segaug.kernels import matrices
from keras_segaug.kernels.fields import Field
from keras_segaug.kernels.matrices import Matrix
from tests.data import to_numpy


def tensor(value):
    return keras.ops.convert_to_tensor(value, dtype="float32")


def grid(points, batch=2):
    shape = (batch, *points.size)
    return [np.broadcast_to(to_numpy(axis), shape) for axis in reversed(points.grid())]


class Shifted(Field):
    """Moves every point by its own displacement."""

    x: Any
    y: Any

    def move(self, grid):
        rows, columns = grid
        return rows + self.y, columns + self.x


def by_hand(matrix, columns, rows):
    """Homogeneous coordinates in numpy, for a batch of 3 x 3 matrices."""
    vectors = np.stack([columns, rows, np.ones_like(columns)], -1)
    moved = np.einsum("bij,bhwj->bhwi", matrix, vectors)
    return moved[..., 0] / moved[..., 2], moved[..., 1] / moved[..., 2]


def random_matrix(seed, projective=False):
    matrix = np.eye(3) + np.random.default_rng(seed).uniform(-0.3, 0.3, (2, 3, 3))
    matrix[:, 2] = (0, 0, 1)
    if projective:
        matrix[:, 2, :2] = ((0.01, -0.02), (0.03, 0.01))
    # The numpy matrices are for (x, y), those of the package for (y, x).
    order = (1, 0, 2)
    rows = tuple(tuple(tensor(matrix[:, i, j]) for j in order) for i in order)
    return matrix, Matrix((*rows[:2], rows[2] if projective else (0.0, 0.0, 1.0)))


ROWS, COLUMNS = (np.broadcast_to(axis, (2, 5, 7)) for axis in np.indices((5, 7), "float64"))


def test_identity():
    points = SamplingGrid((5, 7))
    assert points.moved(matrices.identity(2)) is points
    np.testing.assert_array_equal(grid(points), [COLUMNS, ROWS])


def test_matrices_compose_the_last_one_first():
    (first, first_entries), (second, second_entries) = random_matrix(1), random_matrix(2)
    points = SamplingGrid((5, 7)).moved(second_entries).moved(first_entries)
    expected = by_hand(first @ second, COLUMNS, ROWS)
    np.testing.assert_allclose(grid(points), expected, atol=1e-4)


def test_a_projective_matrix_divides():
    matrix, entries = random_matrix(3, projective=True)
    expected = by_hand(matrix, COLUMNS, ROWS)
    np.testing.assert_allclose(grid(SamplingGrid((5, 7)).moved(entries)), expected, atol=1e-4)


def test_matrices_before_and_after_a_displacement():
    (after, after_entries), (before, before_entries) = random_matrix(4), random_matrix(5, True)
    x, y = np.random.default_rng(6).normal(size=(2, 2, 5, 7))
    points = SamplingGrid((5, 7)).moved(after_entries).moved(Shifted(tensor(x), tensor(y)))
    columns, rows = by_hand(after, COLUMNS, ROWS)
    expected = by_hand(before, columns + x, rows + y)
    np.testing.assert_allclose(grid(points.moved(before_entries)), expected, atol=1e-3)


def test_select_by_sample():
    _, entries = random_matrix(7)
    condition = keras.ops.convert_to_tensor([True, False])
    moved, still = SamplingGrid((5, 7)).moved(entries), SamplingGrid((5, 7))
    zero = np.zeros((2, 5, 7))
    for chosen, other in (
        (moved, still),
        (moved.moved(Shifted(tensor(zero), tensor(zero))), still),
    ):
        found = np.array(grid(SamplingGrid.select(condition, chosen, other)))
        np.testing.assert_allclose(found[:, 0], np.array(grid(moved))[:, 0], atol=1e-5)
        np.testing.assert_allclose(found[:, 1], [COLUMNS[1], ROWS[1]], atol=1e-5)
