"""Images made smaller and large again, each sample by a scale of its own."""

from keras_segaug.core.backend import ops
from keras_segaug.kernels.antialias import across, keys, triangle
from keras_segaug.kernels.fields import pixels
from keras_segaug.kernels.matrices import as_float

# Centers that are this near to the edge of a pixel are taken to lie on it.
_TIE = 1.0 / 4096.0


def low_resolution(images, scale, interpolation):
    """Keeps the nearest pixels of a coarser grid, and interpolates between them.

    Both grids cover the image, edge to edge, so nothing is displaced. Where the center of a coarse
    pixel lies midway between two pixels, it is the mean of both: were it always the same of them,
    an image of half the size would come back half a pixel away.

    Args:
        images: float32 (B, H, W, C).
        scale: (B, 1, 1, 1), above 0: the coarse grid's pixels along an axis as a share of the
            image's. From 1 on the image is left as it is.
        interpolation: "bilinear" or "bicubic".
    """
    height, width = ops.shape(images)[1:3]
    rows, columns = (_weights(n, scale, interpolation) for n in (height, width))
    return ops.where(scale < 1.0, across(across(images, rows), columns), images)


def _weights(size, scale, interpolation):
    """How much each pixel takes of each: (B, size, size)."""
    size_as_float = as_float(size)
    count = ops.floor(ops.reshape(scale, (-1, 1, 1)) * size_as_float + 0.5)
    count = ops.clip(count, 1.0, size_as_float)
    step = size_as_float / count
    place = (pixels(size, (1, -1, 1)) + 0.5) / step - 0.5
    first, pixel, total = ops.floor(place), pixels(size, (1, 1, -1)), 0.0
    kernel, taps = (triangle, (0, 1)) if interpolation == "bilinear" else (keys, (-1, 0, 1, 2))
    for tap in taps:
        weight = kernel(ops.abs(place - first - tap))
        coarse = ops.clip(first + tap, 0.0, count - 1.0)
        # The pixel that the coarse one's center lies in; both that meet there, if it is on an edge.
        center = (coarse + 0.5) * step
        lower, upper = ops.floor(center - _TIE), ops.floor(center + _TIE)
        held = ops.cast(pixel == lower, "float32") + ops.cast(pixel == upper, "float32")
        total = total + 0.5 * weight * held
    return total
