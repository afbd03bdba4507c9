"""Images of any size in overlapping windows, with a smooth weight."""

import numpy as np

from keras_segaug.core import loop_backend
from keras_segaug.core.backend import ops


def weights(tile):
    """Hann's window, (1, height, width, 1): highest in the middle, nowhere 0."""
    axes = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in tile]
    return (axes[0][:, None] * axes[1])[None, ..., None].astype("float32")


def strides(tile, overlap):
    """How far the windows are apart, one entry an axis."""
    return tuple(max(1, round(n * (1.0 - overlap))) for n in tile)


def blended(predict, images, tile, overlap, channels):
    """What `predict` says of the windows of images, as maps of the images' size.

    Args:
        predict: takes windows (B, *tile, C); returns a list of maps (B, *tile, K).
        images: (B, H, W, C). Where they are smaller than a window they are mirrored at their
            edges for as far as it takes, the image in the middle, and the maps are cut.
        tile: (height, width) of a window.
        overlap: share of a window that the next one shows, too. The last one of a row or column
            ends where the image does, and may show more.
        channels: of the maps, a list of K.
    """
    size = ops.shape(images)[1:3]
    before = [_half_of_missing(n, least) for n, least in zip(size, tile, strict=True)]
    for axis in (1, 2):
        images = _mirrored(images, axis, before[axis - 1], tile[axis - 1])
    batch, *padded = ops.shape(images)[:3]
    apart = strides(tile, overlap)
    rows, columns = (
        _at_least(1, _ceiling(n - least, step) + 1)
        for n, least, step in zip(padded, tile, apart, strict=True)
    )
    weight = ops.convert_to_tensor(weights(tile))

    def step(number, state):
        places = number // columns, number % columns
        corner = [
            _at_most(n - least, place * step)
            for n, least, place, step in zip(padded, tile, places, apart, strict=True)
        ]
        total, *maps = state
        seen = loop_backend.cut(total, corner, tile) + weight
        share = weight / seen
        found = []
        for old, new in zip(maps, predict(loop_backend.cut(images, corner, tile)), strict=True):
            # A mean that equal values leave as it is, and that needs no division in the end.
            there = loop_backend.cut(old, corner, tile)
            window = there + ops.where(new == there, 0.0, new - there) * share
            found.append(loop_backend.put(old, window, corner))
        return [loop_backend.put(total, seen, corner), *found]

    start = [ops.zeros((1, *padded, 1), "float32")]
    start += [ops.zeros((batch, *padded, k), "float32") for k in channels]
    _, *maps = loop_backend.repeated(rows * columns, step, start)
    return [_middle(each, before, size, tile) for each in maps]


def _mirrored(images, axis, before, least):
    """Images of at least this length along an axis, mirrored at their edges, edge pixels twice."""
    length = ops.shape(images)[axis]

    def mirrored():
        places = ops.arange(_at_least(least, length), dtype="int32") - before
        places = places % (2 * length)
        return ops.take(images, ops.minimum(places, 2 * length - 1 - places), axis=axis)

    return _unless(length >= least, images, mirrored)


def _middle(maps, before, size, tile):
    """The part of maps that is not mirrored."""
    (top, left), (height, width), (least_height, least_width) = before, size, tile
    enough = (height >= least_height) & (width >= least_width)
    return _unless(enough, maps, lambda: maps[:, top : top + height, left : left + width])


def _unless(holds, tensor, function):
    """The tensor itself, not a copy of it, where that holds; else what the function makes of it."""
    if isinstance(holds, bool):
        return tensor if holds else function()
    return ops.cond(holds, lambda: tensor, function)


def _half_of_missing(length, least):
    return _at_least(0, least - length) // 2


def _ceiling(number, step):
    return -(-number // step)


def _at_least(low, number):
    return max(low, number) if isinstance(number, int) else ops.maximum(number, low)


def _at_most(high, number):
    if isinstance(high, int) and isinstance(number, int):
        return min(high, number)
    return ops.minimum(number, high)
