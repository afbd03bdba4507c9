"""Lookup of pixels at real coordinates: one gather a tap, any border, any dtype."""

from keras_segaug.backend import gather_rows, ops


def resample(pixels, columns, rows, interpolation, fill_mode, fill_value):
    """Reads a batch of pictures at points.

    Args:
        pixels: (B, H, W, C), any dtype.
        columns: float32, broadcasts to (B, h, w): where to look along the width.
        rows: the same along the height.
        interpolation: "nearest" (which keeps the dtype), "bilinear" or "bicubic"
            (which return float32).
        fill_mode: what lies outside the picture: "reflect" (d c b a|a b c d|d c b a),
            "wrap", "nearest" or "constant".
        fill_value: for "constant", a number or one number a channel.

    Returns:
        (B, h, w, C).
    """
    batch, height, width, channels = ops.shape(pixels)
    table = ops.reshape(pixels, (-1, channels))
    first = ops.reshape(ops.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    fill_value = ops.cast(ops.convert_to_tensor(fill_value), pixels.dtype)

    def read(column, row):
        inside_column, column = border(column, width, fill_mode)
        inside_row, row = border(row, height, fill_mode)
        values = gather_rows(table, first + row * width + column)
        if fill_mode != "constant":
            return values
        return ops.where((inside_column & inside_row)[..., None], values, fill_value)

    if interpolation == "nearest":
        return read(nearest_index(columns), nearest_index(rows))
    result = 0.0
    for row, row_weight in taps(rows, interpolation):
        for column, column_weight in taps(columns, interpolation):
            weight = (row_weight * column_weight)[..., None]
            result = result + weight * ops.cast(read(column, row), "float32")
    return result


def nearest_index(position):
    """The pixel a position lies on: pixel i reaches from i - 0.5 up to, not including, i + 0.5."""
    return ops.cast(ops.floor(position + 0.5), "int32")


def taps(position, interpolation):
    """The pixels a position is blended from along one axis, with their weights."""
    first = ops.floor(position)
    index, t = ops.cast(first, "int32"), position - first
    if interpolation == "bilinear":
        return [(index, 1.0 - t), (index + 1, t)]
    # Cubic convolution with a = -1/2 (Keys, IEEE Trans. ASSP 29, 1981), as tf.image and Pillow.
    weights = (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    return [(index + offset, weight) for offset, weight in zip(range(-1, 3), weights, strict=True)]


def border(index, size, fill_mode):
    """(is the index inside the picture?, the valid index that stands for it)."""
    inside = (index >= 0) & (index < size)
    if fill_mode == "wrap":
        return inside, ops.mod(index, size)
    if fill_mode == "reflect":
        folded = ops.mod(index, 2 * size)
        return inside, ops.minimum(folded, 2 * size - 1 - folded)
    return inside, ops.clip(index, 0, size - 1)
