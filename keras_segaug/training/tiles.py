"""Predicts images of any size in overlapping windows, with a smooth weight."""

import numpy as np

from keras_segaug.core import loop_backend
from keras_segaug.core.backend import ops
from keras_segaug.training.merging import difference


def weights(length):
    """Hann's window along an axis: highest in the middle, nowhere 0."""
    return (np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2).astype("float32")


def strides(tile, overlap):
    """The distance between windows, one entry per axis."""
    return tuple(max(1, round(n * (1.0 - overlap))) for n in tile)


def blended(predict, images, tile, overlap, channels):
    """The predictions for the windows of images, as maps of the images' size.

    Args:
        predict: takes windows (B, *tile, C); returns a list of maps (B, *tile, K).
        images: (B, H, W, C). Where they are smaller than a window they are mirrored at their edges
            as far as needed, with the image in the middle, and the maps are cut.
        tile: (height, width) of a window.
        overlap: share of a window that the next one also shows. The last window of a row or column
            ends where the image does, and may overlap more.
        channels: of the maps, a list of K.
    """
    size = ops.shape(images)[1:3]
    before = [_half_of_missing(n, least) for n, least in zip(size, tile, strict=True)]
    for axis in (1, 2):
        images = _mirrored(images, axis, before[axis - 1], tile[axis - 1])
    batch, *padded = ops.shape(images)[:3]
    rows, columns = (
        _Axis(n, least, step)
        for n, least, step in zip(padded, tile, strides(tile, overlap), strict=True)
    )

    def step(number, maps):
        row, column = number // columns.count, number % columns.count
        corner = rows.start(row), columns.start(column)
        share = _share(rows, columns, row, column)
        found = []
        for old, new in zip(maps, predict(loop_backend.cut(images, corner, tile)), strict=True):
            # A running mean: equal values leave it unchanged, and no final division is needed.
            there = loop_backend.cut(old, corner, tile)
            window = there + difference(there, new) * share
            found.append(loop_backend.put(old, window, corner))
        return found

    start = [ops.zeros((batch, *padded, k), "float32") for k in channels]
    maps = loop_backend.repeated(rows.count * columns.count, step, start)
    return [_middle(each, before, size, tile) for each in maps]


def _share(rows, columns, row, column):
    """This window's share of the weights of all windows up to it, (1, *tile, 1).

    These are all windows of earlier rows, and those of this row up to this one. So no map of
    weights has to be kept.
    """
    others = rows.weights(row, range(1, rows.reach + 1))[:, None] * columns.weights(
        column, range(-columns.reach, columns.reach + 1)
    )
    before = rows.own[:, None] * columns.weights(column, range(1, columns.reach + 1))
    own = rows.own[:, None] * columns.own
    return ops.convert_to_tensor((own / (others + before + own))[None, ..., None])


class _Axis:
    """The windows along one axis of images of `length`, each of `tile` pixels, `step` apart."""

    def __init__(self, length, tile, step):
        self._last, self._tile, self._step = length - tile, tile, step
        self.count = _at_least(1, _ceiling(length - tile, step) + 1)
        # How many windows on one side may overlap a window.
        self.reach = _ceiling(tile, step)
        self.own = weights(tile)

    def start(self, place):
        return _at_most(self._last, place * self._step)

    def weights(self, place, before):
        """The weights that other windows give the pixels of one window, added up: (tile,).

        Args:
            place: of the window.
            before: how many places before it the other windows are, if they exist.
        """
        # Where nothing is traced, numpy computes it at once.
        of = np if isinstance(place, int) else ops
        found = of.zeros((self._tile,), "float32")
        for number in before:
            other = place - number
            pixels = np.arange(self._tile, dtype="int32") + (self.start(place) - self.start(other))
            there = (pixels >= 0) & (pixels < self._tile) & (other >= 0) & (other < self.count)
            weight = of.take(self.own, of.clip(pixels, 0, self._tile - 1))
            found = found + of.where(there, weight, np.float32(0.0))
        return found


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
    """The tensor itself, not a copy, if the condition holds; else the function's result."""
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
