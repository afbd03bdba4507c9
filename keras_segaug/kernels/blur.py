"""Gaussian blur, each sample with its own sigma."""

import numbers

from keras_segaug.core.backend import ops
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import computed_once, one_after_the_other


def gaussian_blur(images, sigma, radius, gaps=False):
    """Blurs images (B, H, W, C), mirrored at their borders; the result is float32.

    Args:
        images: float32 or uint8.
        sigma: (B, 1, 1, 1), in pixels; 0 leaves the image as it is.
        radius: (y, x); the kernel covers 2 * y + 1 rows and 2 * x + 1 columns.
        gaps: may a value be NaN? It spreads as far as its weight is not 0.
    """
    batch, height, width, channels = ops.shape(images)
    radius_y, radius_x = radius
    # With width and channels as one axis, neighbors along it lie as far apart as there are
    # channels, and every value of a line is treated alike.
    line, wide = width * channels, (width + 2 * radius_x) * channels

    def with_margins(images):
        return ops.reshape(mirrored(images, 2, radius_x, width), (batch, height, wide))

    def along_lines(lines):
        blurred = _blurred(lines, 2, line, channels, _weights(sigma, radius_x), gaps)
        return mirrored(blurred, 1, radius_y, height)

    tall = height + 2 * radius_y
    steps = [
        (with_margins, (batch, height, wide), dtype_of(images)),
        (along_lines, (batch, tall, line), "float32"),
    ]
    lines = one_after_the_other(steps, images)
    blurred = _blurred(lines, 1, height, 1, _weights(sigma, radius_y), gaps)
    return ops.reshape(blurred, (batch, height, width, channels))


@computed_once
def _weights(sigma, radius):
    """The weights of the middle, and of the pixels 1 .. radius beside it: (B, 1, 1) each."""
    sigma = ops.maximum(ops.reshape(sigma, (-1, 1, 1)), 1e-3)
    weights = [ops.exp(-0.5 * (i / sigma) ** 2) for i in range(radius + 1)]
    total = weights[0] + 2.0 * sum(weights[1:])
    return [weight / total for weight in weights]


def _blurred(padded, axis, size, step, weights, gaps):
    """The weighted sum of values that lie a multiple of `step` apart along an axis."""
    radius = len(weights) - 1

    def shifted(offset):
        window = [slice(None)] * len(padded.shape)
        window[axis] = slice(step * offset, step * offset + size)
        return padded[tuple(window)]

    result = ops.cast(shifted(radius), "float32") * weights[0]
    for i in range(1, radius + 1):
        pair = sum_of([shifted(radius - i), shifted(radius + i)])
        # 0 times NaN is NaN.
        pair = ops.where(weights[i] > 0.0, pair, 0.0) if gaps else pair
        result = result + pair * weights[i]
    return result


def sum_of(values):
    """At most 128 tensors of one shape, float32 or uint8, added up: float32."""
    if dtype_of(values[0]) != "uint8":
        return sum(values)
    return ops.cast(sum(ops.cast(each, "int16") for each in values), "float32")


def mirrored(images, axis, radius, size):
    """Pads by `radius` with d c b a|a b c d|d c b a; the radius may exceed the image."""
    if isinstance(size, numbers.Integral) and radius <= size:
        first, last = [slice(None)] * len(images.shape), [slice(None)] * len(images.shape)
        first[axis], last[axis] = slice(0, radius), slice(size - radius, size)
        parts = [ops.flip(images[tuple(part)], axis=axis) for part in (first, last)]
        return ops.concatenate([parts[0], images, parts[1]], axis=axis)
    index = ops.mod(ops.arange(-radius, size + radius, dtype="int32"), 2 * size)
    return ops.take(images, ops.minimum(index, 2 * size - 1 - index), axis=axis)
