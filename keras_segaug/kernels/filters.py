"""Sums over the neighbors of each pixel, each sample with its own weights.

Images are (B, H, W, C), float32, or for blurs also uint8. Results are float32.
"""

import math

import numpy as np

from keras_segaug.core.backend import compiling_for_cpu, gather_rows, ops, window_of
from keras_segaug.kernels.blur import mirrored, sum_of
from keras_segaug.kernels.fields import pixel_grid
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.xla_cpu.blocks import (
    computed_once,
    fusion_barrier,
    map_chunks,
    materialize,
)


def adjust_sharpness(images, amount, gaps=False):
    """Blends with smoothed images: 0 is smooth, 1 leaves the image, above 1 sharpens.

    The kernel of Pillow's `ImageFilter.SMOOTH`: 5 in the middle, 1 about it, out of 13. As there,
    the pixels of the border, which lack neighbors, stay as they are.

    Args:
        images: the images.
        amount: (B, 1, 1, 1).
        gaps: may a value be NaN? Then its neighbors stay as they are, too.
    """
    height, width, channels = ops.shape(images)[1:]
    window = _windows(images, 1, _zeros_around)
    around = sum(window(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1))
    lines, amount = window(0, 0), amount[..., 0]
    difference = (around + 4.0 * lines) / 13.0 - lines
    row, place = pixel_grid((height, width * channels))
    inner_rows = (row > 0) & (row < as_float(height) - 1.0)
    inner_places = (place >= as_float(channels)) & (place < as_float((width - 1) * channels))
    if gaps:
        # 0 times NaN is NaN.
        changes = inner_rows & inner_places & ~ops.isnan(difference)
        difference = ops.where(changes, difference, 0.0)
    else:
        # Not `where`: with it XLA on a CPU computes one value after the other, in twice the time.
        for inner in (inner_rows, inner_places):
            difference = difference * ops.cast(inner, "float32")
    return ops.reshape(lines + (1.0 - amount) * difference, ops.shape(images))


def motion_blur(images, length, turn, longest, gaps=False):
    """The mean along a straight line about each pixel; mirrored at the borders.

    The image is read between its pixels (bilinear) at points spread evenly over the line.

    Args:
        images: the images.
        length: (B, 1, 1, 1), from end to end in pixels; 0 leaves the image as it is.
        turn: (B, 1, 1, 1), the angle in radians: 0 is along the rows, above 0 counter-clockwise.
        longest: the largest length, a number.
        gaps: may a value be NaN? It spreads as far as its weight is not 0.
    """
    reach = math.ceil(longest / 2.0)
    far = longest / 2.0 + math.sqrt(2.0)
    offsets = [(y, x) for y, x in _half(reach) if math.hypot(y, x) < far]
    weights = _line_weights(length, turn, offsets, 2 * reach + 1)
    # Each of `reach` points on either side lies among four pixels, of which the one in the
    # middle is the first's; opposite points lie among opposite pixels.
    most = 4 * reach - 1
    if compiling_for_cpu() and 0 not in images.shape and len(offsets) - 2 > most:
        stacked = ops.concatenate([each[:, 0] for each in weights], axis=1)

        def one_image(image, weights):
            return [_sparse_sum(image, weights[0], offsets, most, reach, gaps)]

        [result] = map_chunks(one_image, images, stacked, at_once=1)
        return result
    groups = [(weights[0], offsets[:1])]
    groups += [(w, [(y, x), (-y, -x)]) for w, (y, x) in zip(weights[1:], offsets[1:], strict=True)]
    return _weighted_sum(images, groups, reach, gaps)


def defocus_blur(images, radius, largest, gaps=False):
    """The mean over a disk about each pixel; mirrored at the borders.

    The weight of a pixel is how far the disk reaches over it, along the line to its center.

    Args:
        images: the images.
        radius: (B, 1, 1, 1), in pixels; up to 0.5 leaves the image as it is.
        largest: the largest radius, a number.
        gaps: may a value be NaN? It spreads as far as its weight is not 0.
    """
    reach = max(math.ceil(largest + 0.5) - 1, 0)
    pairs = [(y, x) for y in range(reach + 1) for x in range(y + 1)]
    pairs = [pair for pair in pairs if math.hypot(*pair) < largest + 0.5] or [(0, 0)]
    alike = [
        sorted({(a * s, b * t) for a, b in ((y, x), (x, y)) for s in (-1, 1) for t in (-1, 1)})
        for y, x in pairs
    ]
    weights = _disk_weights(radius, pairs, [len(each) for each in alike])
    return _weighted_sum(images, list(zip(weights, alike, strict=True)), reach, gaps)


