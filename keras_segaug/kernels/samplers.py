"""Lookup of pixels at real coordinates: one gather a tap, any border, any dtype."""

from keras_segaug.core.backend import gather_rows, ops
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.xla_cpu.blocks import in_row_blocks

# Points this near to the middle of a pixel lie on it: it is what float32 loses of a coordinate.
_ON_PIXEL = 2.0**-13


def reader(pixels, interpolation, fill_mode, fill_value):
    """Prepares a batch of pictures for lookups.

    Args:
        pixels: (B, H, W, C), any dtype.
        interpolation: "nearest" (which keeps the dtype), "bilinear" or "bicubic"
            (which return float32).
        fill_mode: what lies outside the picture: "reflect" (d c b a|a b c d|d c b a),
            "wrap", "nearest" or "constant".
        fill_value: for "constant", a number or one number a channel.

    NaN spreads no further than it is blended: a point on a pixel reads that pixel alone.

    Returns:
        A function (samples, columns, rows) -> (..., h, w, C). Columns and rows are float32
        (..., h, w), where to look along the width and the height; samples are int32
        (..., 1, 1), in which picture.
    """
    height, width, channels = ops.shape(pixels)[1:]
    table = ops.reshape(pixels, (-1, channels))
    fill_value = ops.cast(ops.convert_to_tensor(fill_value), pixels.dtype)

    def tap(samples, column, row):
        inside_column, column = border(column, width, fill_mode)
        inside_row, row = border(row, height, fill_mode)
        values = gather_rows(table, samples * (height * width) + row * width + column)
        if fill_mode != "constant":
            return values
        return ops.where((inside_column & inside_row)[..., None], values, fill_value)

    def read(samples, columns, rows):
        reach = 2 if interpolation == "bicubic" else 1 if fill_mode == "constant" else 0
        columns = fold(columns, width, fill_mode, reach)
        rows = fold(rows, height, fill_mode, reach)
        if interpolation == "nearest":
            return tap(samples, nearest_index(columns), nearest_index(rows))
        result = 0.0
        for row, row_weight in taps(rows, interpolation):
            for column, column_weight in taps(columns, interpolation):
                weight = (row_weight * column_weight)[..., None]
                value = weight * ops.cast(tap(samples, column, row), "float32")
                # What has no share has no say, be it no number.
                result = result + ops.where(weight == 0.0, 0.0, value)
        return result

    return read


def read_batch(readers, columns, rows, batch):
    """Reads with each of the readers at points (B, h, w), or what broadcasts to that."""
    shape = (batch, *ops.shape(columns + rows)[1:])
    points = [ops.broadcast_to(x, shape) for x in (columns, rows)]
    return read_rows(readers, lambda *points: points, [], points)


def read_rows(readers, place, per_sample, per_row):
    """Reads with each of the readers at points that are worked out where they are needed.

    Args:
        readers: as `reader` returns them.
        place: a function (*per_sample, *per_row) -> (columns, rows) of some of the rows.
        per_sample: tensors (B, 1, n).
        per_row: tensors (B, h, w) or (B, h, 1).
    """
    samples = ops.reshape(ops.arange(ops.shape(per_row[0])[0], dtype="int32"), (-1, 1, 1))

    def read(samples, *parts):
        return [each(samples, *place(*parts)) for each in readers]

    return in_row_blocks(read, per_row, [samples, *per_sample])


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
    """Brings positions to at most `reach` pixels outside the picture; the result stays the same.

    Mirroring and repeating act on the position itself, which is the same as on the pixels, since
    the interpolation is symmetric. Integer remainders, one a tap, would cost more.
    """
    size = as_float(size)
    if fill_mode == "reflect":
        place = position + 0.5
        period = 2.0 * size
        position = ops.abs(place - period * ops.round(place * (1.0 / period))) - 0.5
    elif fill_mode == "wrap":
        position = position - size * ops.floor(position / size)
        return ops.where(position < size, position, 0.0)
    return ops.clip(position, -1.0 * reach, size - 1.0 + reach)


def border(index, size, fill_mode):
    """(is the index inside the picture?, the valid index that stands for it).

    The index is at most a few pixels outside, as `fold` leaves it.
    """
    inside = (index >= 0) & (index < size)
    if fill_mode == "wrap":
        index = ops.where(index < 0, index + size, ops.where(index < size, index, index - size))
    elif fill_mode == "reflect":
        index = ops.where(
            index < 0, -1 - index, ops.where(index < size, index, 2 * size - 1 - index)
        )
    # A picture of one pixel is shorter than the reach of a cubic.
    return inside, ops.clip(index, 0, size - 1)
