"""3x3 matrices from output to input coordinates, one a sample.

A matrix is a nested tuple of nine entries, each a Python number or a tensor (B,).
Numbers stay numbers, so what is known beforehand costs nothing at run time. A
point is (x, y, 1) with x along the width, y along the height, both in pixels,
(0, 0) being the centre of the first pixel.
"""

import numbers

from keras_segaug.core.backend import ops
from keras_segaug.kernels.xla_cpu.blocks import materialised

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def compose(*matrices):
    """The product of the matrices: the rightmost meets the point first."""
    product: tuple = IDENTITY
    for matrix in matrices:
        columns = tuple(zip(*matrix, strict=True))
        product = tuple(tuple(_dot(row, column) for column in columns) for row in product)
    return product


def inverse(matrix):
    """The matrix that undoes this one (for a projective one up to a factor, which cancels)."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    adjugate = (
        (_cross(e, f, h, i), _cross(c, b, i, h), _cross(b, c, e, f)),
        (_cross(f, d, i, g), _cross(a, c, g, i), _cross(c, a, f, d)),
        (_cross(d, e, g, h), _cross(b, a, h, g), _cross(a, b, d, e)),
    )
    if not is_affine(matrix):
        return adjugate
    scale = adjugate[2][2]
    rows = [tuple(v if _is(v, 0.0) else v / scale for v in row) for row in adjugate[:2]]
    return (*rows, IDENTITY[2])


def orientation(matrix):
    """Below 0 where an affine matrix mirrors: the determinant of its linear part."""
    (a, b, _), (c, d, _), _ = matrix
    return _cross(a, b, c, d)


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


def from_unit_square(top_left, top_right, bottom_right, bottom_left):
    """The projective map of the unit square to these corners (x, y), entries (B,)."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = top_left, top_right, bottom_right, bottom_left
    x_across, y_across, x_down, y_down = x1 - x2, y1 - y2, x3 - x2, y3 - y2
    x_rest, y_rest = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = x_across * y_down - x_down * y_across
    g = (x_rest * y_down - x_down * y_rest) / area
    h = (x_across * y_rest - x_rest * y_across) / area
    return (
        (x1 - x0 + g * x1, x3 - x0 + h * x3, x0),
        (y1 - y0 + g * y1, y3 - y0 + h * y3, y0),
        (g, h, 1.0),
    )


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


def _cross(a, b, c, d):
    """a d - b c"""
    return _plus(_times(a, d), _times(-1.0, _times(b, c)))


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
