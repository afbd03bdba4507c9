"""Smooth maps of the plane that are no matrix: functions from points (x, y) to points.

Each is made for a batch of pictures of one size and takes and returns float32 (columns, rows), in
pixels, each of which broadcasts to (B, h, w).
"""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.samplers import read_batch, reader

# Of a cubic B-spline surface through independent control values: its standard deviation as a share
# of theirs, averaged over a cell (the B-spline of degree 7 at 0, the square of it in the plane).
SPLINE_DEVIATION = 151.0 / 315.0
# The distance at which the correlation of two of its values falls to 1 / e, in cells: there the
# B-spline of degree 7 is 1 / e of what it is at 0.
SPLINE_CORRELATION = 1.1846959
# With every control value below this share of a cell the map has no fold (Choi and Lee,
# "Injectivity conditions of 2D and 3D uniform cubic B-spline functions",
# Graphical Models 62, 2000).
SPLINE_NO_FOLD = 1.0 / 2.479472335

_NEWTON_STEPS = 8
# How near, in pixels, a solution must come to be one, and where points without one go.
_FOUND, _FAR = 0.05, -1e6


def spline_displacement(control_x, control_y, cells, height, width):
    """Points moved by a cubic B-spline surface over a coarse grid of control values.

    Args:
        control_x: (B, n, n), by how much, in fractions of the width; rows first. Value (i, j)
            sits at (i - 1) / cells of the height and (j - 1) / cells of the width.
        control_y: the same for the height.
        cells: how many cells fit into the height and the width, a number.
        height: of the picture.
        width: of the picture.
    """
    count = control_x.shape[-1]

    def weights(place, size):
        # Beyond the picture its edge counts.
        place = ops.clip((place + 0.5) / as_float(size), 0.0, 1.0) * cells + 1.0
        distance = ops.abs(place[..., None] - ops.cast(ops.arange(count, dtype="int32"), "float32"))
        outer, inner = ops.relu(2.0 - distance), ops.relu(1.0 - distance)
        return (outer * outer * outer - 4.0 * inner * inner * inner) / 6.0

    def at_lines(columns, rows):
        """For columns (., 1, w) and rows (., h, 1), as long as nothing has turned them."""
        across = ops.transpose(weights(columns[:, 0, :], width), (0, 2, 1))
        down = weights(rows[:, :, 0], height)
        return [
            ops.matmul(down, ops.matmul(control, across)) * as_float(size)
            for control, size in ((control_x, width), (control_y, height))
        ]

    def at_any(columns, rows):
        """Reads the field of the picture's own pixels: 16 control values a point cost more."""
        lines = (pixels(width, (1, 1, -1)), pixels(height, (1, -1, 1)))
        field = reader(ops.stack(at_lines(*lines), axis=-1), "bilinear", "nearest", 0.0)
        batch = ops.shape(control_x)[0]
        [found] = read_batch([field], columns, rows, batch)
        return found[..., 0], found[..., 1]

    def move(columns, rows):
        in_lines = columns.shape[1] == 1 and rows.shape[2] == 1
        x, y = (at_lines if in_lines else at_any)(columns, rows)
        return columns + x, rows + y

    return move


def radial(factor, height, width):
    """Points moved along the line from the centre, from radius r to r (1 + factor r^2).

    The radius is 1 in the corners. Brown's model of lens distortion with its first coefficient
    alone (Photogrammetric Engineering 32, 1966). `factor` is (B,).
    """
    x_centre, y_centre = (as_float(width) - 1.0) / 2.0, (as_float(height) - 1.0) / 2.0
    corner = (as_float(width) * as_float(width) + as_float(height) * as_float(height)) / 4.0
    factor = ops.reshape(factor, (-1, 1, 1)) / corner

    def move(columns, rows):
        x, y = columns - x_centre, rows - y_centre
        stretch = factor * (x * x + y * y)
        return columns + x * stretch, rows + y * stretch

    return move


class Stepped:
    """Points moved so that equal cells of the picture show unequal ones, along each axis.

    `widths` and `heights` are (B, n): the shares of the cells, which sum to 1. Between the
    lines the points are spread evenly.
    """

    def __init__(self, widths, heights, height, width):
        self._even = ops.full_like(widths, 1.0 / widths.shape[-1])
        self._widths, self._heights = widths, heights
        self._height, self._width = height, width

    def __call__(self, columns, rows):
        return (
            _spread(columns, self._even, self._widths, self._width),
            _spread(rows, self._even, self._heights, self._height),
        )

    def inverse(self, columns, rows):
        return (
            _spread(columns, self._widths, self._even, self._width),
            _spread(rows, self._heights, self._even, self._height),
        )


def _spread(place, shares, new_shares, size):
    """From cells of these shares of an axis into cells of the new ones."""
    count = shares.shape[-1]
    place, start, result = (place + 0.5) / as_float(size), 0.0, 0.0
    for cell in range(count):
        share, new = (ops.reshape(each[:, cell], (-1, 1, 1)) for each in (shares, new_shares))
        part = (place - start) / share
        # The first and the last cell go on beyond the picture.
        part = part if cell == 0 else ops.maximum(part, 0.0)
        part = part if cell == count - 1 else ops.minimum(part, 1.0)
        start, result = start + share, result + new * part
    return result * as_float(size) - 0.5


def inverse(move):
    """The map that undoes `move`: its own, or Newton's method on every point.

    Points that `move` reaches from nowhere near are sent far outside the picture.
    """
    if hasattr(move, "inverse"):
        return move.inverse

    def undo(columns, rows):
        x, y = columns + 0.0 * rows, rows + 0.0 * columns
        for _ in range(_NEWTON_STEPS):
            x, y = _newton_step(move, x, y, columns, rows)
        at_x, at_y = move(x, y)
        found = ops.maximum(ops.abs(at_x - columns), ops.abs(at_y - rows)) < _FOUND
        return ops.where(found, x, _FAR), ops.where(found, y, _FAR)

    return undo


def _newton_step(move, x, y, columns, rows):
    """Nearer to the point that `move` brings to (columns, rows)."""
    at_x, at_y = move(x, y)
    right_x, right_y = move(x + 0.5, y)
    below_x, below_y = move(x, y + 0.5)
    # The four derivatives, by differences over half a pixel.
    a, b = 2.0 * (right_x - at_x), 2.0 * (below_x - at_x)
    c, d = 2.0 * (right_y - at_y), 2.0 * (below_y - at_y)
    scale = 1.0 / (a * d - b * c)
    missing_x, missing_y = columns - at_x, rows - at_y
    x = x + scale * (d * missing_x - b * missing_y)
    y = y + scale * (a * missing_y - c * missing_x)
    return x, y


def pixels(count, shape):
    return ops.reshape(ops.cast(ops.arange(count, dtype="int32"), "float32"), shape)
