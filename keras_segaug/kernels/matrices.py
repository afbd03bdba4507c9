"""Matrices from output to input coordinates, one for each sample, for any number of axes.

Entries are Python numbers or tensors (B,). Numbers stay numbers, so what is known in advance costs
nothing at run time. A point is (y, x, 1) for two axes, in the order of the array, in pixels, 0
being the center of the first pixel.
"""

import functools
import numbers

import numpy as np

from keras_segaug.core.backend import ops
from keras_segaug.kernels.values import Value, replace
from keras_segaug.kernels.xla_cpu.blocks import materialize


class Matrix(Value):
    """An affine or projective map, with what is known about it in advance.

    Args:
        rows: n + 1 rows of n + 1 entries.
        whole: does it bring every pixel to a pixel, so that nothing needs to be blended?
        inside: does it only look at pixels of the image, never beyond its border?
    """

    rows: tuple
    whole: bool = False
    inside: bool = False


@functools.cache
def identity(dimensions):
    return Matrix(_unit_rows(dimensions), whole=True, inside=True)


@functools.cache
def _unit_rows(dimensions):
    places = range(dimensions + 1)
    return tuple(tuple(1.0 if i == j else 0.0 for j in places) for i in places)


def compose(*matrices):
    """The product of the matrices: the rightmost is applied to the point first."""
    product, *others = matrices
    for matrix in others:
        columns = tuple(zip(*matrix.rows, strict=True))
        rows = tuple(tuple(_dot(row, column) for column in columns) for row in product.rows)
        whole, inside = product.whole and matrix.whole, product.inside and matrix.inside
        product = Matrix(rows, whole, inside)
    return product


def inverse(matrix):
    """The matrix that undoes this one (for a projective one up to a factor, which cancels)."""
    rows = matrix.rows
    places = range(len(rows))
    adjugate = tuple(tuple(_cofactor(rows, j, i) for j in places) for i in places)
    if not is_affine(matrix):
        return Matrix(adjugate)
    scale = adjugate[-1][-1]
    affine = [tuple(v if _is(v, 0.0) else v / scale for v in row) for row in adjugate[:-1]]
    return Matrix((*affine, rows[-1]), matrix.whole)


def orientation(matrix):
    """Below 0 where an affine matrix mirrors: the determinant of its linear part."""
    return _determinant([row[:-1] for row in matrix.rows[:-1]])


def translation(*shift, whole=False):
    """Looks `shift` further along each axis."""
    unit = _unit_rows(len(shift))
    rows = [(*row[:-1], along) for row, along in zip(unit, shift, strict=False)]
    return Matrix((*rows, unit[-1]), whole)


def scaling(*factors):
    """Looks `factors` times as far from the first pixel along each axis."""
    unit = _unit_rows(len(factors))
    rows = [
        tuple(factor if entry == 1.0 else entry for entry in row)
        for row, factor in zip(unit, factors, strict=False)
    ]
    return Matrix((*rows, unit[-1]))


def shear(x, y):
    return Matrix(((1.0, y, 0.0), (x, 1.0, 0.0), (0.0, 0.0, 1.0)))


def rotation(turn, dimensions=2):
    """Content turns by `turn` radians in the plane of the last two axes, counter-clockwise."""
    return _turn(ops.cos(turn), ops.sin(turn), dimensions)


def quarter_turns(turns, size):
    """Content turns by so many right angles, about the middle of an image of this size.

    Where the image is not square, only pairs of turns are made, which keep its shape.
    """
    *_, height, width = size
    square = ops.equal(height, width)
    turns = ops.where(square, turns, turns - turns % 2)
    # Exact in float32, unlike the cosine of half pi.
    cosine = ops.cast(ops.abs(turns - 2) - 1, "float32")
    sine = ops.cast((turns % 2) * (2 - turns), "float32")
    if isinstance(height, int) and isinstance(width, int) and height != width:
        sine = 0.0
    turn = centered(_turn(cosine, sine, len(size)), size)
    return replace(turn, whole=True, inside=True)


def _turn(cosine, sine, dimensions):
    *unit, y, x, last = _unit_rows(dimensions)
    y = (*y[: dimensions - 2], cosine, sine, 0.0)
    x = (*x[: dimensions - 2], -sine, cosine, 0.0)
    return Matrix((*unit, y, x, last))


def mirror(conditions, size):
    """Mirrors an image of this size along each axis that has a condition (B,), where it holds."""
    result = identity(len(size))
    for axis, condition in conditions.items():
        factors = [1.0] * len(size)
        factors[axis] = -1.0
        result = compose(result, select(condition, scaling(*factors), identity(len(size))))
    return replace(centered(result, size), whole=True, inside=True)


def centered(matrix, size):
    """The matrix acting about the middle of an image of this size."""
    middle = [(as_float(n) - 1.0) / 2.0 for n in size]
    return compose(translation(*middle), matrix, translation(*[-m for m in middle]))


