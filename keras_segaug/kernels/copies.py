"""Flips, quarter turns and windows: copies, where every point is a pixel of the picture."""

import numbers

from keras_segaug.backend import loops_pay, ops, window_of
from keras_segaug.kernels import matrices


def can_copy(points, height, width):
    """Can points, all of them pixels of a picture of this size, be copied from it?"""
    sizes = (height, width, points.height, points.width)
    if points.matrix is None or not all(isinstance(size, numbers.Integral) for size in sizes):
        return False
    same_size = (points.height, points.width) == (height, width)
    # An odd number of turns is chosen by sample, so its result must have the shape of any other.
    turns = not matrices.is_zero(points.matrix[0][1])
    # A window a sample is a loop, which a device with a thousand cores is not made for.
    return (same_size or loops_pay()) and (not turns or points.height == points.width)


def copy(pictures, points):
    """Reads pictures (B, H, W, C) at points for which `can_copy` holds."""
    (a, b, c), (d, e, f), _ = matrices.computed_once(points.matrix)
    right, bottom = points.width - 1.0, points.height - 1.0
    left = c + _least(a, right) + _least(b, bottom)
    top = f + _least(d, right) + _least(e, bottom)
    windows = _windows(pictures, top, left, points.height, points.width)
    orientation = [abs(b) > 0.5, e + b < 0.0, a + d < 0.0]
    return [_oriented(window, orientation) for window in windows]


def _least(factor, most):
    """The least of factor * 0 .. factor * most."""
    if isinstance(factor, float):
        return min(factor * most, 0.0)
    return ops.minimum(factor * most, 0.0)


def _windows(pictures, top, left, height, width):
    """The same window of each picture, one place for all samples or one a sample (B,)."""
    batch, *size = pictures[0].shape[:3]
    if size == [height, width]:
        return pictures
    if isinstance(top, float) and isinstance(left, float):
        y, x = round(top), round(left)
        return [picture[:, y : y + height, x : x + width] for picture in pictures]
    if batch == 0:
        return [picture[:, :height, :width] for picture in pictures]
    like = ops.zeros_like(pictures[0][:, 0, 0, 0], dtype="int32")
    starts = [ops.cast(ops.floor(start + 0.5), "int32") + like for start in (top, left)]

    def cut(parts):
        y, x, *singles = parts
        return [window_of(one, (y, x, 0), (height, width, one.shape[-1])) for one in singles]

    if batch == 1:
        return [x[None] for x in cut([x[0] for x in (*starts, *pictures)])]
    return ops.map(cut, (*starts, *pictures))


def _oriented(picture, conditions, chosen=()):
    """Rows and columns swapped, rows reversed, columns reversed: each where its condition holds.

    Every outcome is read from the picture itself: with one `where` after the other XLA would
    compute the first four times over.
    """
    if conditions:
        first, *rest = conditions
        if isinstance(first, bool):
            return _oriented(picture, rest, (*chosen, first))
        outcomes = [_oriented(picture, rest, (*chosen, outcome)) for outcome in (True, False)]
        return ops.where(ops.reshape(first, (-1, 1, 1, 1)), *outcomes)
    swapped, *reversed_axes = chosen
    picture = ops.transpose(picture, (0, 2, 1, 3)) if swapped else picture
    axes = [axis for axis, reverses in zip((1, 2), reversed_axes, strict=True) if reverses]
    for axis in axes:  # one by one: Keras 3.12 knows no several axes on TensorFlow
        picture = ops.flip(picture, axis=axis)
    return picture
