"""Lookup of pixels at real coordinates: one gather for each tap, any border, any dtype."""

import itertools
import math
from functools import reduce
from operator import and_

from keras_segaug.core.backend import gather_rows, name, ops, torch_backend
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import map_row_tiles

# Points this near to the middle of a pixel lie on it: float32 loses as much of a coordinate.
_ON_PIXEL = 2.0**-13


def sampler(pixels, interpolation, fill_mode, fill_value):
    """Prepares a batch of images for lookups.

    Args:
        pixels: (B, *size, C), any dtype, any number of spatial axes.
        interpolation: "nearest" (which keeps the dtype), "bilinear" or "bicubic"
            (which return float32).
        fill_mode: what lies outside the image: "reflect" (d c b a|a b c d|d c b a),
            "wrap", "nearest" or "constant".
        fill_value: for "constant", a number or one number per channel.

    NaN spreads no further than it is blended: a point on a pixel reads that pixel alone.

    Returns:
        A function (samples, grid) -> (..., h, w, C). The grid has one float32 tensor
        (..., h, w) for each axis, which says where to look along it; samples are int32, broadcast
        to that shape, and say in which image.
    """
    *size, channels = ops.shape(pixels)[1:]
    table = ops.reshape(pixels, (-1, channels))
    fill_value = ops.cast(ops.convert_to_tensor(fill_value), pixels.dtype)

    def tap(samples, indices):
        place, all_inside = samples, []
        for index, length in zip(indices, size, strict=True):
            inside, index = border(index, length, fill_mode)
            all_inside.append(inside)
            place = place * length + index
        values = gather_rows(table, place)
        if fill_mode != "constant":
            return values
        return ops.where(reduce(and_, all_inside)[..., None], values, fill_value)

    def read(samples, grid):
        reach = 2 if interpolation == "bicubic" else 1 if fill_mode == "constant" else 0
        grid = [fold(axis, n, fill_mode, reach) for axis, n in zip(grid, size, strict=True)]
        if interpolation == "nearest":
            return tap(samples, [nearest_index(axis) for axis in grid])
        result = 0.0
        for corner in itertools.product(*[taps(axis, interpolation) for axis in grid]):
            weight = math.prod([share for _, share in corner])[..., None]
            value = weight * ops.cast(tap(samples, [index for index, _ in corner]), "float32")
            # A tap without weight must not count, even if it is NaN.
            result = result + ops.where(weight == 0.0, 0.0, value)
        return result

    return read


def read_batch(samplers, grid, batch):
    """Reads with each of the samplers at a grid that is, or broadcasts to, (B, h, w)."""
    shape = (batch, *ops.shape(sum(grid))[1:])
    points = [ops.broadcast_to(x, shape) for x in grid]
    return read_rows(samplers, lambda *points: points, [], points)


def read_rows(samplers, place, per_sample, per_row, source=None):
    """Reads with each of the samplers at points that are computed where they are needed.

    Args:
        samplers: as `sampler` returns them.
        place: a function (*per_sample, *per_row) -> the grid of some of the rows.
        per_sample: tensors (B, 1, ...).
        per_row: tensors (B, h, ...).
        source: int32 (B, h, w), in which sample each point looks; None: in its own.
    """
    own = ops.arange(ops.shape(per_row[0])[0], dtype="int32")
    own = ops.reshape(own, (-1, *[1] * (len(per_row[0].shape) - 1)))
    count = len(per_sample)

    def read(own, *parts):
        rows = parts[count:]
        samples, rows = (own, rows) if source is None else (rows[0], rows[1:])
        return [each(samples, place(*parts[:count], *rows)) for each in samplers]

    rows = per_row if source is None else [source, *per_row]
    return map_row_tiles(read, rows, [own, *per_sample])


def nearest_index(position):
    """The pixel a position lies on: pixel i reaches from i - 0.5 up to, not including, i + 0.5."""
    return ops.cast(ops.floor(position + 0.5), "int32")


def taps(position, interpolation):
    """The pixels a position is blended from along one axis, with their weights.

    On a pixel all of them are that pixel: a neighbor of weight 0 may be NaN, and 0 times NaN
    is NaN.
    """
    first = ops.floor(position + _ON_PIXEL)
    index, t = ops.cast(first, "int32"), position - first
    step = ops.cast(t > _ON_PIXEL, "int32")
    if interpolation == "bilinear":
        return [(index, 1.0 - t), (index + step, t)]
    # Cubic convolution with a = -1/2 (Keys, IEEE Trans. ASSP 29, 1981), as tf.image and Pillow.
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    return [
        (index + offset * step, weight)
        for offset, weight in zip(range(-1, 3), weights, strict=True)
    ]


def fold(position, size, fill_mode, reach):
    """Brings positions to at most `reach` pixels outside the image; the result stays the same.

    Mirroring and repeating act on the position itself, which has the same result as on the pixels,
    since the interpolation is symmetric. Integer remainders, one for each tap, would cost more.
    """
    size = as_float(size)
    if fill_mode == "reflect" and name() == "torch":
        position = torch_backend().mirrored(position, size)
    elif fill_mode == "reflect":
        place = position + 0.5
        period = 2.0 * size
        position = ops.abs(place - period * ops.round(place * (1.0 / period))) - 0.5
    elif fill_mode == "wrap":
        position = position - size * ops.floor(position / size)
        return ops.where(position < size, position, 0.0)
    return ops.clip(position, -1.0 * reach, size - 1.0 + reach)


def border(index, size, fill_mode):
    """(is the index inside the image?, the valid index that stands for it).

    The index is at most a few pixels outside, as `fold` leaves it.
    """
    inside = (index >= 0) & (index < size)
    if fill_mode == "wrap":
        index = ops.where(index < 0, index + size, ops.where(index < size, index, index - size))
    elif fill_mode == "reflect":
        index = ops.where(
            index < 0, -1 - index, ops.where(index < size, index, 2 * size - 1 - index)
        )
    # An image of one pixel is shorter than the reach of a cubic.
    return inside, ops.clip(index, 0, size - 1)
