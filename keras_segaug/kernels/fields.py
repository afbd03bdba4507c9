"""Smooth maps that are not matrices.

Each is made for a batch of images of one size. `move` takes and returns a grid: one float32 tensor
for each axis, in the order of the array, in pixels, each of which broadcasts to (B, *size).
`move_back` is its inverse.
"""

from typing import Any

from keras_segaug.core.backend import ops
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.samplers import read_batch, sampler
from keras_segaug.kernels.values import Value
from keras_segaug.kernels.windows import FAR

# The standard deviation of a cubic B-spline surface through independent control values, as a share
# of theirs, averaged over a cell (the B-spline of degree 7 at 0, the square of it in the plane).
SPLINE_DEVIATION = 151.0 / 315.0
# The distance, in cells, at which the correlation of two values of the surface falls to 1 / e:
# there the B-spline of degree 7 is 1 / e of what it is at 0.
SPLINE_CORRELATION = 1.1846959
# With every control value below this share of a cell the map has no fold (Choi and Lee,
# "Injectivity conditions of 2D and 3D uniform cubic B-spline functions",
# Graphical Models 62, 2000).
SPLINE_NO_FOLD = 1.0 / 2.479472335

_NEWTON_STEPS = 8
# How near, in pixels, a solution must come to count as one.
_FOUND = 0.05


class Field(Value):
    """Base of the maps in this module."""

    # Does it only look at pixels of the image, never beyond its border?
    inside = False

    def move(self, grid):
        """Where the points of a grid look."""
        raise NotImplementedError

    def _moved(self, grid):
        """The same as one formula for all points, which has derivatives."""
        return self.move(grid)

    def move_back(self, grid):
        """The points that look at those of a grid, by Newton's method.

        Points that nothing looks at are sent far outside the image.
        """
        # At full size: each point is solved for separately.
        points = [sum((0.0 * other for other in grid), axis) for axis in grid]
        for _ in range(_NEWTON_STEPS):
            points = _newton_step(self._moved, points, grid)
        missing = [ops.abs(a - b) for a, b in zip(self._moved(points), grid, strict=True)]
        worst = missing[0]
        for other in missing[1:]:
            worst = ops.maximum(worst, other)
        pairs = zip(points, grid, strict=True)
        return tuple(ops.where(worst < _FOUND, point, _nowhere(axis)) for point, axis in pairs)


class SplineDisplacement(Field):
    """Points moved by a cubic B-spline surface over a coarse grid of control values.

    Args:
        controls: for each axis (B, n, ..., n): displacements in fractions of the size. Value i
            along an axis sits at (i - 1) / cells of the size.
        cells: how many cells fit into the size along each axis, a number.
        size: of the image.
    """

    controls: tuple
    cells: float
    size: tuple

    def move(self, grid):
        moved = self._at_lines(grid) if _is_in_lines(grid) else self._at_any(grid)
        return tuple(a + b for a, b in zip(grid, moved, strict=True))

    def _at_lines(self, grid):
        """For axes that vary only along themselves, which holds until something rotates them."""
        weights = [
            ops.transpose(self._weights(_as_line(line, axis), size), (0, 2, 1))
            for axis, (line, size) in enumerate(zip(grid, self.size, strict=True))
        ]
        pairs = zip(self.controls, self.size, strict=True)
        return [_contracted(control, weights) * as_float(size) for control, size in pairs]

    def _weights(self, place, size):
        """(B, points, control values) of places (B, points) along one axis."""
        # Points outside the image move as its edge does.
        place = ops.clip((place + 0.5) / as_float(size), 0.0, 1.0) * self.cells + 1.0
        count = self.controls[0].shape[-1]
        distance = ops.abs(place[..., None] - ops.cast(ops.arange(count, dtype="int32"), "float32"))
        outer, inner = ops.relu(2.0 - distance), ops.relu(1.0 - distance)
        return (outer * outer * outer - 4.0 * inner * inner * inner) / 6.0

    def _at_any(self, grid):
        """Interpolates the field of the image's pixels: 16 control values each would cost more."""
        field = ops.stack(self._at_lines(pixel_grid(self.size)), axis=-1)
        read = sampler(field, "bilinear", "nearest", 0.0)
        [found] = read_batch([read], grid, ops.shape(self.controls[0])[0])
        return [found[..., axis] for axis in range(len(self.size))]


def _contracted(control, weights):
    """The surface (B, *size) of controls (B, n, ..., n) and weights (B, n, size) for each axis."""
    for each in weights:
        batch, first, *rest = ops.shape(control)
        # Each step moves the first axis to the end: after all axes the order is the original one.
        lines = ops.reshape(control, (batch, first, -1))
        lines = matmul(ops.transpose(lines, (0, 2, 1)), each)
        control = ops.reshape(lines, (batch, *rest, ops.shape(each)[-1]))
    return control