def window(start, size, window_size):
    """A window of whole pixels of an image of this size, from `start` on."""
    return replace(translation(*start, whole=True), inside=has_room(size, window_size))


def central_window(size, window_size):
    """The window in the middle."""
    start = [_middle(n, length) for n, length in zip(size, window_size, strict=True)]
    return window(start, size, window_size)


def _middle(size, length):
    if isinstance(size, int) and isinstance(length, int):
        return float((size - length) // 2)
    return ops.floor((as_float(size) - as_float(length)) / 2.0)


def has_room(size, window_size):
    """Is the image known to be at least as large as the window?"""
    pairs = list(zip(size, window_size, strict=True))
    known = all(isinstance(n, numbers.Integral) for pair in pairs for n in pair)
    return known and all(length <= n for n, length in pairs)


def same_size(size, other):
    """Are two sizes known to be the same?"""
    return all(
        a is b or (isinstance(a, numbers.Integral) and isinstance(b, numbers.Integral) and a == b)
        for a, b in zip(size, other, strict=True)
    )


def from_unit_square(top_left, top_right, bottom_right, bottom_left):
    """The projective map of the unit square to these corners (x, y), entries (B,)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = top_left, top_right, bottom_right, bottom_left
    x_across, y_across, x_down, y_down = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    x_rest, y_rest = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = x_across * y_down - x_down * y_across
    g = (x_rest * y_down - x_down * y_rest) / area
    h = (x_across * y_rest - x_rest * y_across) / area
    return Matrix(
        (
            (y3 - y0 + h * y3, y1 - y0 + g * y1, y0),
            (x3 - x0 + h * x3, x1 - x0 + g * x1, x0),
            (h, g, 1.0),
        )
    )


def select(condition, matrix, other):
    """Per sample, by a condition (B,): `matrix` where it holds, `other` elsewhere."""
    rows = tuple(
        tuple(a if _same(a, b) else _where(condition, a, b) for a, b in zip(*pair, strict=True))
        for pair in zip(matrix.rows, other.rows, strict=True)
    )
    return Matrix(rows, matrix.whole and other.whole, matrix.inside and other.inside)


def materialized(matrix):
    """The same matrix, with its entries computed before anything reads them.

    XLA would otherwise put their whole computation, sines and all, into the loop over the pixels,
    once for each use: slow to run, and for a long chain all but endless to compile.
    """
    entries = [entry for row in matrix.rows for entry in row if not isinstance(entry, float)]
    if not entries:
        return matrix
    like = sum(0.0 * entry for entry in entries)
    values = iter(materialize([entry + like for entry in entries]))
    rows = tuple(
        tuple(entry if isinstance(entry, float) else next(values) for entry in row)
        for row in matrix.rows
    )
    return replace(matrix, rows=rows)


def is_affine(matrix):
    """Is the last row known to be (0, ..., 0, 1), so that no division is needed?"""
    rows = matrix.rows
    pairs = zip(rows[-1], _unit_rows(len(rows) - 1)[-1], strict=True)
    return all(_is(entry, number) for entry, number in pairs)


def is_zero(entry):
    """Is an entry known to be 0?"""
    return _is(entry, 0.0)


def as_float(size):
    """A size, known or traced, as a float."""
    return float(size) if isinstance(size, numbers.Real) else ops.cast(size, "float32")


def _same(a, b):
    return a is b or (isinstance(a, float) and isinstance(b, float) and a == b)


def _where(condition, a, b):
    like = ops.cast(condition, "float32")
    return ops.where(condition, a + 0.0 * like, b + 0.0 * like)


def _dot(row, column):
    total = 0.0
    for a, b in zip(row, column, strict=True):
        total = _plus(total, _times(a, b))
    return total


def _cofactor(rows, i, j):
    minor = [
        [entry for k, entry in enumerate(row) if k != j] for n, row in enumerate(rows) if n != i
    ]
    return _times(1.0 if (i + j) % 2 == 0 else -1.0, _determinant(minor))


def _determinant(rows):
    if len(rows) == 1:
        return rows[0][0]
    first, *others = rows
    total = 0.0
    for j, entry in enumerate(first):
        if not _is(entry, 0.0):
            minor = [row[:j] + row[j + 1 :] for row in map(list, others)]
            sign = 1.0 if j % 2 == 0 else -1.0
            total = _plus(total, _times(sign, _times(entry, _determinant(minor))))
    return total


def _is(value, number):
    # Plain classes: this runs hundreds of times a call, and `numbers.Number` would take longer.
    return isinstance(value, (int, float, np.number)) and value == number


def _times(a, b):
    if _is(a, 0.0) or _is(b, 0.0):
        return 0.0
    return b if _is(a, 1.0) else a if _is(b, 1.0) else a * b


def _plus(a, b):
    return b if _is(a, 0.0) else a if _is(b, 0.0) else a + b
