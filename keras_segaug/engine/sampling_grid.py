"""Where the pixels of an output picture look in the input, composed lazily."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels import fields, matrices
from keras_segaug.kernels.fields import pixels


class Points:
    """One point of the input for every pixel of an output of `height` x `width`.

    As long as every step is a matrix, only the matrix is kept. A field turns the points
    into a grid, and later matrices act on the grid.
    """

    def __init__(self, height, width, matrix=matrices.IDENTITY, grid=None):
        self.height = height
        self.width = width
        self._matrix = matrix
        self._grid = grid

    @property
    def is_identity(self):
        return self._grid is None and self._matrix is matrices.IDENTITY

    @property
    def matrix(self):
        """The matrix that makes these points, or None where it is not one matrix."""
        return self._matrix if self._grid is None else None

    def moved(self, step, inverse=False):
        """These points, moved by a matrix or by a function as in `kernels.fields`."""
        if step is matrices.IDENTITY:
            return self
        if inverse:
            step = fields.inverse(step) if callable(step) else matrices.inverse(step)
        if callable(step):
            return Points(self.height, self.width, grid=step(*self.grid()))
        return Points(self.height, self.width, matrices.compose(step, self._matrix), self._grid)

    @staticmethod
    def select(condition, points, other):
        """Per sample, by a condition (B,)."""
        if points._grid is None and other._grid is None:
            matrix = matrices.select(condition, points._matrix, other._matrix)
            return Points(points.height, points.width, matrix)
        condition = ops.reshape(condition, (-1, 1, 1))
        pairs = zip(points.grid(), other.grid(), strict=True)
        grid = tuple(ops.where(condition, a, b) for a, b in pairs)
        return Points(points.height, points.width, grid=grid)

    def grid(self):
        """(columns, rows): float32, each broadcasts to (B, height, width)."""
        x, y = self._grid or (
            pixels(self.width, (1, 1, -1)),
            pixels(self.height, (1, -1, 1)),
        )
        return _followed(_per_sample(matrices.computed_once(self._matrix)), x, y)

    def in_rows(self, batch):
        """(place, per_sample, per_row), as `resample.read_rows` takes them, for so many samples.

        A grid would have to be written and read; where there is none, points are worked out
        in registers.
        """
        if self._grid is not None:
            columns, rows = self.grid()
            if columns.shape[1] == 1 and rows.shape[2] == 1:
                columns = ops.broadcast_to(columns, (batch, 1, self.width))
                rows = ops.broadcast_to(rows, (batch, self.height, 1))
                return lambda *points: points, [columns], [rows]
            shape = (batch, self.height, self.width)
            return lambda *points: points, [], [ops.broadcast_to(x, shape) for x in (columns, rows)]
        matrix = _per_sample(matrices.computed_once(self._matrix))
        entries = [entry for row in matrix for entry in row if not isinstance(entry, float)]

        def place(*parts):
            values = iter(parts[:-1])
            filled = [[x if isinstance(x, float) else next(values) for x in row] for row in matrix]
            return _followed(filled, pixels(self.width, (1, -1)), parts[-1])

        rows = ops.broadcast_to(pixels(self.height, (1, -1, 1)), (batch, self.height, 1))
        return place, [ops.broadcast_to(x, (batch, 1, 1)) for x in entries], [rows]


def _followed(matrix, x, y):
    """Where a matrix, its entries (..., 1, 1), sends points (x, y)."""
    columns, rows, scale = (_line(row, x, y) for row in matrix)
    if matrices.is_affine(matrix):
        return columns, rows
    return columns / scale, rows / scale


def _line(row, x, y):
    """a x + b y + c; a coefficient that is 0 leaves its axis out, which keeps the result small."""
    a, b, c = row
    terms = [k * v for k, v in ((a, x), (b, y)) if not (isinstance(k, float) and k == 0.0)]
    return sum(terms, c) if terms else c + 0.0 * x


def _per_sample(matrix):
    """The matrix, its tensors (B, 1, 1)."""

    def shaped(entry):
        if isinstance(entry, float):
            return entry
        return ops.reshape(ops.convert_to_tensor(entry, dtype="float32"), (-1, 1, 1))

    return [[shaped(entry) for entry in row] for row in matrix]
