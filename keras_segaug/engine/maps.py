"""Where output pixels look, and back: matrices, fields, confined matrices, one of two a sample.

A map is a `Matrix`, or has `move(grid)`; a `fields.Field` has `move_back(grid)`, too.
"""

from typing import Any

from keras_segaug.core.backend import ops
from keras_segaug.kernels import matrices
from keras_segaug.kernels.fields import Field
from keras_segaug.kernels.matrices import Matrix
from keras_segaug.kernels.values import Value
from keras_segaug.kernels.windows import Confined, Window


class Back(Value):
    """A field in the other direction."""

    of: Field

    def move(self, grid):
        return self.of.move_back(grid)


class Either(Value):
    """One of two maps for each sample, by a condition (B,)."""

    condition: Any
    first: Any
    second: Any


def select(condition, first, second):
    """Per sample, by a condition (B,): the first map where it holds, the second elsewhere."""
    if isinstance(first, Matrix) and isinstance(second, Matrix):
        return matrices.select(condition, first, second)
    if (
        isinstance(first, Confined)
        and isinstance(second, Confined)
        and first.window is not None
        and second.window is not None
    ):
        pairs = zip(first.window, second.window, strict=True)
        window = Window(
            *(
                tuple(ops.where(condition, a, b) for a, b in zip(*pair, strict=True))
                for pair in pairs
            )
        )
        matrix = matrices.select(condition, first.matrix, second.matrix)
        return Confined(matrix, window, first.separate)
    return Either(condition, first, second)


def inverse(map):
    """Where the pixels of the input are in the output. Windows no longer confine."""
    if isinstance(map, Matrix):
        return matrices.inverse(map)
    if isinstance(map, Confined):
        return matrices.inverse(map.matrix)
    if isinstance(map, Either):
        return Either(map.condition, inverse(map.first), inverse(map.second))
    return Back(map)


def unconfined(map):
    """The same map for points that are not pixels to be looked up."""
    if isinstance(map, Either):
        return Either(map.condition, unconfined(map.first), unconfined(map.second))
    return map.matrix if isinstance(map, Confined) else map


def matrix_of(map):
    """The matrix of a map that is one, confined or not; else None."""
    if isinstance(map, Confined):
        return map.matrix
    return map if isinstance(map, Matrix) else None
