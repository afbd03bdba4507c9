"""Gaussian blur with a sigma a sample."""

from keras_segaug.backend import ops
from keras_segaug.kernels.blocks import in_row_blocks


def gaussian_blur(images, sigma, radius_y, radius_x):
    """Blurs float32 images (B, H, W, C), mirrored at their borders.

    Args:
        images: the images.
        sigma: (B, 1, 1, 1), in pixels; 0 leaves the image as it is.
        radius_y: the kernel covers 2 * radius_y + 1 rows.
        radius_x: the same for columns.
    """
    batch = ops.shape(images)[0]
    sigmas = ops.broadcast_to(ops.reshape(sigma, (-1, 1, 1)), (batch, 1, 1))

    def along_rows(sigmas, images):
        return [_blur(images, -2, radius_x, sigmas[..., None])]

    (images,) = in_row_blocks(along_rows, [images], [sigmas])
    return _blur(images, -3, radius_y, sigma)


def _blur(images, axis, radius, sigma):
    weights = [ops.exp(-0.5 * (i / ops.maximum(sigma, 1e-3)) ** 2) for i in range(radius + 1)]
    total = weights[0] + 2.0 * sum(weights[1:])
    axis = len(images.shape) + axis
    size = ops.shape(images)[axis]
    padded = _mirror(images, axis, radius, size)

    def shifted(offset):
        window = [slice(None)] * len(images.shape)
        window[axis] = slice(offset, offset + size)
        return padded[tuple(window)]

    result = shifted(radius) * (weights[0] / total)
    for i in range(1, radius + 1):
        pair = shifted(radius - i) + shifted(radius + i)
        result = result + pair * (weights[i] / total)
    return result


def _mirror(images, axis, radius, size):
    """Pads by `radius` with d c b a|a b c d|d c b a; any radius, also beyond the picture."""
    index = ops.mod(ops.arange(-radius, size + radius, dtype="int32"), 2 * size)
    return ops.take(images, ops.minimum(index, 2 * size - 1 - index), axis=axis)
