"""3x3 matrices from output to input coordinates, one a sample.

A matrix is a nested tuple of nine entries, each a Python number or a tensor (B,).
Numbers stay numbers, so what is known beforehand costs nothing at run time. A
point is (x, y, 1) with x along the width, y along the height, both in pixels,
(0, 0) being the centre of the first pixel.
"""

import numbers

from keras_segaug.backend import materialised, ops

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def compose(*matrices):
    """The product of the matrices: the rightmost meets the point first."""
    product: tuple = IDENTITY
    for matrix in matrices:
        columns = tuple(zip(*matrix, strict=True))
        product = tuple(tuple(_dot(row, column) for column in columns) for row in product)
    return product


def translation(x, y):
    return ((1.0, 0.0, x), (0.0, 1.0, y), (0.0, 0.0, 1.0))


def scaling(x, y):
    return ((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, 1.0))


def shear(x, y):
    return ((1.0, x, 0.0), (y, 1.0, 0.0), (0.0, 0.0, 1.0))


def rotation(turn):
    """Content turns counter-clockwise, as displayed, by `turn` radians."""
    cosine, sine = ops.cos(turn), ops.sin(turn)
    return ((cosine, -sine, 0.0), (sine, cosine, 0.0), (0.0, 0.0, 1.0))


def centred(matrix, height, width):
    """The matrix acting about the middle of a picture of this size."""
    y, x = (as_float(height) - 1.0) / 2.0, (as_float(width) - 1.0) / 2.0
    return compose(translation(x, y), matrix, translation(-x, -y))


def select(condition, matrix, other):
    """Per sample, by a condition (B,): `matrix` where it holds, `other` elsewhere."""
    return tuple(
        tuple(a if _same(a, b) else _where(condition, a, b) for a, b in zip(*rows, strict=True))
        for rows in zip(matrix, other, strict=True)
    )


def computed_once(matrix):
    """The same matrix, its entries computed before whatever reads them.

    XLA would otherwise put their whole computation, sines and all, into the loop over the pixels,
    once for each use: slow to run, and for a long chain all but endless to compile.
    """
    entries = [entry for row in matrix for entry in row if not isinstance(entry, float)]
    if not entries:
        return matrix
    like = sum(0.0 * entry for entry in entries)
    values = iter(materialised([entry + like for entry in entries]))
    return tuple(
        tuple(entry if isinstance(entry, float) else next(values) for entry in row)
        for row in matrix
    )


def is_affine(matrix):
    """Is the last row known to be (0, 0, 1), so that no division is needed?"""
    return all(_is(entry, number) for entry, number in zip(matrix[2], IDENTITY[2], strict=True))


def is_zero(entry):
    """Is an entry known to be 0?"""
    return _is(entry, 0.0)


def as_float(size):
    """A height or width, known or traced, as a float."""
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


def _is(value, number):
    return isinstance(value, numbers.Number) and value == number


def _times(a, b):
    if _is(a, 0.0) or _is(b, 0.0):
        return 0.0
    return b if _is(a, 1.0) else a if _is(b, 1.0) else a * b


def _plus(a, b):
    return b if _is(a, 0.0) else a if _is(b, 0.0) else a + b


def central_window(height, width, window_height, window_width):
    """A window in the middle of a picture, on whole pixels."""

    def offset(size, window):
        if isinstance(size, numbers.Number):
            return float((size - window) // 2)
        return ops.floor((as_float(size) - window) / 2.0)

    return translation(offset(width, window_width), offset(height, window_height))


def has_room(height, width, window_height, window_width):
    """Is the picture known to be at least as large as the window?"""
    known = isinstance(height, numbers.Integral) and isinstance(width, numbers.Integral)
    return known and window_height <= height and window_width <= width