class Radial(Field):
    """Points moved along the line from the center, from radius r to r (1 + factor r^2).

    The radius is 1 in the corners. Brown's model of lens distortion with only its first
    coefficient (Photogrammetric Engineering 32, 1966).

    With a negative factor this turns back somewhere beyond the corners: points farther out look
    at what points inside look at already, in the end through the center, at the other side.

    Args:
        factor: (B,), above -1/3.
        size: of the image.
        separate: are points beyond the turn to be filled? They are sent far away.
    """

    factor: Any
    size: tuple
    separate: bool = False

    def move(self, grid):
        moved = self._moved(grid)
        return self._without_turned(grid, moved) if self.separate else moved

    def move_back(self, grid):
        found = super().move_back(grid)
        # Beyond the turn lies a second solution, which is not what the lens shows.
        return self._without_turned(found, found)

    def _moved(self, grid):
        from_center, stretch = self._stretch(grid)
        return tuple(a + each * stretch for a, each in zip(grid, from_center, strict=True))

    def _stretch(self, grid):
        corner = sum(as_float(n) * as_float(n) for n in reversed(self.size)) / 4.0
        factor = ops.reshape(self.factor, (-1, *[1] * len(self.size))) / corner
        from_center = [
            axis - (as_float(n) - 1.0) / 2.0 for axis, n in zip(grid, self.size, strict=True)
        ]
        return from_center, factor * sum(each * each for each in reversed(from_center))

    def _without_turned(self, grid, moved):
        _, stretch = self._stretch(grid)
        turned = stretch < -1.0 / 3.0
        return tuple(ops.where(turned, -FAR, axis) for axis in moved)


class Stepped(Field):
    """Points moved so that equal cells of the image show unequal ones, along each axis.

    Args:
        shares: for each axis (B, n): the shares of the cells, which sum to 1. Within a cell
            the points are spread evenly.
        size: of the image.
    """

    shares: tuple
    size: tuple
    inside = True

    def move(self, grid):
        triples = zip(grid, self.shares, self.size, strict=True)
        return tuple(_spread(axis, _even(shares), shares, n) for axis, shares, n in triples)

    def move_back(self, grid):
        triples = zip(grid, self.shares, self.size, strict=True)
        return tuple(_spread(axis, shares, _even(shares), n) for axis, shares, n in triples)


def _even(shares):
    return ops.full_like(shares, 1.0 / shares.shape[-1])


def _spread(place, shares, new_shares, size):
    """Moves places from cells with these shares of an axis into cells with the new ones."""
    count, one = shares.shape[-1], [1] * (len(place.shape) - 1)
    place, start, result = (place + 0.5) / as_float(size), 0.0, 0.0
    for cell in range(count):
        share, new = (ops.reshape(each[:, cell], (-1, *one)) for each in (shares, new_shares))
        part = (place - start) / share
        # The first and the last cell go on beyond the image.
        part = part if cell == 0 else ops.maximum(part, 0.0)
        part = part if cell == count - 1 else ops.minimum(part, 1.0)
        start, result = start + share, result + new * part
    return result * as_float(size) - 0.5


def _nowhere(wanted):
    """Where points without a solution go; what was no number (a missing landmark) stays so."""
    return ops.where(ops.isnan(wanted), wanted, -FAR)


def _newton_step(move, points, wanted):
    """One step from `points` toward those that `move` brings to the wanted ones."""
    at = move(points)
    # The derivatives along each axis, by differences over half a pixel.
    slopes = []
    for axis in range(len(points)):
        beside = [p + 0.5 if i == axis else p for i, p in enumerate(points)]
        slopes.append([2.0 * (b - a) for a, b in zip(at, move(beside), strict=True)])
    missing = [w - a for w, a in zip(wanted, at, strict=True)]
    steps = _solved(slopes, missing)
    return [p + step for p, step in zip(points, steps, strict=True)]


def _solved(slopes, missing):
    """The steps with which slopes[axis][output] make up for what is missing: Cramer's rule."""
    scale = 1.0 / _determinant(slopes)
    places = range(len(missing))
    return [
        scale * _determinant([missing if i == k else slopes[i] for i in places]) for k in places
    ]


def _determinant(rows):
    if len(rows) == 1:
        return rows[0][0]
    first, *others = rows
    return sum(
        (1.0 if j % 2 == 0 else -1.0)
        * entry
        * _determinant([row[:j] + row[j + 1 :] for row in others])
        for j, entry in enumerate(first)
    )


def pixels(count, shape):
    return ops.reshape(ops.cast(ops.arange(count, dtype="int32"), "float32"), shape)


def pixel_grid(size):
    """Every pixel of an image, an axis broadcast along the others: (1, h, 1), (1, 1, w)."""
    n = len(size)
    shapes = [[1] * (axis + 1) + [-1] + [1] * (n - axis - 1) for axis in range(n)]
    return tuple(pixels(count, shape) for count, shape in zip(size, shapes, strict=True))


def _is_in_lines(grid):
    """Does each axis vary only along itself?"""
    return all(
        line.shape[other + 1] == 1
        for axis, line in enumerate(grid)
        for other in range(len(grid))
        if other != axis
    )


def _as_line(line, axis):
    """(B, points) of (B, 1, points, 1)."""
    return ops.reshape(line, (ops.shape(line)[0], ops.shape(line)[axis + 1]))
