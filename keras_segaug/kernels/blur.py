"""Gaussian blur with a sigma a sample."""

from keras_segaug.backend import ops


def gaussian_blur(images, sigma, radius_y, radius_x):
    """Blurs float32 images (B, H, W, C), mirrored at their borders.

    Args:
        images: the images.
        sigma: (B, 1, 1, 1), in pixels; 0 leaves the image as it is.
        radius_y: the kernel covers 2 * radius_y + 1 rows.
        radius_x: the same for columns.
    """
    for axis, radius in ((1, radius_y), (2, radius_x)):
        weights = [ops.exp(-0.5 * (i / ops.maximum(sigma, 1e-3)) ** 2) for i in range(radius + 1)]
        total = weights[0] + 2.0 * sum(weights[1:])
        size = ops.shape(images)[axis]
        padded = _mirror(images, axis, radius, size)

        def shifted(offset, padded=padded, axis=axis, size=size):
            window = [slice(None)] * 4
            window[axis] = slice(offset, offset + size)
            return padded[tuple(window)]

        images = shifted(radius) * (weights[0] / total)
        for i in range(1, radius + 1):
            pair = shifted(radius - i) + shifted(radius + i)
            images = images + pair * (weights[i] / total)
    return images


def _mirror(images, axis, radius, size):
    """Pads by `radius` with d c b a|a b c d|d c b a; any radius, also beyond the picture."""
    index = ops.mod(ops.arange(-radius, size + radius, dtype="int32"), 2 * size)
    return ops.take(images, ops.minimum(index, 2 * size - 1 - index), axis=axis)