def _half(reach):
    """(0, 0), and one of each pair of opposite offsets."""
    along = range(-reach, reach + 1)
    return [(0, 0)] + [(y, x) for y in range(reach + 1) for x in along if y > 0 or x > 0]


@computed_once
def _line_weights(length, turn, offsets, points):
    """A weight (B, 1, 1) for each offset; all but the first are also those of their opposites."""
    along = np.linspace(-0.5, 0.5, points, dtype="float32").reshape(1, 1, -1)
    along = ops.convert_to_tensor(along)
    length, turn = (ops.reshape(each, (-1, 1, 1)) for each in (length, turn))
    places = np.array(offsets, "float32").reshape(1, -1, 1, 2)
    y, x = (ops.convert_to_tensor(places[..., i]) for i in (0, 1))
    share_y = ops.relu(1.0 - ops.abs(y + along * length * ops.sin(turn)))
    share_x = ops.relu(1.0 - ops.abs(x - along * length * ops.cos(turn)))
    weights = ops.mean(share_y * share_x, axis=2)
    return [weights[:, i, None, None] for i in range(len(offsets))]


@computed_once
def _disk_weights(radius, offsets, counts):
    """A weight (B, 1, 1) for each of the offsets, which stand for `counts` equal ones each."""
    radius = ops.reshape(radius, (-1, 1, 1))
    found = [ops.clip(radius + 0.5 - math.hypot(*each), 0.0, 1.0) for each in offsets]
    total = sum(weight * count for weight, count in zip(found, counts, strict=True))
    return [weight / total for weight in found]


def _weighted_sum(images, groups, reach, gaps):
    """The weighted sum of neighbors: groups are (weight (B, 1, 1), offsets that have it)."""
    window, result = _windows(images, reach), 0.0
    for weight, offsets in groups:
        total = sum_of([window(y, x) for y, x in offsets])
        # 0 times NaN is NaN.
        total = ops.where(weight > 0.0, total, 0.0) if gaps else total
        result = result + weight * total
    return ops.reshape(result, ops.shape(images))


def _sparse_sum(image, weights, offsets, most, reach, gaps):
    """As `_weighted_sum` of one image (1, H, W, C), where few of the weights (N,) are not 0.

    The places of these `most` pairs are found first, in the order of the offsets; what is added
    for weights of 0 would change nothing. The first pair is always added, since the sum of the
    first two products is rounded in another way than that of a product and a sum.
    """
    height, width, channels = ops.shape(image)[1:]
    numbers = ops.arange(2, len(offsets), dtype="int32")
    chosen = ops.sort(ops.where(weights[2:] != 0.0, numbers, len(offsets)))[:most]
    chosen = ops.concatenate([ops.ones_like(chosen[:1]), chosen], axis=0)
    table = np.array([*offsets, (0, 0)], "int32")
    weights = ops.concatenate([weights, weights[:1] * 0.0], axis=0)
    shares = computed_once(lambda: gather_rows(weights, chosen))()
    y, x = materialize([gather_rows(ops.convert_to_tensor(table[:, i]), chosen) for i in (0, 1)])
    lines = _lines(image, reach)

    def window(y, x):
        start = (0, reach + y, (reach + x) * channels)
        return window_of(lines, start, (1, height, width * channels))

    result = weights[0] * sum_of([window(0, 0)])
    for i in range(most + 1):
        pair = sum_of([window(y[i], x[i]), window(-y[i], -x[i])])
        pair = ops.where(shares[i] > 0.0, pair, 0.0) if gaps else pair
        result = result + shares[i] * pair
    return ops.reshape(result, ops.shape(image))


def _mirrored_around(images, reach):
    height, width = ops.shape(images)[1:3]
    return mirrored(mirrored(images, 1, reach, height), 2, reach, width)


def _zeros_around(images, reach):
    return ops.pad(images, [(0, 0), (reach, reach), (reach, reach), (0, 0)])


def _lines(images, reach, with_margins=_mirrored_around):
    """Images with margins, width and channels as one axis."""
    batch, height, width, channels = ops.shape(images)
    shape = (batch, height + 2 * reach, (width + 2 * reach) * channels)
    return fusion_barrier(
        lambda images: ops.reshape(with_margins(images, reach), shape),
        images,
        shape,
        dtype_of(images),
    )


def _windows(images, reach, with_margins=_mirrored_around):
    """A function of an offset (y, x) that gives the neighbors there: (B, H, W * C)."""
    height, width, channels = ops.shape(images)[1:]
    padded = _lines(images, reach, with_margins)

    def window(y, x):
        left = (x + reach) * channels
        return padded[:, y + reach : y + reach + height, left : left + width * channels]

    return window
