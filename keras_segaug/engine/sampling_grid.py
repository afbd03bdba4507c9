"""Where the pixels of an output image look in the input, composed lazily."""

from functools import reduce
from operator import or_

from keras_segaug.core.backend import ops
from keras_segaug.engine.maps import Either
from keras_segaug.kernels import matrices
from keras_segaug.kernels.fields import pixel_grid, pixels
from keras_segaug.kernels.matrices import Matrix, as_float
from keras_segaug.kernels.samplers import fold
from keras_segaug.kernels.windows import FAR, Confined


class SamplingGrid:
    """One point of the input for every pixel of an output of this size.

    As long as every map is a matrix, only the matrix is kept. Any other map turns the points
    into a grid, and later matrices act on the grid.

    Args:
        size: of the output.
        matrix: a `Matrix`.
        grid: one tensor for each axis, each of which broadcasts to (B, *size).
        source: int32 (B, *size), the sample that each point looks in; None: its own.
    """

    def __init__(self, size, matrix=None, grid=None, source=None):
        self.size = tuple(size)
        self._matrix = matrix or matrices.identity(len(self.size))
        self._grid = grid
        self.source = source

    def moved(self, map):
        """These points, moved by a map."""
        if isinstance(map, Matrix):
            if map is matrices.identity(len(self.size)):
                return self
            return self._with(matrices.compose(map, self._matrix), self._grid)
        if isinstance(map, Either):
            return self.select(map.condition, self.moved(map.first), self.moved(map.second))
        if isinstance(map, Confined):
            return self._with(None, map.move(self.moved(map.matrix).grid()))
        return self._with(None, map.move(self.grid()))

    def looking_into(self, source):
        """The same points in other samples, int32 (B,)."""
        shape = (-1, *[1] * len(self.size))
        count = ops.shape(source)[0]
        source = ops.broadcast_to(ops.reshape(source, shape), (count, *self.size))
        return SamplingGrid(self.size, self._matrix, self._grid, source)

    def folded(self, fill_mode, size):
        """These points in an image of this size, those outside as the points that stand for them.

        Points that are to be filled stay outside.
        """
        if fill_mode == "constant" or self.is_unmoved():
            return self
        pairs = list(zip(self.grid(), size, strict=True))
        folded = [fold(axis, n, fill_mode, 0) for axis, n in pairs]
        if fill_mode == "wrap":
            # Beyond the last pixel comes half of the first one: as a place, it is that pixel.
            sizes = [as_float(n) for _, n in pairs]
            ends = zip(folded, sizes, strict=True)
            folded = [ops.where(axis >= n - 0.5, axis - n, axis) for axis, n in ends]
        return self._with(None, tuple(folded))

    def is_unmoved(self):
        """Does every pixel look at itself?"""
        return self._grid is None and self._matrix is matrices.identity(len(self.size))

    def _with(self, matrix, grid):
        return SamplingGrid(self.size, matrix, grid, self.source)

    @staticmethod
    def select(condition, one, other):
        """Chooses between two grids of one size by a condition, (B,) or (B, *size)."""
        per_sample = len(condition.shape) == 1
        if per_sample and one._grid is None and other._grid is None and one.source is other.source:
            return one._with(matrices.select(condition, one._matrix, other._matrix), None)
        if per_sample:
            condition = ops.reshape(condition, (-1, *[1] * len(one.size)))
        pairs = zip(one.grid(), other.grid(), strict=True)
        grid = tuple(ops.where(condition, a, b) for a, b in pairs)
        source = one.source
        if one.source is not other.source:
            given = other.source if one.source is None else one.source
            source = ops.where(condition, *(_sources(each.source, given) for each in (one, other)))
        return SamplingGrid(one.size, None, grid, source)

    def grid(self):
        """One float32 tensor for each axis, each of which broadcasts to (B, *size)."""
        grid = self._grid or pixel_grid(self.size)
        moved = _followed(_per_sample(matrices.materialized(self._matrix), len(grid)), grid)
        if self._grid is None or matrices.is_affine(self._matrix):
            return moved
        # What looks nowhere stays there: this would bring it back from infinity.
        nowhere = reduce(or_, [ops.abs(axis) > 0.5 * FAR for axis in grid])
        return tuple(ops.where(nowhere, -FAR, axis) for axis in moved)

    def in_rows(self, batch):
        """(place, per_sample, per_row, source), as `samplers.read_rows` takes them.

        A grid would have to be written and read; where there is none, points are computed
        in registers.
        """
        if self._grid is not None:
            rows, *others = grid = self.grid()
            shape = (batch, *self.size)
            if self.source is None and _is_in_lines(grid):
                rows = ops.broadcast_to(rows, (*shape[:2], *[1] * len(others)))
                others = [ops.broadcast_to(x, (batch, *ops.shape(x)[1:])) for x in others]
                return lambda *lines: (lines[-1], *lines[:-1]), others, [rows], None
            full = [ops.broadcast_to(x, shape) for x in grid]
            return lambda *points: points, [], full, self.source
        matrix = matrices.materialized(self._matrix)
        shaped = _per_sample(matrix, len(self.size))
        entries = [entry for row in shaped.rows for entry in row if not isinstance(entry, float)]
        others = self.size[1:]

        def place(*parts):
            values = iter(parts[:-1])
            filled = tuple(
                tuple(x if isinstance(x, float) else next(values) for x in row)
                for row in shaped.rows
            )
            # The axis of the batch is left out where the rows come without it.
            rank = len(parts[-1].shape)
            beside = [
                pixels(n, [1] * (rank - len(others) + i) + [-1] + [1] * (len(others) - i - 1))
                for i, n in enumerate(others)
            ]
            return _followed(Matrix(filled), (parts[-1], *beside))

        ones = [1] * len(others)
        rows = ops.broadcast_to(pixels(self.size[0], (1, -1, *ones)), (batch, self.size[0], *ones))
        singles = [ops.broadcast_to(x, (batch, 1, *ones)) for x in entries]
        return place, singles, [rows], self.source


def _sources(source, like):
    """The samples that points look in; None: each in its own, as many as `like` (B, *size) has."""
    if source is not None:
        return source
    own = ops.arange(ops.shape(like)[0], dtype="int32")
    return ops.reshape(own, (-1, *[1] * (len(like.shape) - 1)))


def _is_in_lines(grid):
    first, *others = grid
    lines = all(x.shape[1] == 1 for x in others)
    return lines and all(n == 1 for n in first.shape[2:])


def _followed(matrix, grid):
    """Where a matrix with entries (..., 1, 1) sends points."""
    *axes, scale = (_line(row, grid) for row in matrix.rows)
    return tuple(axes) if matrices.is_affine(matrix) else tuple(axis / scale for axis in axes)


def _line(row, grid):
    """a x + b y + c; a coefficient that is 0 leaves its axis out, which keeps the result small."""
    *factors, constant = row
    pairs = list(zip(factors, grid, strict=True))
    terms = [k * v for k, v in reversed(pairs) if not (isinstance(k, float) and k == 0.0)]
    return sum(terms, constant) if terms else constant + 0.0 * grid[-1]


def _per_sample(matrix, rank):
    """The matrix with its tensors as (B, 1, ..., 1)."""

    def shaped(entry):
        if isinstance(entry, float):
            return entry
        return ops.reshape(ops.convert_to_tensor(entry, dtype="float32"), (-1, *[1] * rank))

    return Matrix(tuple(tuple(shaped(entry) for entry in row) for row in matrix.rows))
