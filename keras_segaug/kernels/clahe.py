"""Contrast limited adaptive histogram equalization, as `cv2.createCLAHE` does it.

Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.
"""

import numbers

from keras_segaug.core.backend import gather_rows, ops
from keras_segaug.kernels import byte_packing
from keras_segaug.kernels.histograms import LEVELS, histograms, levels
from keras_segaug.kernels.matrices import as_float
from keras_segaug.kernels.tones import straight_through
from keras_segaug.kernels.xla_cpu.blocks import computed_once


def clahe(images, clip_limit, tiles, value_range, gaps=False):
    """Equalizes float32 images (B, H, W, C) by the histograms of the tiles around each pixel.

    Args:
        images: the images.
        clip_limit: (B, 1, 1, 1): how often a level may occur, as a multiple of the average.
        tiles: how many (rows, columns) of tiles.
        value_range: (lowest, highest), which is divided into 256 levels.
        gaps: may a value be NaN? It is left out.
    """
    batch, height, width = ops.shape(images)[:3]
    channels = images.shape[-1]
    level = levels(images, value_range)
    sides = tuple(_side(height, width, *tiles))
    counts = _tile_histograms(level, ops.isnan(images) if gaps else None, tiles, sides)
    limit = ops.reshape(clip_limit, (-1, 1, 1, 1, 1))
    table = computed_once(_words_of_four)(_tables(counts, limit), tiles)
    top, down = _cell(height, sides[0], tiles[0])
    left, right = _cell(width, sides[1], tiles[1])
    cell = top[:, None] * (tiles[1] + 1) + left
    sample = ops.arange(batch, dtype="int32")[:, None, None] * ((tiles[0] + 1) * (tiles[1] + 1))
    row = (sample + cell)[..., None] * channels + ops.arange(channels, dtype="int32")
    words = gather_rows(ops.reshape(table, (-1,)), row * LEVELS + level)
    corners = [ops.cast(byte_packing.value(words, place), "float32") for place in range(4)]
    down, right = down[:, None, None], right[:, None]
    upper = corners[0] + (corners[1] - corners[0]) * right
    lower = corners[2] + (corners[3] - corners[2]) * right
    low, high = value_range
    result = low + (upper + (lower - upper) * down) * ((high - low) / 255.0)
    return straight_through(images, result)


def _side(height, width, rows, columns):
    """The sides of a tile. Where one does not divide its side of the image, OpenCV pads both."""
    known = isinstance(height, numbers.Integral) and isinstance(width, numbers.Integral)
    uneven = (height % rows + width % columns) > 0
    uneven = int(uneven) if known else ops.cast(uneven, "int32")
    return height // rows + uneven, width // columns + uneven


def _tile_histograms(level, empty, tiles, sides):
    """The histograms of levels (B, H, W, C) in each tile: (B, rows, columns, C, 256)."""
    batch, height, width = ops.shape(level)[:3]
    channels = level.shape[-1]
    wanted = [count * side for count, side in zip(tiles, sides, strict=True)]
    level = _padded(level, (height, width), wanted)
    counted = None if empty is None else ~_padded(empty, (height, width), wanted)
    row, column = (
        ops.floor_divide(ops.arange(length, dtype="int32"), side)
        for length, side in zip(wanted, sides, strict=True)
    )
    sample = ops.arange(batch, dtype="int32")[:, None, None]
    tile = (sample * tiles[0] + row[:, None]) * tiles[1] + column
    group = tile[..., None] * channels + ops.arange(channels, dtype="int32")
    counts = histograms(level, group, batch * tiles[0] * tiles[1] * channels, counted)
    return ops.reshape(counts, (batch, *tiles, channels, LEVELS))


def _padded(values, size, wanted):
    """Mirrored below and to the right, without repeating the last row and column: c b a|b c."""
    for axis, (length, more) in enumerate(zip(size, wanted, strict=True), 1):
        if isinstance(more, numbers.Integral) and more == length:
            continue
        period = ops.maximum(2 * (length - 1), 1)
        place = ops.mod(ops.arange(more, dtype="int32"), period)
        values = ops.take(values, ops.minimum(place, ops.mod(period - place, period)), axis=axis)
    return values


def _tables(counts, clip_limit):
    """A new level for each level, int32, from histograms (..., 256)."""
    total = ops.sum(counts, axis=-1, keepdims=True)
    allowed = ops.floor(clip_limit * as_float(total) * (1.0 / LEVELS))
    limit = ops.cast(ops.clip(allowed, 1.0, 2.0**30), "int32")
    # The excess is spread over all levels, and its remainder over some, evenly spaced.
    excess = ops.sum(ops.maximum(counts - limit, 0), axis=-1, keepdims=True)
    share = ops.floor_divide(excess, LEVELS)
    rest = excess - share * LEVELS
    apart = ops.maximum(ops.floor_divide(LEVELS, ops.maximum(rest, 1)), 1)
    level = ops.arange(LEVELS, dtype="int32")
    chosen = (ops.mod(level, apart) == 0) & (ops.floor_divide(level, apart) < rest)
    counts = ops.minimum(counts, limit) + share + ops.cast(chosen, "int32")
    reached = as_float(ops.cumsum(counts, axis=-1)) * (255.0 / as_float(ops.maximum(total, 1)))
    table = ops.cast(ops.round(ops.clip(reached, 0.0, 255.0)), "int32")
    # A tile without any value changes nothing.
    return ops.where(total > 0, table, level)


def _words_of_four(table, tiles):
    """From tables (B, rows, columns, C, 256), those of the four tiles around, in one word."""
    rows, columns = tiles
    table = ops.concatenate([table[:, :1], table, table[:, rows - 1 :]], axis=1)
    table = ops.concatenate([table[:, :, :1], table, table[:, :, columns - 1 :]], axis=2)
    upper, lower = table[:, :-1], table[:, 1:]
    parts = (upper[:, :, :-1], upper[:, :, 1:], lower[:, :, :-1], lower[:, :, 1:])
    return byte_packing.pack(parts)


def _cell(length, side, tiles):
    """Between which tiles each pixel of an axis lies, and how far it is from one to the next."""
    place = as_float(ops.arange(length, dtype="int32")) / as_float(side) - 0.5
    before = ops.floor(place)
    cell = ops.clip(ops.cast(before, "int32") + 1, 0, tiles)
    return cell, place - before
