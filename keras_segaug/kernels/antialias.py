"""Resizing that blends all pixels an output pixel covers, not only its nearest neighbors.

Each axis is resized separately, as a product with a matrix of weights: the interpolation's kernel
(a triangle, or that of Keys), widened by as much as the image shrinks. Pillow,
`jax.image.resize` and `tf.image.resize(antialias=True)` do the same.
"""

from typing import Any, NamedTuple

from keras_segaug.core.backend import ops
from keras_segaug.kernels.fields import pixels
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.samplers import fold
from keras_segaug.kernels.sampling import as_eight_bits, dtype_of, filled_with

# What float32 leaves of a share of 0, out of 1.
_NO_SHARE = 1e-6


class Axis(NamedTuple):
    """Along one axis: a window of the input that fills a part of the output, in pixels."""

    # Of the input: its pixels, and the window.
    size: Any
    start: Any
    length: Any
    # Of the output: its pixels, and the part that the window fills.
    result: Any
    first: Any
    shown: Any


def resize(images, axes, interpolation, fill_mode, fill_value):
    """Resizes a window of images so that it fills a part of the result.

    Args:
        images: (B, H, W, C), any dtype.
        axes: the two `Axis`, of the height and of the width.
        interpolation: "bilinear" or "bicubic".
        fill_mode: what the result shows outside of the resized window.
        fill_value: for "constant"; rounded where the images are integers.

    Returns:
        (B, h, w, C), as `sampling.look_up` returns images. A value that is not finite turns
        everything that it has a share in into NaN.
    """
    values = ops.cast(images, "float32")
    weights = [_weights(axis, interpolation, fill_mode) for axis in axes]
    if "int" in dtype_of(images):
        result = _blended(values, weights)
    else:
        result = _blended_with_gaps(values, weights)
    if fill_mode == "constant":
        rows, columns = (_is_shown(axis) for axis in axes)
        inside = ops.reshape(rows, (1, -1, 1, 1)) & ops.reshape(columns, (1, 1, -1, 1))
        result = ops.where(inside, result, filled_with(images, fill_value))
    return as_eight_bits(result) if dtype_of(images) == "uint8" else result


def _weights(axis, interpolation, fill_mode):
    """(h, H): how much each pixel of the output takes of each pixel of the input."""
    place = pixels(axis.result, (-1, 1)) - axis.first
    # Outside of the window the result shows pixels of the resized window.
    place = ops.floor(fold(place, axis.shown, fill_mode, 0) + 0.5)
    scale = axis.length / axis.shown
    middle = axis.start + (place + 0.5) * scale - 0.5
    pixel = pixels(axis.size, (1, -1))
    distance = ops.abs(pixel - middle) / ops.maximum(scale, 1.0)
    weights = triangle(distance) if interpolation == "bilinear" else keys(distance)
    inside = (pixel >= axis.start) & (pixel < axis.start + axis.length)
    weights = ops.where(inside, weights, 0.0)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def triangle(distance):
    return ops.maximum(1.0 - distance, 0.0)


def keys(distance):
    """Cubic convolution with a = -1/2, as in `samplers`."""
    near = (1.5 * distance - 2.5) * distance * distance + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return ops.where(distance < 1.0, near, ops.where(distance < 2.0, far, 0.0))


def _is_shown(axis):
    place = pixels(axis.result, (-1,)) - axis.first
    return (place >= 0.0) & (place < axis.shown)


def _blended(values, weights):
    rows, columns = weights
    return across(across(values, rows), columns)


def across(values, weights):
    """(B, n, m, C) and (k, n), or (B, k, n) -> (B, m, k, C): two calls do both axes."""
    _, size, other, channels = ops.shape(values)
    lines = matmul(weights, ops.reshape(values, (-1, size, other * channels)))
    found = ops.reshape(lines, (-1, ops.shape(weights)[-2], other, channels))
    return ops.transpose(found, (0, 2, 1, 3))


def _blended_with_gaps(values, weights):
    """Gives NaN only where a gap has a share. A product would spread it: 0 times NaN is NaN."""
    held = ops.isfinite(values)
    found = _blended(ops.where(held, values, 0.0), weights)
    missing = _blended(1.0 - ops.cast(held, "float32"), [ops.abs(each) for each in weights])
    return ops.where(missing > _NO_SHARE, float("nan"), found)
