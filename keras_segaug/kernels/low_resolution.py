"""Images made smaller and larger again, each sample by its own scale."""

import math

from keras_segaug.core.backend import compiling_for_cpu, ops
from keras_segaug.kernels.antialias import keys, triangle
from keras_segaug.kernels.fields import pixels
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.products import matmul
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import computed_once, one_after_the_other

# Centers that are this near to the edge of a pixel are taken to lie on it.
_TIE = 1.0 / 4096.0
# Lines of the result that are computed together, from only those lines that they can look at.
_BLOCK = 64
# The farthest neighbors that are added up: farther ones were not measured, and gain less and less.
_FAR = 17


def low_resolution(images, scale, interpolation, smallest):
    """Keeps the nearest pixels of a coarser grid, and interpolates between them.

    Both grids cover the image, edge to edge, so nothing is displaced. Where the center of a coarse
    pixel lies midway between two pixels, it takes the mean of both: if it always took the same one
    of them, an image of half the size would come back shifted by half a pixel.

    Args:
        images: (B, H, W, C), float32 or uint8.
        scale: (B, 1, 1, 1), above 0: the coarse grid's pixels along an axis as a share of the
            image's. From 1 on the image is left as it is.
        interpolation: "bilinear" or "bicubic".
        smallest: the smallest scale, a number.

    Returns:
        float32 (B, H, W, C).
    """
    taps = range(2) if interpolation == "bilinear" else range(-1, 3)
    kernel = triangle if interpolation == "bilinear" else keys
    reaches = [_reach(size, smallest, taps[-1]) for size in ops.shape(images)[1:3]]
    if compiling_for_cpu() and 0 not in images.shape and max(reaches) <= _FAR:
        found = _by_neighbors(images, scale, reaches, taps, kernel)
    else:
        planes = ops.transpose(ops.cast(images, "float32"), (0, 3, 1, 2))
        for axis in (2, 3):
            planes = _through_coarse_grid(planes, axis, scale, smallest, taps, kernel)
        found = ops.transpose(planes, (0, 2, 3, 1))
    return ops.where(scale < 1.0, found, ops.cast(images, "float32"))


def _reach(size, smallest, last_tap):
    """How far the pixels that a line takes lie from it, at most."""
    if not isinstance(size, int):
        return math.inf
    # Less than that by what float32 may round away, which can cost a coarse pixel.
    fewest = max(math.floor(smallest * size * (1.0 - 1e-5) + 0.5), 1)
    # To the center of the coarse pixel, and from there to that of the pixel that holds it.
    return math.floor(last_tap * size / fewest + 0.5 + 0.01)


def _by_neighbors(images, scale, reaches, taps, kernel):
    """Images made coarse and fine again, as sums of all neighbors that may have a weight.

    Most weights are 0, but XLA on a CPU adds whole lines, of width and channels, with vector
    instructions.
    """
    batch, height, width, channels = ops.shape(images)
    y, x = reaches
    tall, line, wide = height + 2 * y, width * channels, (width + 2 * x) * channels
    rows = _weights_by_offset(height, scale, y, taps, kernel)[..., None]
    columns = _weights_by_offset(width, scale, x, taps, kernel, channels)

    def with_margins(images):
        return ops.reshape(ops.pad(images, [(0, 0), (y, y), (x, x), (0, 0)]), (batch, tall, wide))

    def along_lines(lines):
        starts = range(0, (2 * x + 1) * channels, channels)
        shifted = [ops.cast(lines[:, :, each : each + line], "float32") for each in starts]
        return sum(columns[:, i : i + 1] * each for i, each in enumerate(shifted))

    steps = [
        (with_margins, (batch, tall, wide), dtype_of(images)),
        (along_lines, (batch, tall, line), "float32"),
    ]
    lines = one_after_the_other(steps, images)
    found = sum(rows[:, i] * lines[:, i : i + height] for i in range(2 * y + 1))
    return ops.reshape(found, (batch, height, width, channels))


@computed_once
def _weights_by_offset(size, scale, reach, taps, kernel, times=1):
    """How much each line takes of those at offsets -reach .. reach: (B, offsets, size * times)."""
    line = pixels(size, (1, 1, -1))
    pixel = line + pixels(2 * reach + 1, (1, -1, 1)) - float(reach)
    found = _weights(as_float(size), line, pixel, scale[..., 0], taps, kernel)
    return ops.repeat(found, times, axis=-1) if times > 1 else found


def _through_coarse_grid(planes, axis, scale, smallest, taps, kernel):
    """Planes (B, C, H, W) made coarse and fine again along an axis, as products with matrices.

    One matrix for the whole axis would be zero except for a band, so there is one for each block of
    the axis: 8 ms an image of 512 x 512 x 3 on one core instead of 21, as with a `smallest` near 0.
    """
    size = ops.shape(planes)[axis]
    blocks, block, reach = _blocks(size, smallest, taps[-1])
    spread = [(0, 0)] * 4
    spread[axis] = (reach, reach + blocks * block - size)
    padded = ops.pad(planes, spread) if blocks > 1 else planes
    window = block + 2 * reach
    along = (slice(None),) * axis
    windows = [padded[(*along, slice(n * block, n * block + window))] for n in range(blocks)]
    windows = ops.stack(windows, axis=2)
    first = pixels(blocks, (1, 1, -1, 1, 1)) * as_float(block)
    line = first + pixels(block, (1, 1, 1, -1, 1))
    pixel = first - float(reach) + pixels(window, (1, 1, 1, 1, -1))
    weights = _weights(as_float(size), line, pixel, scale[..., None], taps, kernel)
    if axis == 2:
        found = matmul(weights, windows)
    else:
        found = matmul(windows, ops.transpose(weights, (0, 1, 2, 4, 3)))
        found = ops.transpose(found, (0, 1, 3, 2, 4))
    shape = list(ops.shape(planes))
    shape[axis] = blocks * block
    return ops.reshape(found, shape)[(*along, slice(0, size))]


def _blocks(size, smallest, last_tap):
    """(how many blocks, their lines, how many more lines on either side these look at)."""
    if isinstance(size, int):
        coarsest = size / max(math.floor(smallest * size + 0.5), 1)
        # As far as a tap lies from its line, plus what rounding may add.
        reach = math.ceil(last_tap * coarsest) + 2
        if _BLOCK + 2 * reach < size:
            return -(-size // _BLOCK), _BLOCK, reach
    return 1, size, 0


def _weights(size, line, pixel, scale, taps, kernel):
    """How much of each pixel each line takes; everything broadcasts.

    Args:
        size: how many pixels there are, as a float.
        line: the number of the line of the result.
        pixel: the number of the line of the image.
        scale: as in `low_resolution`.
        taps: the numbers of the coarse pixels that are blended, 0 for the one before the line.
        kernel: their weight as a function of their distance, in coarse pixels.
    """
    count = ops.clip(ops.floor(scale * size + 0.5), 1.0, size)
    step = size / count
    place = (line + 0.5) / step - 0.5
    first, total = ops.floor(place), 0.0
    for tap in taps:
        weight = kernel(ops.abs(place - first - float(tap)))
        coarse = ops.clip(first + float(tap), 0.0, count - 1.0)
        # The pixel that holds the coarse one's center, or both pixels if it is on their edge.
        center = (coarse + 0.5) * step
        lower, upper = ops.floor(center - _TIE), ops.floor(center + _TIE)
        held = ops.cast(pixel == lower, "float32") + ops.cast(pixel == upper, "float32")
        total = total + 0.5 * weight * held
    return total
